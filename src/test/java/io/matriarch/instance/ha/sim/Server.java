package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.Wal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL from start to end: WAL, receiver, walsenders, and commits that wait for standbys. It lives until somebody ends it, whether its
 * agent turns or not.
 */
final class Server {
    private static final long TIMEOUT = 5_000;

    final World world;
    final Node node;
    final Disk disk;
    boolean alive = true;
    boolean accepting;
    boolean recovery;
    boolean gate;
    /** What clients see at once when they are let in: commits that wait for replicas no more, as a crash ended their wait. */
    long visible;

    boolean stopping;
    long hungUntil;
    long epoch;
    Sync names;

    @Nullable
    String following;

    boolean receiving;
    boolean receiverStopped;
    int receivingTimeline;
    private int upstream = -1;
    private long heard;
    private int receiver;

    private record Waiting(long lsn, long since) {}

    private record Claim(long lsn, long until) {}

    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private final Map<Integer, Long> flushed = new TreeMap<>();
    private final Map<Integer, Long> replied = new TreeMap<>();
    private final Map<Integer, Claim> claims = new TreeMap<>();

    Server(Node node) {
        this.world = node.world;
        this.node = node;
        this.disk = node.disk;
        this.names = disk.names;
        disk.measured = false;
    }

    boolean runs() {
        return alive && node.awake() && world.now >= hungUntil;
    }

    boolean primary() {
        return alive && accepting && !recovery;
    }

    void end(boolean clean) {
        if (alive) {
            alive = false;
            disk.clean = clean;
            disk.known = clean ? disk.lsn : disk.known;
            world.tell(
                    "%d: PostgreSQL ended %s at %s:%d",
                    node.ordinal, clean ? "cleanly" : "at once", disk.branch, disk.lsn);
        }
    }

    /** Clients of a primary write now and then. */
    void writes() {
        if (!alive) {
            return;
        }
        if (runs() && primary() && !gate && !stopping) {
            disk.lsn += world.between(1, 40);
            waiting.add(new Waiting(disk.lsn, world.now));
            release();
        }
        world.after(world.between(10, 400), this::writes);
    }

    /** A record without a client. */
    long record() {
        disk.lsn += 10;
        return disk.lsn;
    }

    long flushedBy(int count, List<Integer> of) {
        List<Long> all = new ArrayList<>();
        flushed.forEach((ordinal, lsn) -> {
            if (of.contains(ordinal) && ordinal != node.ordinal) {
                all.add(Math.max(lsn, claimed(ordinal)));
            }
        });
        claims.keySet().stream()
                .filter(ordinal -> of.contains(ordinal) && ordinal != node.ordinal && !flushed.containsKey(ordinal))
                .forEach(ordinal -> all.add(claimed(ordinal)));
        if (count == 0) {
            return Long.MAX_VALUE;
        }
        all.sort(java.util.Comparator.reverseOrder());
        return all.size() < count ? 0 : all.get(count - 1);
    }

    /** Acknowledges the commits that enough standbys have. */
    void release() {
        if (!runs() || !primary()) {
            return;
        }
        long safe = flushedBy(names.acknowledgements(), names.voters());
        while (!waiting.isEmpty() && waiting.peek().lsn() <= safe) {
            world.checks.acknowledged(this, waiting.poll().lsn());
        }
    }

    void names(Sync next) {
        names = next;
        disk.names = next;
        release();
    }

    void acknowledge(int standby, long lsn) {
        if (runs() && primary()) {
            flushed.merge(standby, lsn, Math::max);
            replied.put(standby, world.now);
            release();
        }
    }

    /**
     * A receiver that connects tells its own position, on whatever timeline that is, and is a standby like any other until it is found that it
     * cannot go on (docs/internals/postgresql.md 4; walreceiver.c, walsender.c). So it does with one that is to be promoted in a moment.
     */
    private void claim(int standby, long lsn) {
        if (runs() && accepting) {
            claims.put(standby, new Claim(lsn, world.now + world.between(20, 200)));
            release();
        }
    }

    private long claimed(int standby) {
        Claim claim = claims.get(standby);
        return claim == null || claim.until() < world.now ? 0 : claim.lsn();
    }

