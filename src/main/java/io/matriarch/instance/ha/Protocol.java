package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.instance.ha.Decision.Fence;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.postgres.Postgres.ServerState;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What one member does, purely: observation in, decision out (ha.md section 7; docs/contract.md, "The Lease in this release"). The order of
 * the questions:
 *
 * <ol>
 *   <li>May PostgreSQL go on? A primary without a young proof may not.
 *   <li>Is this pod to end? Stop, then give the Lease back.
 *   <li>Are settings, Lease and volume known?
 *   <li>Is there a database system yet? If not: only the member that the order names does anything.
 *   <li>Was I the last primary? Then I am it again, by the Lease. Otherwise I follow who is.
 * </ol>
 */
public final class Protocol {
    private static final Duration SLOTS = Duration.ofSeconds(10);

    private final Me me;
    private final Timers timers;

    public Protocol(Me me, Timers timers) {
        this.me = me;
        this.timers = timers;
    }

    public Decision decide(Observation seen) {
        Plan plan = plan(seen);
        Optional<Job> job =
                seen.running().isPresent() ? Optional.empty() : plan.job().filter(wanted -> due(wanted, seen));
        return new Decision(
                job,
                plan.lease(),
                Reports.of(me, seen, plan.problem(), holds(seen)),
                plan.exit(),
                List.of(),
                Optional.empty());
    }

    /** A job that failed waits, unless the user changed something. */
    private static boolean due(Job job, Observation seen) {
        return seen.failures().stream()
                .filter(failure -> failure.job().getClass() == job.getClass())
                .findFirst()
                .filter(failure -> java.util.Objects.equals(failure.settings(), revision(seen)))
                .map(failure -> seen.now().compareTo(failure.retry()) >= 0)
                .orElse(true);
    }

    private static @org.jspecify.annotations.Nullable String revision(Observation seen) {
        return seen.settings().map(Settings::toString).orElse(null);
    }

    private boolean holds(Observation seen) {
        return seen.lease().map(lease -> lease.holder().equals(me.identity())).orElse(false);
    }

    /** How a PostgreSQL that was started as primary must end, if it must: it needs the Lease, and a proof that is young enough. */
    public Fence fence(Optional<LeaseView> lease, Optional<Duration> proof, Duration now) {
        if (lease.isPresent() && !lease.get().holder().equals(me.identity())) {
            return Fence.Kill;
        }
        Duration age = proof.map(now::minus).orElse(timers.lease());
        if (age.compareTo(timers.kill()) >= 0) {
            return Fence.Kill;
        }
        return age.compareTo(timers.stop()) >= 0 ? Fence.Stop : Fence.None;
    }

    private record Plan(Optional<Job> job, LeaseWish lease, Optional<Problem> problem, boolean exit) {
        static Plan watch() {
            return new Plan(Optional.empty(), new LeaseWish.Watch(), Optional.empty(), false);
        }

        static Plan job(Job job, LeaseWish lease) {
            return new Plan(Optional.of(job), lease, Optional.empty(), false);
        }

        static Plan lease(LeaseWish lease) {
            return new Plan(Optional.empty(), lease, Optional.empty(), false);
        }

        static Plan problem(Problem problem) {
            return new Plan(Optional.empty(), new LeaseWish.Watch(), Optional.of(problem), false);
        }
    }

    private Plan plan(Observation seen) {
        if (seen.stopping()) {
            return stop(seen);
        }
        if (seen.settings().isEmpty()) {
            return Plan.watch();
        }
        if (seen.volume().isEmpty()) {
            return Plan.job(new Job.Inspect(), kept(seen));
        }
        VolumeState volume = seen.volume().get();
        if (volume.problem() != null) {
            // Looked at again now and then: the user may have cleared the way.
            return new Plan(
                    seen.server().process() ? Optional.empty() : Optional.of(new Job.Inspect()),
                    kept(seen),
                    Optional.of(volume.problem()),
                    false);
        }
        if (seen.lease().isEmpty()) {
            return withoutLease(seen, seen.settings().get(), volume);
        }
        Settings settings = seen.settings().get();
        LeaseView lease = seen.lease().get();
        if (lease.state().systemIdentifier() == null) {
            return bootstrap(seen, settings, lease, volume);
        }
        if (volume.content() == VolumeContent.Data
                && !lease.state().systemIdentifier().equals(volume.systemIdentifier())) {
            return Plan.problem(new Problem(
                    "ForeignVolume",
                    "data-%s holds system %s; this cluster is %s. Rename the claim or use another cluster name"
                            .formatted(
                                    me.pod(),
                                    volume.systemIdentifier(),
                                    lease.state().systemIdentifier())));
        }
        if (lastHolder(lease.state())) {
            return primary(seen, settings, lease, volume);
        }
        return me.ordinal() >= settings.instances() ? condemned(seen) : replica(seen, settings, lease, volume);
    }

