package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Peer.Vacancy;
import io.matriarch.api.contract.Peer.Vote;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Knowledge.Ballot;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A replica that may become the primary (docs/internals/protocol.md 6):
 *
 * <ol>
 *   <li>It finds the Lease vacant, by evidence or by time.
 *   <li>It asks for votes, its own included. A member that grants its vote has stopped receiving, and says how far its WAL goes.
 *   <li>With a quorum of votes, it takes the Lease if it is the best itself, at exactly the resourceVersion that was voted at; otherwise it tells
 *       the best member to stand.
 * </ol>
 */
final class Candidate {
    private static final Duration LATE_VOTES = Duration.ofMillis(100);
    private static final Duration ALL_VOTES = Duration.ofSeconds(1);
    private static final Duration RETRY = Duration.ofSeconds(2);
    private static final Duration STAGGER = Duration.ofMillis(300);
    private static final Duration ANOTHER = Duration.ofMillis(600);
    private static final Duration COURTESY = Duration.ofMillis(1500);
    private static final Duration NOMINATED = Duration.ofSeconds(10);
    private static final Duration UNFIT = Duration.ofSeconds(30);
    private static final long MAX_LAG = 16L << 20;

    private final Me me;
    private final Rules rules;

    Candidate(Me me, Rules rules) {
        this.me = me;
        this.rules = rules;
    }

    /** What to do about a vacancy; empty when there is none, or this member cannot stand. */
    Optional<Plan> stand(Observation seen, Settings settings, LeaseView lease) {
        if (!mayStand(seen, settings, lease.state())) {
            return Optional.empty();
        }
        Optional<Vacancy> vacancy = vacancy(seen, settings, lease);
        if (vacancy.isEmpty()) {
            return doubt(seen, lease);
        }
        if (anotherStands(seen, lease)) {
            return Optional.empty();
        }
        return Optional.of(elect(seen, settings, lease, vacancy.get()));
    }

    private boolean mayStand(Observation seen, Settings settings, ClusterLease state) {
        Sync sync = state.sync();
        return !seen.stopping()
                && !settings.fenced().contains(me.ordinal())
                && state.members().contains(me.ordinal())
                && (sync == null
                        || sync.voters().contains(me.ordinal())
                        || forced(settings, state).isPresent())
                && (!state.unfit().contains(me.ordinal()) || nominated(seen) || nobodyElse(seen))
                && state.phase() != Phase.Bootstrapping
                && seen.server().accepting()
                && seen.server().inRecovery();
    }

    /** A member that could not be promoted tries again when others find that it has the newest data. */
    private static boolean nominated(Observation seen) {
        return seen.knowledge()
                .nominated()
                .filter(at -> seen.now().minus(at).compareTo(NOMINATED) < 0)
                .isPresent();
    }

    /** The Lease has not been written for so long that any fit member would have stood and won. */
    private static boolean nobodyElse(Observation seen) {
        return seen.now().minus(seen.leaseSeen()).compareTo(UNFIT) >= 0;
    }

    /** A request that was done or refused no longer forces anything. */
    private Optional<Request> forced(Settings settings, ClusterLease state) {
        return settings.requests().stream()
                .filter(request -> request.kind() == RequestKind.ForceFailover)
                .filter(request -> state.answered().stream()
                        .noneMatch(answer -> answer.id().equals(request.id())))
                .filter(request -> request.to() == null || request.to() == me.ordinal())
                .findFirst();
    }

    private Optional<Vacancy> vacancy(Observation seen, Settings settings, LeaseView lease) {
        ClusterLease state = lease.state();
        Knowledge known = seen.knowledge();
        if (lease.holder().isEmpty() && state.phase() != Phase.HandingOver) {
            return anotherFirst(seen, state) ? Optional.empty() : Optional.of(Vacancy.Released);
        }
        if (handedToMe(seen, lease).isPresent()) {
            return Optional.of(Vacancy.HandingOver);
        }
        String container = state.containerId();
        if (!lease.holder().isEmpty() && container != null && known.ended().contains(container)) {
            return Optional.of(Vacancy.Terminated);
        }
        boolean promised = known.accepted()
                .filter(promise -> promise.until().compareTo(seen.now()) > 0)
                .isPresent();
        if (!promised
                && rules.expired(seen.leaseSeen(), seen.now(), Timers.of(state).lease())) {
            return Optional.of(forced(settings, state).isPresent() ? Vacancy.Forced : Vacancy.Expired);
        }
        return Optional.empty();
    }

    /** Whether the former primary named another member: an election with two candidates takes twice as long. */
    private boolean anotherFirst(Observation seen, ClusterLease state) {
        return state.handoff() != null
                && state.handoff().to() != me.ordinal()
                && seen.now().minus(seen.leaseSeen()).compareTo(ANOTHER) < 0;
    }

