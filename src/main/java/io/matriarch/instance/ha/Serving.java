package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Replication;
import io.matriarch.api.contract.Settings.ReplicationMode;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.api.contract.Settings.WhenUnavailable;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.TimelineHistory;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Knowledge.Own;
import io.matriarch.instance.ha.SyncPlan.Step;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A primary in office. It keeps the Lease up to date with its WAL position and its members, lets clients in once nothing that they see can be
 * lost, and brings about what users want, one job at a time.
 */
final class Serving {
    private static final Duration SLOTS = Duration.ofSeconds(10);
    private static final Duration MISSED = Duration.ofSeconds(5);
    private static final Duration GONE = Duration.ofSeconds(30);

    private final Me me;
    private final Rules rules;
    private final SyncPlan syncPlan;
    private final Departure departure;

    Serving(Me me, Rules rules) {
        this.me = me;
        this.rules = rules;
        this.syncPlan = new SyncPlan(rules);
        this.departure = new Departure(me);
    }

    Plan plan(Observation seen, Settings settings, ClusterLease state) {
        Leases draft = Leases.of(state);
        ServerState server = seen.server();
        int given = state.history().getLast().timeline();
        if (server.timeline() > 0 && server.timeline() != given) {
            return Plan.lease(new LeaseWish.Keep(state))
                    .killing("it is on timeline %d, and the Lease gave it %d".formatted(server.timeline(), given));
        }
        if (promoting(seen, state)) {
            // The job is about to report where the timeline began; a write now would delay that one.
            return Plan.lease(new LeaseWish.Keep(state));
        }
        boolean recorded = begun(seen, state, draft);
        members(seen, settings, state, draft);
        Step step = recorded ? step(seen, settings, state) : new Step.Done();
        if (step instanceof Step.Lease next) {
            draft.sync(next.sync());
        }
        requests(seen, settings, state, draft);
        if (settings.failover() != null) {
            draft.profile(settings.failover().profile());
        }
        Plan plan = Plan.lease(new LeaseWish.Keep(draft.draft()));
        List<Integer> unlocated = unlocated(seen);
        if (!unlocated.isEmpty()) {
            plan = plan.with(new Ask.Addresses(unlocated));
        }
        if (!recorded) {
            // No member may follow before the Lease says whose timeline it is; nothing else matters until then.
            return plan;
        }
        return plan.or(gate(seen, state))
                .or(reign(seen, state))
                .or(slots(seen, settings, state))
                .or(synchronize(seen, step).filter(job -> !(job instanceof Job.Confirm)))
                .or(seen.passwordsWanted() ? Optional.of(new Job.SetPasswords()) : Optional.empty())
                .or(server.accepting() ? Replica.apply(seen, settings) : Optional.empty())
                // Confirm comes last: it waits for replicas, and they may wait for one of the other jobs.
                .or(synchronize(seen, step))
                .beside(checkpoint(seen, state));
    }

    private static boolean promoting(Observation seen, ClusterLease state) {
        return Timelines.pending(state)
                && seen.running().filter(job -> job instanceof Job.Promote).isPresent();
    }

    /** Whether the Lease says that this reign's timeline has begun; if not, the draft says so next. */
    private static boolean begun(Observation seen, ClusterLease state, Leases draft) {
        if (!Timelines.pending(state)) {
            return true;
        }
        int timeline = seen.server().timeline();
        if (timeline > 0) {
            TimelineHistory made = seen.knowledge().own().history();
            draft.promoted(Optional.ofNullable(made).filter(history -> history.timeline() == timeline));
        }
        return false;
    }

