package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Knowledge.Streamed;
import io.matriarch.instance.ha.Knowledge.Told;
import io.matriarch.instance.ha.Observation.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a holder leaves office without losing anything (docs/internals/protocol.md 8): it stops PostgreSQL cleanly, finds a replica that has all of
 * its WAL up to the very end, and hands the Lease to that replica.
 */
public final class Departure {
    /** A replica that is further behind than this would delay the shutdown. */
    private static final long NEAR = 16L << 20;

    private static final Duration RECENT = Duration.ofSeconds(5);
    private static final Duration TAKING = Duration.ofSeconds(3);

    private final Me me;

    Departure(Me me) {
        this.me = me;
    }

    /** The replicas that could take over at once, the best first; none until the Lease says that this reign's timeline has begun. */
    List<Integer> heirs(Observation seen, Settings settings, ClusterLease state) {
        if (Timelines.pending(state)) {
            return List.of();
        }
        return seen.knowledge().senders().entrySet().stream()
                .filter(entry -> electable(entry.getKey(), settings, state))
                .filter(entry -> seen.now().minus(entry.getValue().at()).compareTo(RECENT) < 0)
                .filter(entry -> entry.getValue().end() - entry.getValue().flushed() <= NEAR)
                .sorted(Comparator.comparingLong((Map.Entry<Integer, Streamed> entry) ->
                                -entry.getValue().flushed())
                        .thenComparing(Map.Entry::getKey))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static long replayed(Observation seen, int member) {
        Told told = seen.knowledge().told().get(member);
        return told == null ? 0 : told.replayed();
    }

    private boolean electable(int ordinal, Settings settings, ClusterLease state) {
        return ordinal != me.ordinal()
                && ordinal < settings.instances()
                && !settings.fenced().contains(ordinal)
                && state.members().contains(ordinal)
                && (state.sync() == null || state.sync().voters().contains(ordinal))
                && !state.unfit().contains(ordinal);
    }

    /** Whether a job is stopping PostgreSQL so that another member takes over: if it no longer runs, that is no reason to leave in another way. */
    static boolean begins(Observation seen) {
        return seen.running().filter(job -> job instanceof Job.HandOver).isPresent();
    }

    /** Whether PostgreSQL was stopped so that another member takes over. */
    static boolean begun(Observation seen) {
        return seen.knowledge().own().handedOver() > 0;
    }

    /** Stops PostgreSQL for one of the heirs, because this member must go. */
    Plan stop(Observation seen, ClusterLease state, List<Integer> heirs) {
        return stop(seen, state, heirs, Job.Terms.LEAVING);
    }

    private Plan stop(Observation seen, ClusterLease state, List<Integer> heirs, Job.Terms terms) {
        ServerState server = seen.server();
        LeaseWish keep = new LeaseWish.Keep(state);
        return server.accepting() && !server.inRecovery()
                ? Plan.job(new Job.HandOver(heirs, terms), keep)
                : Plan.lease(keep);
    }

    /**
     * Hands over as a user requested, or gives the request up: when the hand-over was tried and failed, or when the requested member does not keep
     * up.
     */
    Plan asked(Observation seen, Settings settings, ClusterLease state, List<Integer> heirs, Handoff handoff) {
        Optional<Request> request = request(settings, handoff);
        boolean any = request.filter(wanted -> wanted.to() == null).isPresent();
        Job.Terms terms = new Job.Terms(
                any ? null : Integer.valueOf(handoff.to()),
                request.filter(Request::endSessions).isPresent(),
                false,
                handoff.request());
        Optional<Problem> failed = seen.failures().stream()
                .filter(failure -> failure.task() instanceof Job.HandOver tried
                        && tried.terms().equals(terms))
                .findFirst()
                .map(Failure::problem);
        if (failed.isPresent()) {
            boolean untouched = failed.get().is(Problem.Reason.ReplayBehind);
            return Plan.lease(new LeaseWish.Keep(Serving.withdrawn(
                    state,
                    untouched ? Outcome.Refused : Outcome.Aborted,
                    failed.get().message())));
        }
        return (any ? !heirs.isEmpty() : heirs.contains(handoff.to()))
                ? stop(seen, state, heirs, terms)
                : Plan.lease(new LeaseWish.Keep(Serving.withdrawn(
                        state, Outcome.Aborted, "the member %d no longer keeps up".formatted(handoff.to()))));
    }

    /** The member that must get the Lease after the stop; null for any. */
    @Nullable
    Integer wanted(Settings settings, ClusterLease state) {
        Handoff handoff = state.handoff();
        if (handoff == null || handoff.to() == me.ordinal()) {
            return null;
        }
        Optional<Request> request = request(settings, handoff);
        return request.isPresent() ? request.get().to() : Integer.valueOf(handoff.to());
    }

    static Optional<Request> request(Settings settings, Handoff handoff) {
        return settings.requests().stream()
                .filter(request -> request.id().equals(handoff.request()))
                .findFirst();
    }

    /**
     * After PostgreSQL was stopped: finds a member that has everything, and hands the Lease to it. Empty when no member has everything and the
     * time to wait is over.
     *
     * @param to the member that must get the Lease, if one was requested
     */
    Optional<Plan> handOver(
            Observation seen, Settings settings, ClusterLease state, @Nullable Integer to, boolean proven) {
        long end = seen.knowledge().own().handedOver();
        Duration since = seen.knowledge().own().handedOverAt();
        boolean over = seen.now().minus(since).compareTo(TAKING) >= 0;
        if (seen.server().process() || over) {
            return over ? Optional.empty() : Optional.of(Plan.lease(new LeaseWish.Keep(state)));
        }
        List<Integer> complete = new ArrayList<>();
        for (Map.Entry<Integer, Told> entry : seen.knowledge().told().entrySet()) {
            Told told = entry.getValue();
            if (told.at().compareTo(since) >= 0
                    && told.timeline() == state.history().getLast().timeline()
                    && told.lsn() > end
                    && electable(entry.getKey(), settings, state)) {
                complete.add(entry.getKey());
            }
        }
        Optional<Integer> heir = to != null && complete.contains(to)
                ? Optional.of(to)
                : to != null && seen.now().minus(since).compareTo(TAKING.dividedBy(2)) < 0
                        ? Optional.empty()
                        // The rest of the WAL is replayed while nobody can write: prefer the member that has replayed
                        // most.
                        : complete.stream()
                                .max(Comparator.comparing((Integer member) -> replayed(seen, member))
                                        .thenComparing(Comparator.reverseOrder()));
        LeaseWish keep = new LeaseWish.Keep(state);
        if (heir.isEmpty()) {
            List<Integer> others = state.members().stream()
                    .filter(member -> electable(member, settings, state))
                    .toList();
            return Optional.of(Plan.lease(keep).with(new Ask.Positions(others)));
        }
        Handoff former = state.handoff();
        Handoff handoff = new Handoff(heir.get(), Lsn.text(end), former == null ? null : former.request());
        boolean away = Holder.away(seen);
        if ((!proven || away) && seen.knowledge().peerApi().isEmpty()) {
            // No other member could hand the Lease over for this one.
            return Optional.of(Plan.lease(keep));
        }
        if (!proven || away) {
            Peer.HandOver request =
                    new Peer.HandOver(state.epoch(), seen.lease().orElseThrow().resourceVersion(), Lsn.text(end));
            return Optional.of(Plan.lease(keep).with(new Ask.HandOver(heir.get(), request)));
        }
        return Optional.of(Plan.lease(new LeaseWish.Release(
                Leases.of(state).phase(Phase.HandingOver).handoff(handoff).draft())));
    }
}