    /** Whether another member asks for votes at exactly this Lease and has this member's vote. Wait for it: it tells the best member to stand. */
    private boolean anotherStands(Observation seen, LeaseView lease) {
        Knowledge known = seen.knowledge();
        boolean stands = known.ballot()
                .filter(ballot -> ballot.request().resourceVersion().equals(lease.resourceVersion()))
                .isPresent();
        return !stands
                && !nominated(seen)
                && known.granted()
                        .filter(vote -> vote.ordinal() != me.ordinal()
                                && vote.resourceVersion().equals(lease.resourceVersion())
                                && seen.now().minus(vote.at()).compareTo(COURTESY) < 0)
                        .isPresent();
    }

    /** The position where the former primary stopped, if it stopped so that this member takes over. */
    private Optional<Long> handedToMe(Observation seen, LeaseView lease) {
        Handoff handoff = lease.state().handoff();
        if (lease.holder().isEmpty()
                && lease.state().phase() == Phase.HandingOver
                && handoff != null
                && handoff.to() == me.ordinal()) {
            return Optional.of(Lsn.parse(handoff.lsn()));
        }
        return seen.knowledge()
                .handedTo()
                .filter(asked -> asked.epoch() == lease.state().epoch()
                        && asked.resourceVersion().equals(lease.resourceVersion()))
                .map(Knowledge.HandedTo::lsn);
    }

    /** The holder is late, or its WAL no longer arrives: ask the API server whether the kubelet has seen the holder's container end. */
    private Optional<Plan> doubt(Observation seen, LeaseView lease) {
        boolean late = seen.now()
                        .minus(seen.leaseSeen())
                        .compareTo(Timers.of(lease.state()).failsafe())
                >= 0;
        if (lease.state().containerId() == null || !late && seen.server().receiving()) {
            return Optional.empty();
        }
        String[] identity = lease.holder().split("/");
        return identity.length < 2
                ? Optional.empty()
                : Optional.of(Plan.watch().with(new Ask.Container(identity[0], identity[1])));
    }

    private Plan elect(Observation seen, Settings settings, LeaseView lease, Vacancy vacancy) {
        ClusterLease state = lease.state();
        Knowledge known = seen.knowledge();
        List<Integer> electors =
                state.sync() == null ? state.members() : state.sync().voters();
        long epoch = Math.max(state.epoch() + 1, known.promise().epoch());
        epoch = Math.max(
                epoch,
                known.ballot().stream()
                        .filter(ballot -> ballot.request().resourceVersion().equals(lease.resourceVersion()))
                        .flatMap(ballot -> ballot.votes().values().stream())
                        .mapToLong(Vote::epoch)
                        .max()
                        .orElse(0));
        Peer.VoteRequest request = new Peer.VoteRequest(epoch, lease.resourceVersion(), me.ordinal(), vacancy);
        Optional<Ballot> ballot = known.ballot().filter(asked -> asked.request().equals(request));
        Duration patience = RETRY.plus(STAGGER.multipliedBy(me.ordinal()));
        boolean again =
                ballot.isPresent() && seen.now().minus(ballot.get().asked()).compareTo(patience) >= 0;
        if (ballot.isEmpty() || again && !wins(seen, state, ballot.get(), settings)) {
            Plan waiting =
                    ballot.map(asked -> waiting(seen, state, asked, electors)).orElse(Plan.watch());
            return waiting.with(new Ask.Votes(electors, request));
        }
        return count(seen, settings, lease, ballot.get(), electors);
    }

    private List<Vote> counting(Map<Integer, Vote> votes, ClusterLease state) {
        Sync sync = state.sync();
        return votes.values().stream()
                .filter(rules::counts)
                .filter(vote -> sync == null || sync.voters().contains(vote.ordinal()))
                .toList();
    }

    /** Whether enough members have voted and there is no reason to wait for more votes. */
    private boolean decided(Observation seen, ClusterLease state, Ballot ballot, Settings settings) {
        List<Vote> votes = counting(ballot.votes(), state);
        Vote own = ballot.votes().get(me.ordinal());
        if (own == null || !rules.counts(own)) {
            return false;
        }
        List<Integer> electors =
                state.sync() == null ? state.members() : state.sync().voters();
        boolean all = ballot.votes().keySet().containsAll(electors);
        Duration waited = seen.now().minus(ballot.asked());
        if (handed(seen, state, ballot, own)) {
            return true;
        }
        if (state.sync() == null || forced(settings, state).isPresent()) {
            return all || waited.compareTo(ALL_VOTES) >= 0;
        }
        return votes.size() >= rules.quorum(state.sync()) && (all || waited.compareTo(LATE_VOTES) >= 0);
    }

    /** A member that was better may be gone by now: ask the others again until this member is the best of those that answer. */
    private boolean wins(Observation seen, ClusterLease state, Ballot ballot, Settings settings) {
        return decided(seen, state, ballot, settings)
                && best(seen, state, ballot)
                        .map(Vote::ordinal)
                        .filter(best -> best == me.ordinal())
                        .isPresent();
    }