    private void members(Observation seen, Settings settings, ClusterLease state, Leases draft) {
        ServerState server = seen.server();
        SortedSet<Integer> members = new TreeSet<>(state.members());
        members.addAll(server.streaming());
        members.add(me.ordinal());
        Sync sync = state.sync();
        boolean lossless = sync != null && sync.acknowledgements() > 0;
        Map<Integer, String> addresses = new TreeMap<>(state.addresses());
        addresses.put(me.ordinal(), me.address());
        for (Sender sender : server.wal().senders()) {
            addresses.put(
                    sender.ordinal(), seen.knowledge().addresses().getOrDefault(sender.ordinal(), sender.address()));
        }
        if (!lossless) {
            // A member that cannot be reached cannot promise anything either: if the API server became unreachable, it
            // would make this primary stop (docs/internals/protocol.md 5).
            Duration begun = seen.knowledge().leading();
            members.removeIf(member -> member != me.ordinal()
                    && !server.streaming().contains(member)
                    && seen.now()
                                    .minus(Optional.ofNullable(
                                                    seen.knowledge().senders().get(member))
                                            .map(Knowledge.Streamed::at)
                                            .orElse(begun))
                                    .compareTo(GONE)
                            >= 0);
        }
        members.removeIf(ordinal -> ordinal >= settings.instances() && ordinal != me.ordinal());
        if (sync != null) {
            members.addAll(sync.voters());
        }
        addresses.keySet().retainAll(members);
        List<Integer> unfit = state.unfit().stream()
                .filter(member -> !server.streaming().contains(member) && member != me.ordinal())
                .toList();
        draft.members(List.copyOf(members)).unfit(unfit);
        draft.addresses(addresses);
        Own own = seen.knowledge().own();
        if (server.wal().end() > 0) {
            draft.lsn(Lsn.text(server.wal().end()));
        }
        draft.containerId(own.containerId().isEmpty() ? null : own.containerId());
        if (own.checkpointed() == server.timeline()) {
            draft.checkpointTimeline(server.timeline());
        }
    }

    /**
     * The members that stream from here and whose pod address was not looked up yet. A member's connection need not come from the address where it
     * answers: the proxy of a service mesh and address translation between nodes show their own address.
     */
    private static List<Integer> unlocated(Observation seen) {
        return seen.server().wal().senders().stream()
                .map(Sender::ordinal)
                .filter(ordinal -> !seen.knowledge().addresses().containsKey(ordinal))
                .distinct()
                .toList();
    }

    private Step step(Observation seen, Settings settings, ClusterLease state) {
        Own own = seen.knowledge().own();
        if (seen.running().filter(job -> job instanceof Job.Synchronize).isPresent()) {
            // It is unknown which names are in use at this moment: the Lease must not rely on the former ones.
            return new Step.Done();
        }
        return syncPlan.next(target(seen, settings, state), state.sync(), own.synchronous(), own.confirmed());
    }

    /** What synchronous replication must be now; null for asynchronous. */
    private @Nullable Sync target(Observation seen, Settings settings, ClusterLease state) {
        Replication wanted = settings.replication();
        if (wanted == null || wanted.mode() == ReplicationMode.Async || wanted.acknowledgements() == 0) {
            return null;
        }
        Sync present = state.sync();
        SortedSet<Integer> voters = new TreeSet<>(present == null ? List.of() : present.voters());
        voters.addAll(seen.server().streaming());
        voters.add(me.ordinal());
        voters.removeIf(voter -> voter >= settings.instances() && voter != me.ordinal());
        if (voters.size() <= wanted.acknowledgements()) {
            return present;
        }
        boolean missed = seen.now().minus(seen.knowledge().enough()).compareTo(MISSED) >= 0;
        boolean degraded = present != null && present.acknowledgements() == 0;
        long there = seen.server().streaming().stream().filter(voters::contains).count();
        if (present == null || degraded) {
            return there >= wanted.acknowledgements()
                    ? new Sync(wanted.acknowledgements(), List.copyOf(voters))
                    : present;
        }
        if (wanted.acknowledgements() > present.acknowledgements() && there < wanted.acknowledgements()) {
            return present;
        }
        if (missed && wanted.whenUnavailable() == WhenUnavailable.Degrade && Holder.byLease(seen)) {
            return new Sync(0, List.of(me.ordinal()));
        }
        return new Sync(wanted.acknowledgements(), List.copyOf(voters));
    }

