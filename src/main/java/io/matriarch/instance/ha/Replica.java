package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A member that does not hold the Lease. It copies the holder's data, follows the holder, returns from a timeline on which it diverged, and
 * carries out what users request. It receives from a holder only when it may (docs/internals/protocol.md 6, step 5): after a vote, not before the
 * Lease is newer than that vote.
 */
final class Replica {
    private static final Duration SLOTS = Duration.ofSeconds(10);
    private static final Duration ELECTION = Duration.ofSeconds(1);

    private final Me me;
    private final Rules rules;
    private final Rejoin rejoin;

    Replica(Me me, Rules rules) {
        this.me = me;
        this.rules = rules;
        this.rejoin = new Rejoin(me, rules);
    }

    Plan plan(Observation seen, Settings settings, LeaseView lease, VolumeState volume) {
        ClusterLease state = lease.state();
        ServerState server = seen.server();
        if (rules.mayHaveForgotten(seen.knowledge().promise(), state, me.ordinal())) {
            return Plan.job(new Job.Pledge(lease.resourceVersion()), new LeaseWish.Watch());
        }
        Optional<String> upstream = mayReceive(seen, lease) && !Timelines.pending(state)
                ? Optional.ofNullable(state.address())
                : Optional.empty();
        if (volume.content() != VolumeContent.Data) {
            return upstream.isEmpty()
                    ? Plan.watch()
                    : Plan.job(
                            new Job.Clone(upstream.get(), Objects.requireNonNull(state.systemIdentifier())),
                            new LeaseWish.Watch());
        }
        if (upstream.isEmpty()) {
            return server.process()
                    ? Plan.watch().or(early(seen, lease)).or(apply(seen, settings))
                    : justStepped(seen) ? Plan.watch() : alone(volume);
        }
        Optional<Plan> rebuild = rebuild(seen, settings, state);
        if (rebuild.isPresent()) {
            return rebuild.get();
        }
        return follow(seen, settings, lease, volume, upstream.get());
    }

    /**
     * Without the Lease, this member may receive from a holder that asked it for a promise, at the given address. Data that diverged waits for the
     * Lease.
     */
    Plan withoutLease(Observation seen, ClusterLease state, VolumeState volume, Optional<String> address) {
        ServerState server = seen.server();
        if (!server.process()) {
            return address.filter(there -> Timelines.timeline(seen) == state.timeline())
                    .map(there -> Plan.job(new Job.StartReplica(there), new LeaseWish.Watch()))
                    .orElseGet(() -> alone(volume));
        }
        boolean connects = !server.receiving() || !address.equals(Optional.ofNullable(seen.following()));
        if (address.isEmpty() || !connects || !server.accepting()) {
            return Plan.watch();
        }
        Rejoin.Way way = rejoin.way(seen, state, address.get(), server.wal().end());
        Optional<Job> follow = way.follow()
                .filter(job -> !job.address().equals(seen.following()))
                .map(job -> job);
        return Plan.watch().or(follow).or(way.job().filter(job -> job instanceof Job.ReadHistory));
    }

    /** Starts without an upstream. Data that was rewound is not started: PostgreSQL would wait for WAL and never come up. */
    private static Plan alone(VolumeState volume) {
        return volume.past().rewound() ? Plan.watch() : Plan.job(new Job.StartReplica(null), new LeaseWish.Watch());
    }

    private Plan follow(Observation seen, Settings settings, LeaseView lease, VolumeState volume, String address) {
        ClusterLease state = lease.state();
        ServerState server = seen.server();
        int timeline = Timelines.timeline(seen);
        boolean older = timeline > 0 && timeline < state.timeline();
        boolean connects = !server.receiving() || !address.equals(seen.following());
        boolean behind = older && server.accepting() && connects;
        boolean ledBefore = !server.process()
                && !volume.past().standby()
                && !volume.past().timelines().isEmpty();
        // A replica of a former timeline that no longer starts has WAL that the newer timeline left out. Or it cannot
        // start for another reason; then it is rewound for nothing before each attempt, but no more often than it is
        // started.
        boolean refused = !server.process()
                && older
                && seen.failures().stream()
                        .anyMatch(failure -> failure.task() instanceof Job.StartReplica
                                && seen.now().compareTo(failure.retry()) >= 0);
        boolean left = older && !server.process() && !ledBefore && !refused;
        boolean rewound = volume.past().rewound();
        if (ledBefore && !fresh(seen, lease) || left && !rewound) {
            // The holder may be dead, and then this member's vote is needed to elect another one. A replica is compared
            // while it runs: pg_control does not tell what it has received.
            return alone(volume);
        }
        boolean measured = volume.past().end().isPresent();
        if (left && !measured) {
            return Plan.job(new Job.Measure(), new LeaseWish.Watch());
        }
        boolean strayed = left || behind || ledBefore || refused || timeline > state.timeline();
        boolean known =
                !refused && (server.process() || measured || volume.past().clean());
        Job.Follow follow = new Job.Follow(address);
        if (strayed) {
            Rejoin.Way way = rejoin.way(seen, state, address, known ? Rejoin.end(seen) : 0);
            if (way.follow().isPresent()) {
                follow = way.follow().get();
            } else {
                Plan plan = Plan.watch().or(way.job());
                Plan back = way.ask() ? asking(plan, state) : plan;
                return way.problem().map(back::with).orElse(back);
            }
        }
        if (!server.process()) {
            return Plan.job(new Job.StartReplica(address), new LeaseWish.Watch());
        }
        if (server.walGone() && !server.receiving()) {
            // The primary itself said that this WAL is gone: it is further than this member, on the same timeline.
            return fresh(seen, lease) ? Plan.job(new Job.Discard(), new LeaseWish.Watch()) : Plan.watch();
        }
        if (server.accepting() && !address.equals(seen.following())) {
            return Plan.job(follow, new LeaseWish.Watch());
        }
        Optional<Job> slots = server.receiving()
                        && state.members().size() > 2
                        && seen.now()
                                        .minus(seen.knowledge().own().slotsCopied())
                                        .compareTo(SLOTS)
                                >= 0
                ? Optional.of(new Job.CopySlots(Names.ordinal(lease.holder().split("/")[0])))
                : Optional.empty();
        return Plan.watch()
                .or(server.accepting() ? apply(seen, settings) : Optional.empty())
                .or(names(seen, state))
                .or(slots);
    }

