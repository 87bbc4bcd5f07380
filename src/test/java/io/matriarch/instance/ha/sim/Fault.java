package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Settings.Profile;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.instance.ha.LeaseView;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Something that happens to a cluster, or that a user does.
 *
 * @param node it happens to; -1 for whoever is the primary then
 * @param other another node, where there are two
 * @param lasts milliseconds
 */
record Fault(long at, Kind kind, int node, int other, long lasts) {
    enum Kind {
        AGENT_PAUSE,
        NODE_PAUSE,
        CONTAINER_ENDS,
        POSTMASTER_ENDS,
        TERMINATED,
        DISK_LOST,
        DISK_HANGS,
        LINK_CUT,
        ISOLATED,
        SPLIT,
        PEERS_CUT,
        API_CUT,
        API_DOWN,
        LEASE_DELETED,
        CLOCK_STEP,
        SWITCHOVER,
        REBUILD,
        FORCE,
        FENCED,
        SCALED,
        SYNC_CHANGED,
        PROFILE_CHANGED,
        /** The API server goes away with the next request that gives the Lease back, or on. */
        AWAY_FOR_A_RELEASE
    }

    private static final List<Kind> OFTEN = List.of(
            Kind.AGENT_PAUSE,
            Kind.NODE_PAUSE,
            Kind.CONTAINER_ENDS,
            Kind.CONTAINER_ENDS,
            Kind.POSTMASTER_ENDS,
            Kind.TERMINATED,
            Kind.DISK_LOST,
            Kind.LINK_CUT,
            Kind.ISOLATED,
            Kind.SPLIT,
            Kind.PEERS_CUT,
            Kind.API_CUT,
            Kind.API_DOWN,
            Kind.SWITCHOVER);

    static List<Fault> draw(SplittableRandom chance, int instances) {
        int count = chance.nextInt(1, 14);
        List<Fault> faults = new ArrayList<>();
        long at = 12_000;
        for (int i = 0; i < count; i++) {
            at += chance.nextInt(3) == 0 ? chance.nextInt(200) : chance.nextInt(12_000);
            Kind kind = chance.nextInt(10) < 7
                    ? OFTEN.get(chance.nextInt(OFTEN.size()))
                    : Kind.values()[chance.nextInt(Kind.values().length)];
            if (kind == Kind.FORCE && chance.nextInt(4) > 0) {
                kind = Kind.SWITCHOVER;
            }
            int node = chance.nextInt(3) == 0 ? chance.nextInt(instances) : -1;
            faults.add(new Fault(
                    at,
                    kind,
                    node,
                    chance.nextInt(instances),
                    chance.nextInt(3) == 0 ? chance.nextInt(60_000) : chance.nextInt(15_000)));
        }
        return List.copyOf(faults);
    }