    /** The best of the votes that count. A member to which a stopped primary handed everything needs no comparison. */
    private Optional<Vote> best(Observation seen, ClusterLease state, Ballot ballot) {
        Optional<Vote> own = Optional.ofNullable(ballot.votes().get(me.ordinal()));
        boolean handed = own.filter(vote -> handed(seen, state, ballot, vote)).isPresent();
        // Among equals, prefer the candidate itself: telling another member to stand would cost one more round.
        Comparator<Vote> best = rules.best()
                .thenComparing(vote -> vote.ordinal() == me.ordinal())
                .thenComparing(vote -> -vote.ordinal());
        return handed ? own : counting(ballot.votes(), state).stream().max(best);
    }

    /** Whether this member needs no other member's vote. */
    private boolean handed(Observation seen, ClusterLease state, Ballot ballot, Vote own) {
        return ballot.request().vacancy() == Vacancy.HandingOver
                && rules.handed(seen.knowledge().promise(), state)
                && complete(seen, own);
    }

    /** Whether this member has everything of a primary that stopped for it. */
    private boolean complete(Observation seen, Vote own) {
        return seen.lease()
                .flatMap(lease -> handedToMe(seen, lease))
                .filter(end -> end > 0 && own.lsn() != null && Lsn.parse(own.lsn()) > end)
                .isPresent();
    }

    private Plan count(Observation seen, Settings settings, LeaseView lease, Ballot ballot, List<Integer> electors) {
        ClusterLease state = lease.state();
        if (!decided(seen, state, ballot, settings)) {
            return waiting(seen, state, ballot, electors);
        }
        Vote own = java.util.Objects.requireNonNull(ballot.votes().get(me.ordinal()));
        Vote best = best(seen, state, ballot).orElse(own);
        if (best.ordinal() != me.ordinal()) {
            Peer.Nomination nomination =
                    new Peer.Nomination(ballot.request().epoch(), lease.resourceVersion(), me.ordinal());
            return Plan.watch().with(new Ask.Nominate(best.ordinal(), nomination));
        }
        long lag = state.lsn() == null || own.lsn() == null ? 0 : Lsn.parse(state.lsn()) - Lsn.parse(own.lsn());
        long most = settings.failover() == null ? MAX_LAG : settings.failover().maxLag();
        if (state.sync() == null && lag > most && forced(settings, state).isEmpty()) {
            return Plan.problem(new Problem(
                    Problem.Reason.LagTooHigh,
                    "%s is the best replica, but the primary was %d bytes ahead, and at most %d may be lost. Bring %s back, or force a failover"
                            .formatted(
                                    me.pod(),
                                    lag,
                                    most,
                                    state.history().getLast().holder())));
        }
        return Plan.lease(new LeaseWish.Take(
                rules.takenAt(ballot.request(), lease),
                taken(seen, settings, state, ballot.request().epoch(), own)));
    }

    private ClusterLease taken(Observation seen, Settings settings, ClusterLease state, long epoch, Vote own) {
        long voted = own.lsn() == null ? 0 : Lsn.parse(own.lsn());
        long end = Math.min(voted, seen.server().wal().replayed());
        Leases draft = Leases.elected(state, epoch, rules.timeline(state, own.timeline()), me, own.timeline(), end);
        Handoff handoff = state.handoff();
        if (handoff != null && handoff.request() != null) {
            if (handoff.to() == me.ordinal()) {
                // The request is done once this member serves; it is answered then.
                draft.handoff(handoff);
            } else {
                draft.answer(new Answer(
                        handoff.request(),
                        Outcome.Aborted,
                        "%s took over before the hand-over was done".formatted(me.pod())));
            }
        }
        forced(settings, state)
                .ifPresent(request -> draft.answer(
                        new Answer(request.id(), Outcome.Done, me.pod() + " became the primary by force")));
        return draft.draft();
    }

    /** What to do until enough members have voted; every round reports the same words. */
    private Plan waiting(Observation seen, ClusterLease state, Ballot ballot, List<Integer> electors) {
        Map<Integer, Vote> told = ballot.told();
        long granted = counting(told, state).size();
        int needed = state.sync() == null ? 1 : rules.quorum(state.sync());
        if (seen.now().minus(ballot.began()).compareTo(RETRY) < 0 || granted >= needed) {
            return Plan.watch();
        }
        return Plan.problem(new Problem(
                Problem.Reason.NoQuorum,
                "%s may have the newest data, but only %d of %s %s voted, and %s must: %s"
                        .formatted(
                                me.pod(),
                                granted,
                                electors.stream().map(me::pod).collect(Collectors.joining(", ")),
                                granted == 1 ? "has" : "have",
                                needed,
                                reasons(told, electors))));
    }

    private String reasons(Map<Integer, Vote> told, List<Integer> electors) {
        return electors.stream()
                .filter(ordinal ->
                        !told.containsKey(ordinal) || told.get(ordinal).reason() != null)
                .map(ordinal -> me.pod(ordinal) + " "
                        + (told.containsKey(ordinal) ? told.get(ordinal).reason() : "does not answer"))
                .collect(Collectors.joining(", "));
    }
}