    private Plan stop(Observation seen) {
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
        return new Plan(Optional.empty(), kept(seen), Optional.empty(), idle);
    }

    private LeaseWish kept(Observation seen) {
        return seen.lease()
                .filter(lease -> holds(seen))
                .<LeaseWish>map(lease -> new LeaseWish.Keep(lease.state()))
                .orElseGet(LeaseWish.Watch::new);
    }

    /** The API server is away, or somebody deleted the Lease. Reads can be served by whoever was not the last primary. */
    private Plan withoutLease(Observation seen, Settings settings, VolumeState volume) {
        boolean replica = seen.remembered()
                .filter(state -> !lastHolder(state))
                .filter(state -> state.systemIdentifier() != null
                        && state.systemIdentifier().equals(volume.systemIdentifier()))
                .isPresent();
        if (!replica || seen.server().process() || me.ordinal() >= settings.instances()) {
            return Plan.watch();
        }
        return Plan.job(new Job.StartReplica(seen.remembered().orElseThrow().address()), new LeaseWish.Watch());
    }

    private Plan bootstrap(Observation seen, Settings settings, LeaseView lease, VolumeState volume) {
        BootstrapOrder order = settings.bootstrap();
        if (order.action() == BootstrapAction.Inspect || order.ordinal() != me.ordinal()) {
            return Plan.watch();
        }
        boolean adopt = order.action() == BootstrapAction.Adopt;
        if (adopt
                && (volume.content() != VolumeContent.Data
                        || !java.util.Objects.equals(volume.systemIdentifier(), order.systemIdentifier()))) {
            return Plan.problem(new Problem(
                    "AdoptionFailed",
                    "data-%s was to be taken over with system %s, but holds %s"
                            .formatted(me.pod(), order.systemIdentifier(), volume.systemIdentifier())));
        }
        if (!holds(seen)) {
            long former = order.epoch() == null ? 0 : order.epoch();
            return mayTake(seen, lease)
                    ? Plan.lease(new LeaseWish.Take(
                            lease.resourceVersion(),
                            Leases.bootstrapping(
                                    lease.state(),
                                    Math.max(former, lease.state().epoch()) + 1,
                                    me)))
                    : Plan.watch();
        }
        LeaseWish keep = new LeaseWish.Keep(lease.state());
        ServerState server = seen.server();
        if (volume.content() == VolumeContent.Empty) {
            return proven(seen) ? Plan.job(new Job.Initdb(), keep) : Plan.lease(keep);
        }
        if (!server.process()) {
            return proven(seen) ? Plan.job(new Job.StartPrimary(lease.state().epoch()), keep) : Plan.lease(keep);
        }
        if (server.accepting() && !server.inRecovery() && volume.systemIdentifier() != null) {
            return Plan.lease(
                    new LeaseWish.Keep(Leases.born(lease.state(), volume.systemIdentifier(), server.timeline(), me)));
        }
        return Plan.lease(keep);
    }

    /** Whether this member, by name, was the last to hold the Lease for a reign. */
    private boolean lastHolder(ClusterLease state) {
        return !state.history().isEmpty() && state.history().getLast().holder().equals(me.pod());
    }

    /**
     * Vacancy, as far as this release knows it: given back; or held by a former container of this very pod, which is gone, as the kubelet
     * starts one only after the other and the lock on the volume is mine; or not renewed for as long as it lasts, by my own clock.
     */
    private boolean mayTake(Observation seen, LeaseView lease) {
        return lease.holder().isEmpty()
                || lease.holder().startsWith(me.podPrefix())
                || seen.now().minus(seen.leaseSeen()).compareTo(timers.lease()) >= 0;
    }

