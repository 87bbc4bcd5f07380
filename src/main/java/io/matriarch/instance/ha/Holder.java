package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The member that holds the Lease of a cluster that has a database system. It asks, in this order: must it leave; is its PostgreSQL running; is
 * that PostgreSQL promoted; what is left to do while it serves ({@link Serving}).
 */
final class Holder {
    /**
     * If PostgreSQL does not come back in place within this time, the holder leaves the Lease to another member (docs/internals/protocol.md 7).
     */
    private static final Duration IN_PLACE = Duration.ofSeconds(30);

    /** If only this member cannot reach the API server, it hands over before the node counts as not ready (docs/internals/protocol.md 5). */
    private static final Duration ISOLATED = Duration.ofSeconds(20);

    private final Me me;
    private final Rules rules;
    private final Departure departure;
    private final Serving serving;

    Holder(Me me, Rules rules) {
        this.me = me;
        this.rules = rules;
        this.departure = new Departure(me);
        this.serving = new Serving(me, rules);
    }

    /**
     * Decides what to do.
     *
     * @param proven whether there is a recent proof, newer than the moment when PostgreSQL was last seen dead
     */
    Plan plan(Observation seen, Settings settings, LeaseView lease, VolumeState volume, boolean proven) {
        ClusterLease state = lease.state();
        if (volume.content() != VolumeContent.Data) {
            Problem lost = dataLost(me);
            return state.members().size() > 1 ? Plan.lease(released(state)).with(lost) : Plan.problem(lost);
        }
        if (Departure.begins(seen)) {
            return Plan.lease(new LeaseWish.Keep(state));
        }
        if (Departure.begun(seen)) {
            Optional<Plan> plan =
                    departure.handOver(seen, settings, state, departure.wanted(settings, state), byLease(seen));
            if (plan.isPresent()) {
                return plan.get();
            }
        }
        List<Integer> heirs = departure.heirs(seen, settings, state);
        Optional<Plan> leaving = leave(seen, settings, state, heirs);
        return leaving.orElseGet(() -> seen.server().process()
                ? running(seen, settings, state, proven)
                : stopped(seen, settings, state, volume, heirs, proven));
    }

    static Problem dataLost(Me me) {
        return new Problem(
                Problem.Reason.DataLost,
                "%s was the primary, and its volume is empty now. Nothing is created in its place. Bring the volume back, or restore the cluster from a backup"
                        .formatted(me.pod()));
    }

    private LeaseWish released(ClusterLease state) {
        return new LeaseWish.Release(
                Leases.of(unserved(state)).phase(Phase.Released).draft());
    }

    /** A member that was handed the Lease and does not serve has not done what was requested. */
    private ClusterLease unserved(ClusterLease state) {
        Handoff handoff = state.handoff();
        return handoff != null && handoff.to() == me.ordinal()
                ? Serving.withdrawn(state, Outcome.Aborted, me.pod() + " took over and could not go on")
                : state;
    }

    /** Names the member that had the most WAL when this one ended: the others let that member stand first. */
    private LeaseWish released(ClusterLease state, List<Integer> heirs) {
        Leases draft = Leases.of(unserved(state)).phase(Phase.Released);
        if (!heirs.isEmpty()) {
            draft.handoff(new Handoff(heirs.getFirst(), "0/0", null));
        }
        return new LeaseWish.Release(draft.draft());
    }

    /** Whether the Lease itself could be written a short while ago. */
    static boolean byLease(Observation seen) {
        return seen.lease().isPresent()
                && seen.proof()
                        .filter(proof -> seen.now()
                                        .minus(proof)
                                        .compareTo(Timers.of(seen.lease().get().state())
                                                .stop())
                                < 0)
                        .isPresent();
    }

    /** Whether the API server did not answer the last time: then this member starts nothing that needs it. */
    static boolean away(Observation seen) {
        return seen.knowledge().away().isPresent();
    }

