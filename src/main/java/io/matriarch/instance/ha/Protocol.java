package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.VolumeContent;
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
 * What one member does, purely: observation in, decision out (docs/internals/protocol.md; docs/contract.md, "High availability"). The order of the
 * questions:
 *
 * <ol>
 *   <li>May PostgreSQL go on? A primary without a young proof may not ({@link #fence}).
 *   <li>Is this pod to end? Hand over or stop, then give the Lease back.
 *   <li>Are settings, Lease and volume known?
 *   <li>Is there a database system yet? If not: only the member that the order names does anything ({@link Bootstrap}).
 *   <li>Do I hold the Lease? Then I serve, or leave ({@link Holder}).
 *   <li>Was I the last primary, and nobody was after me? Then I am it again, by the Lease.
 *   <li>Otherwise I follow who is ({@link Replica}), and stand when nobody is ({@link Candidate}).
 * </ol>
 */
public final class Protocol {
    /** So long after its successor's timeline has begun who handed over still refuses clients; all in all no longer than the other. */
    private static final Duration TURNED = Duration.ofMillis(1500);

    private static final Duration SUCCESSION = Duration.ofSeconds(5);

    /** Who gave the Lease back, or on, lets others try first. */
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

    /** What failed waits, unless the user changed something. */
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
     * How a PostgreSQL that was started as primary must end, if it must: it needs the Lease, and a proof that is young enough.
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

    /** The timers a holder goes by: those the Lease says, or the faster ones that it is about to write. */
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
            // Looked at again now and then: the user may have cleared the way.
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

    /** Takes office again: nobody was after this member, so its data is the newest there is. */
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
            // That a user's was refused says nothing of this one.
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
        // Not given back in time, it runs out by itself: an API server that is away holds no pod up.
        boolean valid = seen.proof()
                .filter(proof -> seen.now().minus(proof).compareTo(timers.stop()) < 0)
                .isPresent();
        if (idle && holds(seen) && valid) {
            ClusterLease state = seen.lease().orElseThrow().state();
            // Half-made database systems are not given back: who comes next must know that one was begun.
            return Plan.lease(new LeaseWish.Release(
                    state.systemIdentifier() == null
                            ? state
                            : Leases.of(state).phase(Phase.Released).draft()));
        }
        return Plan.lease(kept(seen)).exiting(idle && !stillCalled(seen));
    }

    /**
     * Whether clients may still come here, as the Service leads to the successor only in a moment: while this pod is there they are refused at
     * once, and afterwards nobody answers them until they give up (docs/decisions/0007).
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

    /** The API server is away, or somebody deleted the Lease. Reads can be served by whoever was not the last primary. */
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

    /** The holder, when it has asked this very member for a promise: that is as good as having seen its Lease. */
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
     * Vacancy, for who was the last holder: given back, and others had time to take it if they should; or held by a former container of this
     * very pod, which is gone, as the kubelet starts one only after the other and the lock on the volume is mine; or not renewed for as long as
     * it lasts, by my own clock.
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
     * A proof younger than the moment when PostgreSQL was last seen dead: the Lease is mine now, not only once. Who meant to give it back must
     * have renewed it since, or hold promises that it counts for nothing: what it has sent may still arrive, and whoever takes a Lease that was
     * given back asks no clock.
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