    private boolean streams(int standby) {
        return replied.getOrDefault(standby, -TIMEOUT) > world.now - TIMEOUT
                && !world.nodes.get(standby).detachedFrom(this);
    }

    /** Receives from an address, or from nobody. */
    void follow(@Nullable String address) {
        following = address;
        receiverStopped = address == null;
        receiving = false;
        upstream = address == null ? -1 : Node.ordinal(address);
        int mine = ++receiver;
        heard = world.now;
        if (address != null) {
            world.after(world.between(5, 60), () -> receive(mine));
        }
    }

    /** Ends the receiver: what it has flushed stays, and nothing comes any more. */
    void stopReceiving() {
        follow(null);
    }

    int upstream() {
        return upstream;
    }

    private void receive(int mine) {
        if (!alive || receiver != mine || !recovery) {
            return;
        }
        if (runs() && accepting) {
            Server from = world.nodes.get(upstream).server;
            boolean there = from != null && from.runs() && from.accepting && !world.cut(upstream, node.ordinal);
            if (there && fits(from)) {
                take(from);
            } else if (there && astray(from)) {
                receiving = false;
                long lsn = disk.lsn;
                world.after(world.between(1, 15), () -> from.claim(node.ordinal, lsn));
            } else if (!there && world.now - heard > TIMEOUT || there) {
                receiving = false;
            }
        }
        world.after(world.between(10, receiving ? 80 : 300), () -> receive(mine));
    }

    /** Whether the primary's timeline goes on where this WAL ends, as PostgreSQL sees it: by numbers. */
    private boolean fits(Server from) {
        Branch theirs = java.util.Objects.requireNonNull(from.disk.branch);
        Branch ours = java.util.Objects.requireNonNull(disk.branch);
        Branch same = theirs.numbered(ours.timeline());
        if (same == null || disk.lsn > Math.min(theirs.leaves(ours.timeline()), from.disk.lsn)) {
            return false;
        }
        if (same != ours) {
            world.checks.violated(
                    "I3: %d receives %s of %d as a continuation of %s".formatted(node.ordinal, theirs, upstream, ours));
        }
        return true;
    }

    /** Whether the other one's timeline left this one before this WAL ends: its beginning is sent all the same, from the start of a segment on. */
    private boolean astray(Server from) {
        return java.util.Objects.requireNonNull(from.disk.branch)
                        .numbered(java.util.Objects.requireNonNull(disk.branch).timeline())
                != null;
    }

    private void take(Server from) {
        heard = world.now;
        receiving = true;
        Branch theirs = java.util.Objects.requireNonNull(from.disk.branch);
        receivingTimeline = theirs.timeline();
        if (from.disk.lsn > disk.lsn || theirs != disk.branch) {
            disk.branch = theirs;
            disk.lsn = from.disk.lsn;
            disk.known = Math.max(disk.known, disk.lsn - world.between(0, 200));
            disk.clean = false;
        }
        if (!world.cut(node.ordinal, upstream)) {
            long lsn = disk.lsn;
            int standby = node.ordinal;
            world.after(world.between(1, 15), () -> from.acknowledge(standby, lsn));
        }
    }

    ServerState state() {
        Branch branch = java.util.Objects.requireNonNull(disk.branch);
        List<Integer> streaming = new ArrayList<>();
        List<Sender> senders = new ArrayList<>();
        if (primary()) {
            flushed.forEach((ordinal, lsn) -> {
                if (streams(ordinal)) {
                    streaming.add(ordinal);
                    senders.add(new Sender(ordinal, Node.address(ordinal), true, lsn, lsn));
                }
            });
        }
        return new ServerState(
                alive,
                accepting,
                recovery,
                recovery && receiving,
                false,
                accepting ? branch.timeline() : 0,
                "17.6",
                "r",
                null,
                List.of(),
                streaming,
                null,
                new Wal(
                        disk.lsn,
                        disk.lsn,
                        false,
                        following == null ? "" : following,
                        receiving ? receivingTimeline : 0,
                        0,
                        senders),
                true);
    }
}