    private Optional<Plan> leave(Observation seen, Settings settings, ClusterLease state, List<Integer> heirs) {
        ServerState server = seen.server();
        boolean primary = server.accepting() && !server.inRecovery();
        if (settings.fenced().contains(me.ordinal())) {
            if (server.process()) {
                return Optional.of(
                        heirs.isEmpty() || !primary
                                ? Plan.job(new Job.Stop(), new LeaseWish.Keep(state))
                                : departure.stop(seen, state, heirs));
            }
            // If every member is fenced, the one that is unfenced first would win, although it is not the primary that
            // users stopped.
            boolean all = settings.fenced().containsAll(state.members());
            return Optional.of(Plan.lease(all ? new LeaseWish.Keep(state) : released(state)));
        }
        if (!primary || heirs.isEmpty()) {
            return Optional.empty();
        }
        if (me.ordinal() >= settings.instances() && !away(seen)) {
            return Optional.of(departure.stop(seen, state, heirs));
        }
        if (seen.knowledge().own().sick().isPresent()) {
            return Optional.of(
                    Plan.lease(new LeaseWish.Keep(state)).killing("its probes fail, and a replica can go on"));
        }
        boolean isolated = seen.knowledge()
                .peerApi()
                .filter(since -> seen.now().minus(since).compareTo(ISOLATED) >= 0)
                .isPresent();
        // While an earlier hand-over may still be on its way, do not start another: this member heard nothing of the
        // first, and would hear nothing of the next.
        if (isolated && !byLease(seen) && rules.stayed(seen.knowledge().leaving(), seen.proof())) {
            return Optional.of(departure.stop(seen, state, heirs));
        }
        Handoff handoff = state.handoff();
        if (handoff != null && handoff.to() != me.ordinal() && state.timeline() == server.timeline() && !away(seen)) {
            return Optional.of(departure.asked(seen, settings, state, heirs, handoff));
        }
        return Optional.empty();
    }

    private Plan running(Observation seen, Settings settings, ClusterLease state, boolean proven) {
        ServerState server = seen.server();
        LeaseWish keep = new LeaseWish.Keep(state);
        if (unfit(seen, state) && (!server.accepting() || server.inRecovery())) {
            return Plan.lease(keep).killing("it cannot be promoted");
        }
        if (!server.accepting()) {
            return Plan.lease(keep);
        }
        if (!server.inRecovery()) {
            return serving.plan(seen, settings, state);
        }
        Sync sync = state.sync();
        if (sync != null && !names(sync).equals(seen.knowledge().own().synchronous())) {
            return Plan.job(
                    new Job.Synchronize(
                            names(sync).acknowledgements(), names(sync).voters()),
                    keep);
        }
        return proven && !server.receiving() ? Plan.job(promotion(state), keep) : Plan.lease(keep);
    }

    private static Job promotion(ClusterLease state) {
        return new Job.Promote(state.epoch(), state.history().getLast().timeline());
    }

    /** Whether this member could not be promoted in this reign. Once the reign's timeline has begun, it was promoted, and has died since. */
    private static boolean unfit(Observation seen, ClusterLease state) {
        Job promotion = promotion(state);
        return Timelines.pending(state)
                && seen.failures().stream().anyMatch(failure -> failure.task().equals(promotion));
    }

    /** What synchronous_standby_names must be at the start of a reign. */
    static Sync names(Sync sync) {
        return sync.acknowledgements() == 0 ? SyncPlan.NOBODY : sync;
    }

    private Plan stopped(
            Observation seen,
            Settings settings,
            ClusterLease state,
            VolumeState volume,
            List<Integer> heirs,
            boolean proven) {
        LeaseWish keep = new LeaseWish.Keep(state);
        if (unfit(seen, state) && state.members().size() > 1) {
            List<Integer> marked = new java.util.ArrayList<>(state.unfit());
            marked.add(me.ordinal());
            return Plan.lease(new LeaseWish.Release(Leases.of(unserved(state))
                    .phase(Phase.Released)
                    .unfit(List.copyOf(marked))
                    .draft()));
        }
        boolean lossless = state.sync() != null && state.sync().acknowledgements() > 0;
        boolean tooLong = seen.failures().stream()
                .filter(failure -> failure.task() instanceof Job.StartPrimary)
                .anyMatch(failure ->
                        failure.attempts() > 3 && seen.now().minus(failure.at()).compareTo(IN_PLACE) < 0);
        // Use the members, not those that streamed: each attempt to start forgets the latter.
        boolean others = state.members().stream().anyMatch(member -> member != me.ordinal());
        // If the API server is away, the Lease cannot be given back: PostgreSQL is then started again in place.
        boolean heard = byLease(seen) && !away(seen);
        if (heard && (!heirs.isEmpty() && lossless || others && tooLong)) {
            return Plan.lease(released(state, heirs));
        }
        if (!proven) {
            return Plan.lease(keep);
        }
        if (volume.past().standby()) {
            return Plan.job(new Job.StartReplica(null), keep);
        }
        Sync sync = state.sync();
        if (sync != null && !names(sync).equals(seen.knowledge().own().synchronous())) {
            return Plan.job(
                    new Job.Synchronize(
                            names(sync).acknowledgements(), names(sync).voters()),
                    keep);
        }
        // The Lease may say more than this member knows, as the answer to the last write may be lost. The names are set
        // before the Lease is written.
        boolean gated =
                rules.gated(state.sync()) || rules.gated(seen.knowledge().own().synchronous());
        return Plan.job(new Job.StartPrimary(state.epoch(), gated), keep);
    }

    /** The answer to a request that a holder cannot carry out. */
    static Answer refused(Request request, String why) {
        return new Answer(request.id(), Outcome.Refused, why);
    }
}