    void happen(World world) {
        Plot plot = world.plot;
        int at = node >= 0 ? node : primary(world);
        Node here = world.nodes.get(at);
        long until = world.now + lasts;
        world.tell("--- %s on %d, other %d, for %d ms", kind, at, other, lasts);
        switch (kind) {
            case AGENT_PAUSE -> here.pauseAgent(until);
            case NODE_PAUSE -> here.pause(until);
            case CONTAINER_ENDS -> here.endContainer();
            case POSTMASTER_ENDS -> {
                if (here.server != null) {
                    here.server.end(false);
                }
            }
            case TERMINATED -> terminate(world, here);
            case DISK_LOST -> {
                if (mayLose(world, at)) {
                    here.loseDisk();
                }
            }
            case DISK_HANGS -> {
                if (here.server != null) {
                    here.server.hungUntil = until;
                }
            }
            case LINK_CUT -> world.cut(at, other, at == other ? world.now : until);
            case ISOLATED ->
                IntStream.rangeClosed(0, World.API).filter(to -> to != at).forEach(to -> {
                    world.cut(at, to, until);
                    world.cut(to, at, until);
                });
            case SPLIT ->
                IntStream.rangeClosed(0, World.API)
                        .filter(to -> to != at && to != other)
                        .forEach(to -> IntStream.of(at, other).forEach(from -> {
                            world.cut(from, to, until);
                            world.cut(to, from, until);
                        }));
            case PEERS_CUT ->
                IntStream.range(0, World.API).filter(to -> to != at).forEach(to -> {
                    world.cut(at, to, until);
                    world.cut(to, at, until);
                });
            case API_CUT -> {
                world.cut(at, World.API, until);
                world.cut(World.API, at, until);
            }
            case API_DOWN ->
                world.api.down(until, ApiServer.Away.values()[(int) (lasts % ApiServer.Away.values().length)]);
            case LEASE_DELETED -> {
                // Who makes it again goes by its last proof, which is a matter of clocks.
                if (world.clocked
                        && world.api.lease() != null
                        && world.api.lease().state().systemIdentifier() != null) {
                    world.api.delete();
                }
            }
            case CLOCK_STEP -> here.step(lasts - 30_000);
            case SWITCHOVER ->
                plot.ask(new Request(RequestKind.Switchover, "s" + at() + world.now, lasts % 2 == 0 ? null : other));
            case REBUILD -> {
                if (mayLose(world, other)) {
                    plot.ask(new Request(RequestKind.Rebuild, "r" + world.now, other));
                }
            }
            case FORCE -> {
                // Without clocks a primary acknowledges on while it is replaced by force, which may lose that.
                if (world.clocked) {
                    plot.ask(new Request(RequestKind.ForceFailover, "f" + world.now, lasts % 2 == 0 ? null : other));
                }
            }
            case FENCED -> {
                plot.fenced =
                        lasts % 4 == 0 ? IntStream.range(0, Plot.MOST).boxed().toList() : List.of(at);
                world.after(lasts, () -> plot.fenced = List.of());
            }
            case SCALED -> scale(world, (int) (1 + lasts % (lasts % 4 == 0 ? Plot.MOST : 5)));
            case SYNC_CHANGED -> {
                plot.sync = lasts % 5 > 0;
                plot.acknowledgements = (int) (1 + lasts % Math.max(1, plot.instances - 1));
                plot.degrade = lasts % 3 == 0;
            }
            case AWAY_FOR_A_RELEASE -> {
                boolean alone = lasts / 3 % 2 == 0;
                world.api.fate(new ApiServer.Fate(
                        ApiServer.Away.values()[(int) (lasts % ApiServer.Away.values().length)],
                        other % 2 == 0,
                        lasts,
                        alone,
                        alone && lasts / 6 % 2 == 0));
                if (alone) {
                    plot.ask(new Request(RequestKind.Switchover, "a" + at() + world.now, null));
                }
            }
            case PROFILE_CHANGED -> plot.profile = Profile.values()[(int) (lasts % Profile.values().length)];
        }
    }

    private static int primary(World world) {
        LeaseView lease = world.api.lease();
        if (lease == null || lease.holder().isEmpty()) {
            return 0;
        }
        return Integer.parseInt(lease.holder().split("/")[0].replace("orders-", ""));
    }

    private static void terminate(World world, Node here) {
        Agent agent = here.agent;
        if (agent != null) {
            agent.stop();
            agent.news();
            world.after(30_000, () -> {
                if (here.agent == agent) {
                    here.newPod();
                    here.endContainer();
                }
            });
        }
    }

    /** Fewer disks are lost at a time than acknowledgements are waited for; more nobody promises to survive. */
    private static boolean mayLose(World world, int at) {
        LeaseView lease = world.api.lease();
        Sync sync = lease == null ? null : lease.state().sync();
        if (lease == null || lease.state().systemIdentifier() == null) {
            return false;
        }
        if (sync == null) {
            return world.plot.instances > 1
                    && !lease.holder().startsWith("orders-" + at + "/")
                    && world.checks.copies(at) > 0;
        }
        long without = sync.voters().stream()
                .filter(voter -> voter != at && (world.plot.rebuilding(voter) || !world.checks.whole(voter)))
                .count();
        return sync.acknowledgements() > without && world.checks.copies(at) > 0;
    }

    /** As the operator does it: members that go stop first, and nobody goes who holds the Lease. */
    private static void scale(World world, int instances) {
        int holder = primary(world);
        if (holder >= instances) {
            world.plot.ask(new Request(RequestKind.Switchover, "d" + world.now, null));
            return;
        }
        world.plot.instances = instances;
        for (Node node : world.nodes) {
            boolean wanted = node.ordinal < instances;
            if (wanted && !node.wanted) {
                node.wanted = true;
                world.after(world.between(100, 3_000), node::startContainer);
            } else if (!wanted && node.wanted) {
                leave(world, node);
            }
        }
    }

    /** A pod goes only when the Lease has given up its member. */
    private static void leave(World world, Node node) {
        world.after(1_000, () -> {
            if (node.ordinal < world.plot.instances) {
                return;
            }
            LeaseView lease = world.api.lease();
            boolean given = lease != null && !lease.state().members().contains(node.ordinal);
            if (given) {
                node.wanted = false;
                node.endContainer();
                node.disk.lose();
                node.newPod();
            } else {
                leave(world, node);
            }
        });
    }
}
