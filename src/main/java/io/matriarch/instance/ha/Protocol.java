package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Decision.Fence;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides what one member does, as a pure function: observation in, decision out (docs/internals/protocol.md; docs/contract.md, "High
 * availability"). It asks, in this order:
 *
 * <ol>
 *   <li>May PostgreSQL keep running? A primary without a recent proof may not ({@link #fence}).
 *   <li>Must this pod end? Hand over or stop, then give the Lease back.
 *   <li>Are settings, Lease and volume known?
 *   <li>Is there a database system yet? If not: only the member that the order names does anything ({@link Bootstrap}).
 *   <li>Does this member hold the Lease? Then it serves, or leaves ({@link Holder}).
 *   <li>Was this member the last primary, and has there been none since? Then it takes the Lease and is the primary again.
 *   <li>Otherwise it follows the primary ({@link Replica}), and stands for election when there is none ({@link Candidate}).
 * </ol>
 */
public final class Protocol {
    /**
     * After handing over, keep refusing clients for this long once the successor's timeline has begun, but never longer than SUCCESSION in total.
     */
    private static final Duration TURNED = Duration.ofMillis(1500);

    private static final Duration SUCCESSION = Duration.ofSeconds(5);

    /** A member that gave the Lease back or handed it over lets others try first. */
    private static final Duration STAND_BACK = Duration.ofSeconds(3);

    private static final Duration UNFIT = Duration.ofSeconds(30);

    private final Me me;
    private final Timers timers;
    private final Bootstrap bootstrap;
    private final Holder holder;
    private final Departure departure;
    private final Candidate candidate;
    private final Replica replica;
    private final Recreation recreation;
    private final Rules rules;
    private volatile Timers wanted;

    public Protocol(Me me, Timers timers) {
        this(me, timers, Rules.SAFE);
    }

    Protocol(Me me, Timers timers, Rules rules) {
        this.me = me;
        this.timers = timers;
        this.wanted = timers;
        this.rules = rules;
        this.bootstrap = new Bootstrap(me);
        this.holder = new Holder(me, rules);
        this.departure = new Departure(me);
        this.candidate = new Candidate(me, rules);
        this.replica = new Replica(me, rules);
        this.recreation = new Recreation(me, rules);
    }

    public Decision decide(Observation seen) {
        seen.settings().map(Settings::failover).ifPresent(failover -> wanted = Timers.of(failover.profile()));
        Plan plan = plan(seen);
        Optional<Job> job =
                seen.running().isPresent() ? Optional.empty() : plan.job().filter(next -> due(next, seen));
        return new Decision(
                job,
                seen.chore().isPresent() ? Optional.empty() : plan.chore().filter(next -> due(next, seen)),
                plan.lease(),
                Reports.of(me, seen, plan.problem(), holds(seen)),
                plan.exit(),
                plan.asks(),
                plan.kill());
    }

    /** A task that failed waits before it is tried again, unless the user changed something. */
    private static boolean due(Task job, Observation seen) {
        return seen.failures().stream()
                .filter(failure -> failure.task().getClass() == job.getClass() && !otherTerms(failure.task(), job))
                .findFirst()
                .filter(failure -> Objects.equals(failure.settings(), revision(seen)))
                .map(failure -> seen.now().compareTo(failure.retry()) >= 0)
                .orElse(true);
    }

    private static boolean otherTerms(Task one, Task other) {
        return one instanceof Job.HandOver former
                && other instanceof Job.HandOver next
                && !former.terms().equals(next.terms());
    }

    private static @Nullable String revision(Observation seen) {
        return seen.settings().map(Settings::toString).orElse(null);
    }

    private boolean holds(Observation seen) {
        return seen.lease().map(lease -> lease.holder().equals(me.identity())).orElse(false);
    }

    /**
     * How a PostgreSQL that was started as primary must end, if it must: it needs the Lease and a recent proof.
     *
     * @param proof the later of renewal and failsafe proof
     */
    public Fence fence(Optional<LeaseView> lease, Optional<Duration> proof, Duration now) {
        if (lease.isPresent() && !lease.get().holder().equals(me.identity())) {
            return Fence.Kill;
        }
        Timers present = timers(lease);
        Duration age = proof.map(now::minus).orElse(present.lease());
        if (age.compareTo(present.kill()) >= 0) {
            return Fence.Kill;
        }
        return age.compareTo(present.stop()) >= 0 ? Fence.Stop : Fence.None;
    }

    /** The timers that a holder obeys: those that the Lease states, or the faster ones that it is about to write. */
    public Timers timers(Optional<LeaseView> lease) {
        Timers said = lease.map(LeaseView::state)
                .filter(state -> state.profile() != null)
                .map(Timers::of)
                .orElse(timers);
        return wanted.lease().compareTo(said.lease()) < 0 ? wanted : said;
    }

    private Plan plan(Observation seen) {
        if (seen.stopping()) {
            return stop(seen);
        }
        if (seen.settings().isEmpty()) {
            return Plan.lease(kept(seen));
        }
        if (seen.volume().isEmpty()) {
            return Plan.job(new Job.Inspect(), kept(seen));
        }
        VolumeState volume = seen.volume().get();
        if (volume.problem() != null) {
            // Inspect the volume again from time to time: the user may have removed the problem.
            Plan plan = Plan.lease(kept(seen)).with(volume.problem());
            return seen.server().process() ? plan : plan.with(new Job.Inspect());
        }
        if (seen.lease().isEmpty()) {
            return withoutLease(seen, seen.settings().get(), volume);
        }
        return withLease(seen, seen.settings().get(), seen.lease().get(), volume);
    }

    private Plan withLease(Observation seen, Settings settings, LeaseView lease, VolumeState volume) {
        ClusterLease state = lease.state();
        if (state.systemIdentifier() == null) {
            return bootstrap.plan(seen, settings, lease, volume, mayTake(seen, lease), proven(seen));
        }
        if (volume.content() == VolumeContent.Data && !state.systemIdentifier().equals(volume.systemIdentifier())) {
            return Plan.problem(new Problem(
                    Problem.Reason.ForeignVolume,
                    "data-%s holds system %s; this cluster is %s. Rename the claim or use another cluster name"
                            .formatted(me.pod(), volume.systemIdentifier(), state.systemIdentifier())));
        }
        if (holds(seen)) {
            return holder.plan(seen, settings, lease, volume, proven(seen));
        }
        if (settings.fenced().contains(me.ordinal())) {
            return seen.server().process() ? Plan.job(new Job.Stop(), new LeaseWish.Watch()) : Plan.watch();
        }
        if (lastHolder(state)) {
            return back(seen, lease, volume);
        }
        if (Leases.dismissed(me, settings, Optional.of(state))) {
            return seen.server().process() ? Plan.job(new Job.Stop(), new LeaseWish.Watch()) : Plan.watch();
        }
        Optional<Plan> stands = candidate.stand(seen, settings, lease);
        Plan follows = replica.plan(seen, settings, lease, volume);
        return stands.map(plan -> plan.and(follows)).orElse(follows);
    }

    /** Takes office again: no other member was primary after this one, so its data is the newest there is. */
    private Plan back(Observation seen, LeaseView lease, VolumeState volume) {
        if (volume.content() != VolumeContent.Data) {
            return Plan.problem(Holder.dataLost(me));
        }
        if (!mayTake(seen, lease)) {
            return Plan.watch();
        }
        ClusterLease state = lease.state();
        long epoch = Math.max(state.epoch() + 1, seen.knowledge().promise().epoch());
        ClusterLease withdrawn = Serving.withdrawn(
                state, Outcome.Aborted, "nobody took over within %d s".formatted(STAND_BACK.toSeconds()));
        return Plan.lease(new LeaseWish.Take(lease.resourceVersion(), Leases.returned(withdrawn, epoch, me)));
    }

    private Plan stop(Observation seen) {
        Optional<ClusterLease> held = seen.lease()
                .filter(lease -> holds(seen))
                .map(LeaseView::state)
                .filter(state -> state.systemIdentifier() != null);
        if (held.isPresent() && seen.settings().isPresent()) {
            Settings settings = seen.settings().get();
            if (Departure.begun(seen)) {
                Optional<Plan> plan = departure.handOver(seen, settings, held.get(), null, Holder.byLease(seen));
                if (plan.isPresent()) {
                    return plan.get();
                }
            }
            var heirs = departure.heirs(seen, settings, held.get());
            // If a hand-over that a user requested was refused, that says nothing about this one.
            boolean failed = seen.failures().stream()
                    .anyMatch(failure -> failure.task() instanceof Job.HandOver tried
                            && tried.terms().insists());
            if (seen.server().accepting() && !seen.server().inRecovery() && !heirs.isEmpty() && !failed) {
                return departure.stop(seen, held.get(), heirs);
            }
        }
        if (seen.server().process()) {
            return Plan.job(new Job.Stop(), kept(seen));
        }
        boolean idle = seen.running().isEmpty();
        // If the Lease is not given back in time, it runs out by itself: an unreachable API server does not delay the
        // end of a pod.
        boolean valid = seen.proof()
                .filter(proof -> seen.now().minus(proof).compareTo(timers.stop()) < 0)
                .isPresent();
        if (idle && holds(seen) && valid) {
            ClusterLease state = seen.lease().orElseThrow().state();
            // A Lease without a finished database system keeps its phase: the next holder must know that one was begun.
            return Plan.lease(new LeaseWish.Release(
                    state.systemIdentifier() == null
                            ? state
                            : Leases.of(state).phase(Phase.Released).draft()));
        }
        return Plan.lease(kept(seen)).exiting(idle && !stillCalled(seen));
    }

    /**
     * Whether clients may still connect to this pod, because the Service takes a moment to lead to the successor. While this pod exists they are
     * refused at once; after that, nothing answers them until they time out (docs/decisions/0007).
     */
    private boolean stillCalled(Observation seen) {
        Duration since = seen.now().minus(seen.knowledge().own().handedOverAt());
        boolean succeeded = seen.lease()
                .filter(lease -> !lease.holder().isEmpty() && !Timelines.pending(lease.state()))
                .isPresent();
        boolean turned =
                succeeded && !holds(seen) && seen.now().minus(seen.leaseSeen()).compareTo(TURNED) >= 0;
        return Departure.begun(seen) && !turned && since.compareTo(SUCCESSION) < 0;
    }

    private LeaseWish kept(Observation seen) {
        return seen.lease()
                .filter(lease -> holds(seen))
                .<LeaseWish>map(lease -> new LeaseWish.Keep(lease.state()))
                .orElseGet(LeaseWish.Watch::new);
    }

    /** The API server is away, or somebody deleted the Lease. Any member that was not the last primary can serve reads. */
    private Plan withoutLease(Observation seen, Settings settings, VolumeState volume) {
        Optional<ClusterLease> known = seen.remembered()
                .filter(state -> state.systemIdentifier() != null
                        && state.systemIdentifier().equals(volume.systemIdentifier()));
        if (known.isEmpty()
                || Leases.dismissed(me, settings, known)
                || settings.fenced().contains(me.ordinal())) {
            return Plan.watch();
        }
        ClusterLease state = known.get();
        if (lastHolder(state)) {
            return volume.content() == VolumeContent.Data ? recreation.plan(seen, settings, state) : Plan.watch();
        }
        return replica.withoutLease(seen, state, volume, heard(seen, state));
    }

    /** The holder's address, if the holder has asked this very member for a promise: that is as good as having seen its Lease. */
    private Optional<String> heard(Observation seen, ClusterLease state) {
        return seen.knowledge()
                .accepted()
                .filter(promise -> promise.epoch() == state.epoch()
                        && promise.until().compareTo(seen.now()) > 0
                        && !Timelines.pending(state)
                        && seen.knowledge().promise().resourceVersion() != null
                        && rules.mayReceive(seen.knowledge().promise(), promise.resourceVersion()))
                .map(promise -> state.address());
    }

    /** Whether this member, by name, was the last to hold the Lease for a reign. */
    private boolean lastHolder(ClusterLease state) {
        return !state.history().isEmpty() && state.history().getLast().holder().equals(me.pod());
    }

    /**
     * Whether the last holder may take the Lease again. Either the Lease was given back, and other members had time to take it where they should
     * come first. Or a former container of this very pod holds it; that container is gone, as the kubelet starts a container only after the
     * previous one, and this agent has the lock on the volume. Or it was not renewed for as long as it lasts, by this member's own clock.
     */
    private boolean mayTake(Observation seen, LeaseView lease) {
        Duration age = seen.now().minus(seen.leaseSeen());
        if (lease.state().unfit().contains(me.ordinal()) && age.compareTo(UNFIT) < 0) {
            return false;
        }
        if (lease.holder().isEmpty()) {
            boolean back = lease.state().phase() == Phase.HandingOver
                    || seen.knowledge().own().stepped().isPresent()
                            && lease.state().members().size() > 1;
            return !back || age.compareTo(STAND_BACK) >= 0;
        }
        return lease.holder().startsWith(me.podPrefix())
                || rules.expired(
                        seen.leaseSeen(), seen.now(), Timers.of(lease.state()).lease());
    }

    /**
     * Whether there is a proof newer than the moment when PostgreSQL was last seen dead: this member has the right now, and did not just have it
     * once. A holder that meant to give the Lease back must have renewed it since, or hold promises that such a write counts for nothing: what it
     * has sent may still arrive, and a member that takes a Lease that was given back does not wait for it to run out.
     */
    private boolean proven(Observation seen) {
        Optional<Duration> newest = Stream.concat(seen.proof().stream(), seen.knowledge().failsafe().stream())
                .max(Duration::compareTo);
        if (!rules.stayed(seen.knowledge().leaving(), newest)) {
            return false;
        }
        return newest.stream()
                .filter(proof -> proof.compareTo(seen.serverGone()) > 0)
                .anyMatch(proof ->
                        seen.now().minus(proof).compareTo(timers.renew().plus(timers.request())) < 0);
    }
}
