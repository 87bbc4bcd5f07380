package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Timers;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The invariants of docs/internals/protocol.md 11, checked at every acknowledgement, promotion, write of the Lease, and at the end. */
final class Checks {
    private final World world;
    /** How far each branch was acknowledged while commits were to be safe. */
    private final Map<Branch, Long> acknowledged = new LinkedHashMap<>();

    private @Nullable Server newest;
    private @Nullable Branch newestBranch;
    /** The newest reign that a user forced. */
    private long forcedEpoch;

    private long newestAcknowledged;
    private static final long RECREATED = 40_000;
    private long written;
    private String holder = "";
    private long holderEpoch;
    private long vanished;
    long acknowledgements;
    long elections;
    long lastAcknowledged;
    long longestGap;
    /** Since when it is looked for. */
    private long watched;

    Checks(World world) {
        this.world = world;
    }

    void violated(String what) {
        world.tell("VIOLATION %s", what);
        throw new Violation(what);
    }

    /** An invariant does not hold. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1;

        Violation(String what) {
            super(what);
        }
    }

    private boolean synchronous() {
        LeaseView lease = world.api.lease();
        Sync sync = lease == null ? null : lease.state().sync();
        return sync != null;
    }

    /** From now on the longest time without an acknowledgement is looked for. */
    void watch() {
        watched = world.now;
    }

    /** Somebody deleted the Lease. */
    void vanished() {
        vanished = world.now;
    }

    /** I3: epochs grow, and never without a change of the holder; I1: what may be lost. */
    void lease(@Nullable LeaseView former, LeaseView next) {
        written = world.now;
        if (former == null) {
            return;
        }
        ClusterLease was = former.state();
        ClusterLease is = next.state();
        if (is.epoch() < was.epoch()) {
            violated("I3: epoch %d after %d".formatted(is.epoch(), was.epoch()));
        }
        // Who gave it back and stayed by the others' promises takes it back: nobody held it in between.
        boolean back = former.holder().isEmpty() && next.holder().equals(holder) && is.epoch() == holderEpoch;
        boolean taken = !next.holder().isEmpty() && !next.holder().equals(former.holder()) && !back;
        if (!next.holder().isEmpty()) {
            holder = next.holder();
            holderEpoch = is.epoch();
        }
        if (taken && is.epoch() <= was.epoch()) {
            violated("I3: taken without a new epoch: " + is.epoch());
        }
        elections += taken ? 1 : 0;
        boolean forced = is.answered().size() > was.answered().size()
                && is.answered().getLast().message().endsWith("by force");
        if (is.sync() == null || forced) {
            acknowledged.clear();
        }
        if (forced) {
            forcedEpoch = is.epoch();
        }
    }

    /** What others count on: by what the Lease says, once it says so. */
    private long fuse() {
        LeaseView lease = world.api.lease();
        return (lease == null ? Timers.RELAXED : Timers.of(lease.state()))
                .fuse()
                .toMillis();
    }

    /** Since the last proof; a write whose answer has not come yet is one as well. */
    private long unproven(Node node) {
        LeaseView lease = world.api.lease();
        boolean holds = lease != null && lease.holder().startsWith("orders-" + node.ordinal + "/");
        long known = node.clock() - node.fuseProof();
        return holds ? Math.min(known, world.now - written) : known;
    }

    /** A client has its answer. */
    void acknowledged(Server server, long lsn) {
        acknowledgements++;
        if (watched > 0) {
            longestGap = Math.max(longestGap, world.now - Math.max(lastAcknowledged, watched));
        }
        lastAcknowledged = world.now;
        Branch branch = java.util.Objects.requireNonNull(server.disk.branch);
        Node node = server.node;
        if (server.epoch < forcedEpoch) {
            // The user said that what the former primary still has may be lost, whoever has promised it what
            // (docs/high-availability.md).
            return;
        }
        if (!world.clocked) {
            // Who waits for nobody has only the clock to be safe by.
            if (server.names.acknowledgements() > 0) {
                lost(server, branch, lsn);
            }
            return;
        }
        long age = unproven(node);
        if (age > fuse() + 600 && world.now - node.wokeAt() > 500) {
            violated("I4: %d acknowledges %d ms after its last proof".formatted(node.ordinal, age));
        }
        // An answer that a machine had ready when it stood still comes when it wakes, as one that was on its way comes
        // late: I1 says what it may
        // not be, and fence and fuse that no more come.
        if (server.epoch < newestAcknowledged && world.now - node.wokeAt() > 600) {
            violated("I2: %d acknowledges in epoch %d after epoch %d did"
                    .formatted(node.ordinal, server.epoch, newestAcknowledged));
        }
        newestAcknowledged = Math.max(newestAcknowledged, server.epoch);
        lost(server, branch, lsn);
    }

    /** I1: what a former primary acknowledges is on the present one. */
    private void lost(Server server, Branch branch, long lsn) {
        boolean former = newest != null && newest.epoch > server.epoch;
        boolean asynchronousSleeper = server.names.acknowledgements() == 0 && world.now - server.node.wokeAt() <= 600;
        if (former && asynchronousSleeper) {
            // A primary of an asynchronous reign whose machine stood still: the limit that docs/internals/protocol.md
            // 12 owns to.
            return;
        }
        if (synchronous()) {
            Server now = newest;
            Branch kept = newestBranch;
            if (now != null && kept != null && now.epoch > server.epoch && !kept.has(Long.MAX_VALUE, branch, lsn)) {
                violated("I1: %d acknowledges %s:%d, which the primary of epoch %d does not have"
                        .formatted(server.node.ordinal, branch, lsn, now.epoch));
            }
            acknowledged.merge(branch, lsn, Math::max);
        }
    }

