package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Peer.Vacancy;
import io.matriarch.api.contract.Peer.Vote;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Knowledge.Ballot;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Somebody deleted the Lease, and with it the record of the last primary. A member that remembers being that primary creates the Lease again once
 * every other member has said that it knows of no later one: then nobody was promoted since, and its data is the newest there is. A member that
 * does not answer may have been promoted, so only a human can decide to continue without it.
 */
final class Recreation {
    private static final Duration RETRY = Duration.ofSeconds(2);

    private final Me me;
    private final Rules rules;

    Recreation(Me me, Rules rules) {
        this.me = me;
        this.rules = rules;
    }

    /** What this member does when it was the last primary that it knows of, and has its data. */
    Plan plan(Observation seen, Settings settings, ClusterLease state) {
        Optional<Duration> missing =
                seen.knowledge().missing().filter(since -> rules.expired(since, seen.now(), Timers.LONGEST));
        if (missing.isEmpty()) {
            return Plan.watch();
        }
        SortedSet<Integer> others = new TreeSet<>(state.members());
        IntStream.range(0, settings.instances()).forEach(others::add);
        others.remove(me.ordinal());
        Peer.VoteRequest request = new Peer.VoteRequest(state.epoch() + 1, "", me.ordinal(), Vacancy.Missing);
        Optional<Ballot> ballot = seen.knowledge()
                .ballot()
                .filter(known ->
                        known.request().equals(request) && known.began().compareTo(missing.get()) > 0);
        List<Vote> votes =
                ballot.map(known -> List.copyOf(known.votes().values())).orElse(List.of());
        boolean all = rules.agree(others, votes);
        if (all) {
            long epoch = LongStream.concat(
                            LongStream.of(
                                    request.epoch(), seen.knowledge().promise().epoch()),
                            votes.stream().mapToLong(Vote::epoch))
                    .max()
                    .orElseThrow();
            return Plan.lease(new LeaseWish.Create(Leases.returned(state, epoch, me)));
        }
        Plan waiting = ballot.isEmpty()
                ? Plan.watch()
                : Plan.problem(disputed(ballot.get().told(), others));
        boolean again = ballot.map(Ballot::asked)
                .map(asked -> seen.now().minus(asked).compareTo(RETRY) >= 0)
                .orElse(true);
        return again ? waiting.with(new Ask.Votes(List.copyOf(others), request)) : waiting;
    }

    private Problem disputed(Map<Integer, Vote> told, SortedSet<Integer> others) {
        String reasons = others.stream()
                .filter(ordinal ->
                        !told.containsKey(ordinal) || !told.get(ordinal).granted())
                .map(ordinal -> me.pod(ordinal) + " "
                        + (told.containsKey(ordinal) ? told.get(ordinal).reason() : "does not answer"))
                .collect(Collectors.joining(", "));
        return new Problem(
                Problem.Reason.LeaseGone,
                "the Lease was deleted. %s was the last primary that it knows of, and writes the Lease again when all other members agree: %s"
                        .formatted(me.pod(), reasons.isEmpty() ? "all do" : reasons));
    }
}