    /** A member that gave the Lease back leaves the machine's resources to the election; it starts later, if its vote is needed after all. */
    private static boolean justStepped(Observation seen) {
        return seen.knowledge()
                .own()
                .stepped()
                .filter(at -> seen.now().minus(at).compareTo(ELECTION) < 0)
                .isPresent();
    }

    /** Every member has the same synchronous_standby_names, so that a promoted member has nothing left to change. */
    private static Optional<Job> names(Observation seen, ClusterLease state) {
        Sync sync = state.sync();
        if (sync == null || !seen.server().accepting()) {
            return Optional.empty();
        }
        Sync names = Holder.names(sync);
        return names.equals(seen.knowledge().own().synchronous())
                ? Optional.empty()
                : Optional.of(new Job.Synchronize(names.acknowledgements(), names.voters()));
    }

    /** Whether another member serves, or will in a moment, and this member may receive from it. */
    private boolean mayReceive(Observation seen, LeaseView lease) {
        return lease.state().phase() == Phase.Serving
                && !lease.holder().isEmpty()
                && !lease.holder().equals(me.identity())
                && rules.mayReceive(seen.knowledge().promise(), lease.resourceVersion());
    }

    private Optional<Job> early(Observation seen, LeaseView lease) {
        boolean elected = mayReceive(seen, lease) && Timelines.pending(lease.state());
        return elected && seen.server().accepting()
                ? rejoin.early(seen, lease.state())
                        .filter(follow -> !follow.address().equals(seen.following()))
                        .map(follow -> follow)
                : Optional.empty();
    }

    private Optional<Plan> rebuild(Observation seen, Settings settings, ClusterLease state) {
        // One rebuild also settles all rebuilds that were requested earlier.
        Optional<Request> request = settings.requests().stream()
                .filter(wanted ->
                        wanted.kind() == RequestKind.Rebuild && wanted.to() != null && wanted.to() == me.ordinal())
                .reduce((former, latter) -> latter)
                .filter(wanted -> !wanted.id().equals(seen.knowledge().promise().rebuilt()));
        if (request.isEmpty()) {
            return Optional.empty();
        }
        boolean newer =
                state.epoch() > seen.volume().map(VolumeState::primaryEpoch).orElse(0L);
        boolean fresh = seen.lease().filter(lease -> fresh(seen, lease)).isPresent();
        if (newer && fresh && !Rejoin.confirmed(seen, state)) {
            return Optional.of(asking(Plan.watch(), state));
        }
        return Optional.of(
                newer && fresh
                        ? Plan.job(new Job.Discard(request.get().id()), new LeaseWish.Watch())
                        : Plan.problem(new Problem(
                                Problem.Reason.RebuildWaits,
                                "%s is rebuilt once a primary of a later epoch serves and renews the Lease"
                                        .formatted(me.pod()))));
    }

    /** Asks the holder whether it is there, before discarding anything that only the holder would then have. */
    private static Plan asking(Plan plan, ClusterLease state) {
        int holder = Names.ordinal(state.history().getLast().holder());
        return plan.with(new Ask.Positions(List.of(holder)));
    }

    /** Whether the holder renews the Lease. */
    private static boolean fresh(Observation seen, LeaseView lease) {
        return seen.now()
                        .minus(seen.leaseSeen())
                        .compareTo(Timers.of(lease.state()).lease())
                < 0;
    }

    /** Applies the settings, unless they are in use or were refused. */
    static Optional<Job> apply(Observation seen, Settings settings) {
        ServerState server = seen.server();
        boolean inUse = settings.revision().equals(server.settings()) && server.rejected() == null;
        boolean refused =
                server.rejected() != null && server.rejected().revision().equals(settings.revision());
        return inUse || refused ? Optional.empty() : Optional.of(new Job.Apply(settings.revision()));
    }
}