    /** A client reads the newest there is: what it has seen must not be lost either (docs/internals/postgresql.md 13). */
    void read(Server server) {
        if (synchronous()) {
            acknowledged.merge(java.util.Objects.requireNonNull(server.disk.branch), server.visible, Math::max);
        }
    }

    /** I1: a new primary has everything that was acknowledged. */
    void primary(Server server) {
        Branch branch = java.util.Objects.requireNonNull(server.disk.branch);
        if (newest != null && newest.alive && newest != server && newest.epoch == server.epoch && newest.primary()) {
            violated("I2: two primaries of epoch " + server.epoch);
        }
        if (newest == null || server.epoch >= newest.epoch) {
            newest = server;
            newestBranch = branch;
            acknowledged.forEach((other, lsn) -> {
                if (!branch.has(server.disk.lsn, other, lsn)) {
                    violated("I1: %d becomes the primary of epoch %d with %s:%d, and acknowledged was %s:%d"
                            .formatted(server.node.ordinal, server.epoch, branch, server.disk.lsn, other, lsn));
                }
            });
        }
    }

    /** I8: what is thrown away is elsewhere: on the newest primary's disk. */
    void discarded(Node node) {
        Branch branch = node.disk.branch;
        Server now = newest;
        if (branch == null || now == null || world.now - now.node.lostAt < 4_000) {
            return;
        }
        Branch kept = now.disk.branch;
        acknowledged.forEach((other, lsn) -> {
            boolean here = branch.has(node.disk.lsn, other, lsn);
            if (here && (now.disk == node.disk || kept == null || !kept.has(now.disk.lsn, other, lsn))) {
                violated("I8: %d throws %s:%d away, which %d does not have"
                        .formatted(node.ordinal, other, lsn, now.node.ordinal));
            }
        });
    }

    /** I8 for a rewind: the same, by the primary that it is rewound to. */
    void replaced(Node node, Server by) {
        Branch branch = java.util.Objects.requireNonNull(node.disk.branch);
        Branch kept = java.util.Objects.requireNonNull(by.disk.branch);
        acknowledged.forEach((other, lsn) -> {
            if (branch.has(node.disk.lsn, other, lsn) && !kept.has(by.disk.lsn, other, lsn)) {
                violated("I8: %d turns %s:%d back, which %d does not have"
                        .formatted(node.ordinal, other, lsn, by.node.ordinal));
            }
        });
    }

    /** I6: a promise never falls, as long as its disk lives. */
    void promised(Node node, long former, long next) {
        if (next < former) {
            violated("I6: %d promised %d after %d".formatted(node.ordinal, next, former));
        }
    }

    /** Whether a member has data that the newest primary's goes on from: other data is thrown away. */
    boolean whole(int ordinal) {
        Node node = world.nodes.get(ordinal);
        Disk disk = node.disk;
        return disk.branch != null
                && !disk.torn
                && (node.agent == null || !node.agent.replacesData())
                && (newestBranch == null || newestBranch.descends(disk.branch));
    }

    /** How many members' disks other than this one, of the cluster's present history, have all that was acknowledged. */
    long copies(int without) {
        return world.nodes.stream()
                .filter(node -> node.ordinal != without && whole(node.ordinal))
                .filter(node -> world.api.lease() != null
                        && world.api.lease().state().members().contains(node.ordinal))
                .filter(node -> acknowledged.entrySet().stream()
                        .allMatch(entry -> java.util.Objects.requireNonNull(node.disk.branch)
                                .has(node.disk.lsn, entry.getKey(), entry.getValue())))
                .count();
    }

    /** The primary alone counted, as the user wished, and its disk was lost just then. */
    private boolean degradedToLostDisk(LeaseView lease) {
        Sync sync = lease.state().sync();
        return sync != null
                && sync.acknowledgements() == 0
                && sync.voters().stream().allMatch(voter -> world.nodes.get(voter).disk.branch == null);
    }

    /** I7 and I12: what is missing until one primary serves and all follow it; empty when nothing is. */
    Optional<String> unsettled(int instances, long since) {
        Server primary = newest;
        LeaseView lease = world.api.lease();
        if (lease == null) {
            // Only a human knows what may be lost (docs/contract.md, "A Lease that was deleted").
            return world.now - vanished < RECREATED ? Optional.of("I12: there is no Lease") : Optional.empty();
        }
        if (degradedToLostDisk(lease)) {
            // Only it may have what was acknowledged last; who else may go on is for a human to say.
            return Optional.empty();
        }
        if (primary == null || !primary.primary() || lease.state().epoch() != primary.epoch) {
            return Optional.of("I12: nobody serves: %s, and the Lease says %s, epoch %d, %s"
                    .formatted(
                            primary == null ? "never" : primary.node.ordinal + " did in epoch " + primary.epoch,
                            lease.holder(),
                            lease.state().epoch(),
                            lease.state().phase()));
        }
        if (lastAcknowledged < since) {
            return Optional.of("I12: %d serves and nothing is acknowledged since %d; names %s"
                    .formatted(primary.node.ordinal, lastAcknowledged, primary.names));
        }
        return IntStream.range(0, instances)
                .filter(ordinal -> !follows(world.nodes.get(ordinal).server, primary))
                .mapToObj(ordinal -> "I7: %d does not follow %d".formatted(ordinal, primary.node.ordinal))
                .findFirst();
    }

    private static boolean follows(@Nullable Server server, Server primary) {
        return server == primary
                || server != null
                        && server.alive
                        && server.receiving
                        && server.disk.branch == primary.disk.branch
                        && primary.disk.lsn - server.disk.lsn <= 2_000;
    }
}