    private Optional<Job> synchronize(Observation seen, Step step) {
        return switch (step) {
            case Step.Names names -> {
                boolean certain = rules.certain(seen.knowledge().settled(), seen.proof());
                yield names.relaxes() && !certain
                        ? Optional.empty()
                        : Optional.of(new Job.Synchronize(
                                names.names().acknowledgements(), names.names().voters()));
            }
            case Step.Confirm confirm ->
                Optional.of(new Job.Confirm(
                        confirm.names().acknowledgements(), confirm.names().voters()));
            case Step.Lease lease -> Optional.empty();
            case Step.Done done -> Optional.empty();
        };
    }

    /**
     * After a crash, lets clients in only once as many replicas as commits wait for have what the crash made visible
     * (docs/internals/postgresql.md 13).
     */
    private Optional<Job> gate(Observation seen, ClusterLease state) {
        long gate = seen.knowledge().own().gate();
        if (gate == 0) {
            return Optional.empty();
        }
        boolean enough = flushed(seen, gate, state.sync())
                && flushed(seen, gate, seen.knowledge().own().synchronous());
        return enough ? Optional.of(new Job.OpenGate()) : Optional.empty();
    }

    private static boolean flushed(Observation seen, long lsn, @Nullable Sync sync) {
        return sync == null
                || seen.server().wal().senders().stream()
                                .filter(sender -> sync.voters().contains(sender.ordinal()))
                                .filter(sender -> sender.flushed() >= lsn)
                                .count()
                        >= sync.acknowledgements();
    }

    private Optional<Job> reign(Observation seen, ClusterLease state) {
        Knowledge known = seen.knowledge();
        return known.own().reign() != state.epoch()
                ? Optional.of(new Job.BeginReign(state.epoch(), seen.server().timeline()))
                : Optional.empty();
    }

    /** Keeps the slot of a member that is to go for as long as it is a member: it could not stream without it. */
    private Optional<Job> slots(Observation seen, Settings settings, ClusterLease state) {
        SortedSet<Integer> wanted = new TreeSet<>(state.members());
        for (int ordinal = 0; ordinal < settings.instances(); ordinal++) {
            wanted.add(ordinal);
        }
        wanted.remove(me.ordinal());
        List<Integer> slots = List.copyOf(wanted);
        List<Integer> awaited = awaited(seen, state, slots);
        boolean changed = !new TreeSet<>(slots).equals(new TreeSet<>(seen.slots()))
                || !awaited.equals(seen.knowledge().own().awaited());
        Duration since = seen.now().minus(seen.slotsKept());
        return changed && since.toMillis() >= 500 || since.compareTo(SLOTS) >= 0
                ? Optional.of(new Job.KeepSlots(slots, awaited))
                : Optional.empty();
    }

    /**
     * The members that consumers of logical slots wait for: those that stream, so that an absent member does not delay consumers. While too few
     * stream for a commit to be acknowledged, all voters, so that consumers wait as commits do: what they would see could still be lost
     * (docs/decisions, 10).
     */
    private List<Integer> awaited(Observation seen, ClusterLease state, List<Integer> slots) {
        Sync used = seen.knowledge().own().synchronous();
        Sync names = used == null ? state.sync() : used;
        List<Integer> streaming = seen.server().streaming().stream()
                .filter(slots::contains)
                .sorted()
                .distinct()
                .toList();
        if (names == null || streaming.stream().filter(names.voters()::contains).count() >= names.acknowledgements()) {
            return streaming;
        }
        return names.voters().stream()
                .filter(voter -> voter != me.ordinal())
                .sorted()
                .toList();
    }

