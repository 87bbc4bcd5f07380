package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Problem;
import io.matriarch.instance.facts.End;
import io.matriarch.instance.facts.TimelineHistory;
import io.matriarch.instance.facts.VolumeState;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How data that may have left the cluster's history comes back to it while a primary serves (docs/internals/protocol.md 9). The member follows, or
 * its data is rewound or replaced by a copy. Nothing is discarded that the primary might lack.
 */
final class Rejoin {
    private static final Duration CONFIRMED = Duration.ofSeconds(2);
    /** Reasons for which another rewind would fail in the same way: torn data, and data that cannot be rewound. */
    private static final Set<Problem.Reason> BY_A_COPY =
            Set.of(Problem.Reason.RewindBroke, Problem.Reason.NotRewindable);

    private final Me me;
    private final Rules rules;

    Rejoin(Me me, Rules rules) {
        this.me = me;
        this.rules = rules;
    }

    /**
     * What to do with the data before it can follow.
     *
     * @param follow present if it can follow, and how
     * @param ask whether the holder must first say where it is
     */
    record Way(Optional<Job.Follow> follow, Optional<Job> job, Optional<Problem> problem, boolean ask) {
        static final Way WAIT = new Way(Optional.empty(), Optional.empty(), Optional.empty(), false);

        static Way follow(Job.Follow follow) {
            return new Way(Optional.of(follow), Optional.empty(), Optional.empty(), false);
        }

        static Way of(Job job) {
            return new Way(Optional.empty(), Optional.of(job), Optional.empty(), false);
        }
    }

    /**
     * Chooses the way back.
     *
     * @param end of this member's WAL; 0 if it is not known
     */
    Way way(Observation seen, ClusterLease lease, String address, long end) {
        int timeline = Timelines.timeline(seen);
        if (timeline > lease.timeline()) {
            return discard(seen, lease, "is of a reign that the cluster does not know");
        }
        if (timeline == lease.timeline() || timeline == 0) {
            return Way.follow(new Job.Follow(address));
        }
        Reign reign = lease.history().getLast();
        boolean forkedHere = reign.timeline() == lease.timeline() && reign.from() == timeline;
        if (forkedHere && rules.within(end, Lsn.parse(reign.switchLsn()))) {
            return Way.follow(new Job.Follow(address, timeline, Lsn.parse(reign.switchLsn())));
        }
        TimelineHistory history = seen.knowledge().own().history();
        if (history == null || history.timeline() != lease.timeline()) {
            return Way.of(new Job.ReadHistory(address, lease.timeline()));
        }
        OptionalLong fork = history.leaves(timeline);
        if (fork.isEmpty()) {
            return discard(
                    seen,
                    lease,
                    "is on timeline %d, which timeline %d does not come from".formatted(timeline, lease.timeline()));
        }
        if (rules.within(end, fork.getAsLong())) {
            return Way.follow(new Job.Follow(address, timeline, fork.getAsLong()));
        }
        boolean refused = seen.failures().stream()
                .anyMatch(failure -> failure.task() instanceof Job.Rewind
                        && (failure.attempts() >= 3
                                || BY_A_COPY.contains(failure.problem().known())));
        if (refused) {
            return discard(seen, lease, "could not be rewound");
        }
        return lease.checkpointTimeline() == lease.timeline()
                ? Way.of(new Job.Rewind(address, lease.timeline()))
                : Way.WAIT;
    }

    /** Whether the holder itself has just said that it is on the timeline of its Lease: then its data exists. */
    static boolean confirmed(Observation seen, ClusterLease lease) {
        int holder = Names.ordinal(lease.history().getLast().holder());
        return Optional.ofNullable(seen.knowledge().told().get(holder))
                .filter(told ->
                        seen.now().minus(told.at()).compareTo(CONFIRMED) < 0 && told.timeline() == lease.timeline())
                .isPresent();
    }

    /** Replaces the data by a copy of the primary's, unless the Lease may have been reset to a state older than this data. */
    Way discard(Observation seen, ClusterLease lease, String why) {
        long reigned = seen.volume().map(VolumeState::primaryEpoch).orElse(0L);
        long end = end(seen);
        // A promised epoch that was only voted for did not come about if the Lease has moved on since that vote.
        boolean known = lease.epoch() >= seen.knowledge().promise().epoch()
                || seen.lease()
                        .filter(view -> rules.mayReceive(seen.knowledge().promise(), view.resourceVersion()))
                        .isPresent();
        boolean older = lease.epoch() > reigned && known;
        if (older && !confirmed(seen, lease)) {
            return new Way(Optional.empty(), Optional.empty(), Optional.empty(), true);
        }
        if (older && rules.mayDiscard(end, Timelines.timeline(seen), lease)) {
            return Way.of(new Job.Discard());
        }
        return new Way(
                Optional.empty(),
                Optional.empty(),
                Optional.of(new Problem(
                        Problem.Reason.DataAhead,
                        "the data of %s %s, but it ends at %s of epoch %d, and the primary may not be further. Nothing was deleted; if the primary has what you need, rebuild this member"
                                .formatted(me.pod(), why, Lsn.text(end), reigned))),
                false);
    }

    /**
     * Connects to the elected member before its promotion is done, so that the first commit does not wait for a connection: PostgreSQL follows its
     * upstream through a promotion by itself. This applies only to data that is known to be the beginning of the elected member's; any other data
     * is judged once that member's timeline has begun.
     */
    Optional<Job.Follow> early(Observation seen, ClusterLease lease) {
        if (lease.history().isEmpty()) {
            return Optional.empty();
        }
        Reign elected = lease.history().getLast();
        int timeline = Timelines.timeline(seen);
        String address = lease.address();
        long upTo = Lsn.parse(elected.switchLsn());
        boolean prefix = timeline > 0 && elected.from() == timeline && rules.within(end(seen), upTo);
        return prefix && address != null ? Optional.of(new Job.Follow(address, timeline, upTo)) : Optional.empty();
    }

    /** Where this member's WAL ends, as far as it is known. */
    static long end(Observation seen) {
        long running = seen.server().wal().end();
        Optional<Long> measured =
                seen.volume().flatMap(volume -> volume.past().end()).map(End::lsn);
        String stopped = seen.volume().map(VolumeState::lsn).orElse(null);
        return running > 0 ? running : measured.orElseGet(() -> stopped == null ? 0 : Lsn.parse(stopped));
    }
}
