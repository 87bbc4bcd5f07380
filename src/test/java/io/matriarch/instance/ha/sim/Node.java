package io.matriarch.instance.ha.sim;

import io.matriarch.instance.ha.Me;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A member's machine: its clock, its pod with volume and container, and the fuse, which is process 1 of the container. */
final class Node {
    private static final long FUSE_TURN = 200;

    final World world;
    final int ordinal;
    final Disk disk = new Disk();
    private final Parts parts;
    private final double rate;
    private final long offset;
    private long pausedUntil;
    private long agentPausedUntil;
    private long woke = -10_000;
    private int pods;
    private int containers;
    private long step;
    String uid = "";
    String container = "";
    boolean wanted;
    long lostAt = -10_000;

    @Nullable
    Agent agent;

    @Nullable
    Server server;
    /** What the fuse burns down to, on this node's clock; 0 for never. */
    long deadline;

    private long fuseProof;

    Node(World world, int ordinal, Parts parts) {
        this.world = world;
        this.ordinal = ordinal;
        this.parts = parts;
        this.rate = 1 + (world.plot.drift() == 0 ? 0 : (world.chance.nextDouble() * 2 - 1) * world.plot.drift());
        this.offset = 1_000_000 + world.chance.nextInt(5_000_000);
    }

    static String address(int ordinal) {
        return "10.0.0." + ordinal;
    }

    static int ordinal(String address) {
        return Integer.parseInt(address.substring("10.0.0.".length()));
    }

    Parts parts() {
        return parts;
    }

    boolean flawed(Parts.Flaw flaw) {
        return parts.flaws().contains(flaw);
    }

    /** BOOTTIME in milliseconds. */
    long clock() {
        return offset + (long) (world.now * rate) + (flawed(Parts.Flaw.WALL_CLOCK) ? step : 0);
    }

    Duration time() {
        return Duration.ofMillis(clock());
    }

    /** Somebody sets the wall clock. */
    void step(long by) {
        step += by;
    }

    boolean awake() {
        return pausedUntil <= world.now;
    }

    boolean agentAwake() {
        return awake() && agentPausedUntil <= world.now;
    }

    long wokeAt() {
        return woke;
    }

    long fuseProof() {
        return fuseProof;
    }

    void proven(long sent) {
        fuseProof = Math.max(fuseProof, sent);
    }

    /** All of this machine stands still. */
    void pause(long until) {
        pausedUntil = Math.max(pausedUntil, until);
        world.at(pausedUntil, this::wake);
    }

    private void wake() {
        if (awake() && woke < pausedUntil) {
            woke = world.now;
            if (agent != null) {
                agent.slept();
            }
        }
    }

    /** The agent's process stands still; PostgreSQL and the fuse go on. */
    void pauseAgent(long until) {
        agentPausedUntil = Math.max(agentPausedUntil, until);
    }

    void healed() {
        if (server != null) {
            server.hungUntil = 0;
        }
    }

    /** Something that this agent does a little later; never, if its container is gone by then; later still, if it stands still. */
    void later(Agent who, long delay, Runnable what) {
        world.after(delay, () -> whenAwake(who, what));
    }

    void whenAwake(Agent who, Runnable what) {
        if (agent != who) {
            return;
        }
        if (agentAwake()) {
            what.run();
        } else {
            world.at(Math.max(pausedUntil, agentPausedUntil) + world.between(0, 20), () -> whenAwake(who, what));
        }
    }

    /** The pod is made anew: another UID, the same volume. */
    void newPod() {
        uid = "uid-" + ordinal + "-" + ++pods;
    }

    void startContainer() {
        if (agent != null || !wanted) {
            return;
        }
        container = "c-" + ordinal + "-" + ++containers;
        if (uid.isEmpty()) {
            newPod();
        }
        fuseProof = 0;
        deadline = 0;
        Me me = new Me("orders-" + ordinal, ordinal, uid, "i" + containers, address(ordinal), "1");
        world.tell("%d: container %s begins", ordinal, container);
        Agent begun = new Agent(this, me);
        agent = begun;
        begun.start();
        world.after(FUSE_TURN, () -> fuse(begun));
        String id = container;
        world.after(
                world.between(100, 1_500),
                () -> later(begun, 0, () -> begun.memory().container(id)));
    }

    private void fuse(Agent of) {
        if (agent != of) {
            return;
        }
        if (awake() && deadline > 0 && clock() >= deadline) {
            world.tell("%d: the fuse burnt down", ordinal);
            endContainer();
        } else {
            world.after(
                    awake() ? FUSE_TURN : Math.max(pausedUntil - world.now + world.between(0, 200), 1), () -> fuse(of));
        }
    }

    /** Process 1 is gone, and everything with it; the kubelet says so and starts the next one. */
    void endContainer() {
        if (agent == null) {
            return;
        }
        world.tell("%d: container %s ends", ordinal, container);
        if (server != null) {
            server.end(false);
            server = null;
        }
        agent.tearIfHalfDone();
        agent = null;
        deadline = 0;
        String pod = uid;
        String id = container;
        boolean heard = !world.cut(ordinal, World.API);
        world.after(world.between(200, 1_500), () -> {
            if (heard) {
                world.api.ended(pod, id);
            }
        });
        world.after(world.between(500, 4_000), this::startContainer);
    }

    /** The volume is lost, and with it the pod. */
    void loseDisk() {
        endContainer();
        disk.lose();
        lostAt = world.now;
        newPod();
        world.tell("%d: the disk is lost", ordinal);
    }

    void arm(long until) {
        deadline = until;
    }

    /** Another member asks something. */
    void asked(java.util.function.Consumer<Agent> what) {
        Agent target = agent;
        if (target != null) {
            whenAwake(target, () -> what.accept(target));
        }
    }

    /** Whether what streams from {@code primary} here is this node's receiver. */
    boolean detachedFrom(Server primary) {
        return server == null || !server.alive || server.upstream() != primary.node.ordinal || !server.receiving;
    }
}