    private static Optional<Chore> checkpoint(Observation seen, ClusterLease state) {
        int timeline = seen.server().timeline();
        return timeline > 1
                        && state.checkpointTimeline() != timeline
                        && seen.knowledge().own().checkpointed() != timeline
                ? Optional.of(new Chore.Checkpoint())
                : Optional.empty();
    }

    /** Answers the requests that can be answered, and starts the oldest requested hand-over by writing it into the Lease. */
    private void requests(Observation seen, Settings settings, ClusterLease state, Leases draft) {
        boolean serves = !Timelines.pending(state) && seen.knowledge().own().reign() == state.epoch();
        Handoff mine = state.handoff();
        if (mine != null && mine.to() == me.ordinal() && serves) {
            draft.handoff(null).answer(done(settings, mine));
        }
        for (Request request : settings.requests()) {
            boolean settled =
                    state.answered().stream().anyMatch(answer -> answer.id().equals(request.id()));
            boolean begun =
                    mine != null && mine.to() == me.ordinal() && request.id().equals(mine.request());
            boolean waits = request.kind() == RequestKind.Switchover && !serves;
            if (!settled && !begun && !waits) {
                settle(seen, settings, state, draft, request);
            }
        }
    }

    /** The answer to the hand-over that brought this member into office. */
    private Answer done(Settings settings, Handoff handoff) {
        String id = Objects.requireNonNullElse(handoff.request(), "");
        Integer to = Departure.request(settings, handoff).map(Request::to).orElse(me.ordinal());
        return to == me.ordinal()
                ? new Answer(id, Outcome.Done, me.pod() + " is the primary")
                : new Answer(
                        id,
                        Outcome.Aborted,
                        "%s is the primary: %s did not have everything in time when the former one had stopped"
                                .formatted(me.pod(), me.pod(to)));
    }

    private void settle(Observation seen, Settings settings, ClusterLease state, Leases draft, Request request) {
        Integer to = request.to();
        boolean mine = to != null && to == me.ordinal();
        switch (request.kind()) {
            case ForceFailover ->
                draft.answer(
                        mine
                                ? new Answer(request.id(), Outcome.Done, me.pod() + " is the primary")
                                : Holder.refused(
                                        request, me.pod() + " is the primary and serves: ask for a switchover"));
            case Rebuild -> {
                if (mine) {
                    draft.answer(Holder.refused(request, me.pod() + " is the primary: switch over first"));
                }
            }
            case Switchover -> {
                List<Integer> heirs = departure.heirs(seen, settings, state);
                if (mine) {
                    draft.answer(new Answer(request.id(), Outcome.Done, me.pod() + " is the primary"));
                } else if (to != null && !heirs.contains(to) || heirs.isEmpty()) {
                    draft.answer(Holder.refused(request, why(settings, state, to)));
                } else if (state.handoff() == null) {
                    draft.handoff(new Handoff(to == null ? heirs.getFirst() : to, "0/0", request.id()));
                }
            }
        }
    }

    private String why(Settings settings, ClusterLease state, @Nullable Integer to) {
        if (to == null) {
            return "no replica streams and keeps up";
        }
        if (to >= settings.instances()) {
            return "member %d does not exist: the cluster has %d".formatted(to, settings.instances());
        }
        if (settings.fenced().contains(to)) {
            return "the member %d is fenced".formatted(to);
        }
        if (!state.members().contains(to)) {
            return "the member %d is not in the cluster at the moment".formatted(to);
        }
        return "the member %d does not stream, or is too far behind".formatted(to);
    }

    /** Gives up the intended hand-over. */
    static ClusterLease withdrawn(ClusterLease state, Outcome outcome, String why) {
        Leases draft = Leases.of(state);
        Handoff handoff = state.handoff();
        if (handoff != null && handoff.request() != null) {
            draft.answer(new Answer(handoff.request(), outcome, why));
        }
        return draft.handoff(null).draft();
    }
}