    /** A proof younger than the moment when PostgreSQL was last seen dead: the Lease is mine now, not only once. */
    private boolean proven(Observation seen) {
        return seen.proof()
                .filter(proof -> proof.compareTo(seen.serverGone()) > 0)
                .filter(proof ->
                        seen.now().minus(proof).compareTo(timers.renew().plus(timers.request())) < 0)
                .isPresent();
    }

    private Plan primary(Observation seen, Settings settings, LeaseView lease, VolumeState volume) {
        if (volume.content() != VolumeContent.Data) {
            return Plan.problem(new Problem(
                    "DataLost",
                    "%s was the primary and its volume is empty now. Nothing is made in its place. Bring the volume back, or restore the cluster from a backup"
                            .formatted(me.pod())));
        }
        if (!holds(seen)) {
            return mayTake(seen, lease)
                    ? Plan.lease(new LeaseWish.Take(
                            lease.resourceVersion(),
                            Leases.returned(lease.state(), lease.state().epoch() + 1, me)))
                    : Plan.watch();
        }
        ServerState server = seen.server();
        if (!server.process()) {
            LeaseWish keep = new LeaseWish.Keep(lease.state());
            return proven(seen) ? Plan.job(new Job.StartPrimary(lease.state().epoch()), keep) : Plan.lease(keep);
        }
        if (!server.accepting()) {
            return Plan.lease(new LeaseWish.Keep(lease.state()));
        }
        SortedSet<Integer> members = new TreeSet<>(lease.state().members());
        members.addAll(server.streaming());
        members.add(me.ordinal());
        members.removeIf(ordinal -> ordinal >= settings.instances() && ordinal != me.ordinal());
        Leases draft = Leases.of(lease.state()).members(List.copyOf(members));
        LeaseWish keep =
                new LeaseWish.Keep((server.timeline() == 0 ? draft : draft.timeline(server.timeline())).draft());
        List<Integer> slots = new ArrayList<>();
        for (int ordinal = 0; ordinal < settings.instances(); ordinal++) {
            if (ordinal != me.ordinal()) {
                slots.add(ordinal);
            }
        }
        boolean changed = !new TreeSet<>(slots).equals(new TreeSet<>(seen.slots()));
        if ((changed && seen.now().minus(seen.slotsKept()).toMillis() >= 500)
                || seen.now().minus(seen.slotsKept()).compareTo(SLOTS) >= 0) {
            return Plan.job(new Job.KeepSlots(slots), keep);
        }
        if (seen.passwordsWanted()) {
            return Plan.job(new Job.SetPasswords(), keep);
        }
        return new Plan(apply(seen, settings), keep, Optional.empty(), false);
    }

    private static Optional<Job> apply(Observation seen, Settings settings) {
        ServerState server = seen.server();
        boolean inUse = settings.revision().equals(server.settings()) && server.rejected() == null;
        boolean refused =
                server.rejected() != null && server.rejected().revision().equals(settings.revision());
        return inUse || refused ? Optional.empty() : Optional.of(new Job.Apply(settings.revision()));
    }

    private static Plan condemned(Observation seen) {
        return seen.server().process() ? Plan.job(new Job.Stop(), new LeaseWish.Watch()) : Plan.watch();
    }

    private Plan replica(Observation seen, Settings settings, LeaseView lease, VolumeState volume) {
        String address = lease.state().address();
        boolean serving =
                lease.state().phase() == Phase.Serving && !lease.holder().isEmpty();
        LeaseWish watch = new LeaseWish.Watch();
        if (volume.content() != VolumeContent.Data) {
            return serving && address != null
                    ? Plan.job(
                            new Job.Clone(
                                    address,
                                    java.util.Objects.requireNonNull(
                                            lease.state().systemIdentifier())),
                            watch)
                    : Plan.watch();
        }
        ServerState server = seen.server();
        if (!server.process()) {
            return Plan.job(new Job.StartReplica(address), watch);
        }
        boolean fresh = seen.now().minus(seen.leaseSeen()).compareTo(timers.lease()) < 0;
        if (server.walGone() && !server.receiving() && serving && fresh) {
            return Plan.job(new Job.Discard(), watch);
        }
        if (server.accepting() && address != null && !address.equals(seen.following())) {
            return Plan.job(new Job.Follow(address), watch);
        }
        return new Plan(server.accepting() ? apply(seen, settings) : Optional.empty(), watch, Optional.empty(), false);
    }
}
