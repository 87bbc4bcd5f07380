package io.matriarch.instance.ha;

import static io.matriarch.instance.ha.Seen.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.Peer.Vote;
import io.matriarch.api.contract.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** orders-0 is gone, orders-2 cannot vote: orders-1 stands again and again, and says the same until something changes. */
class NoQuorumTest {
    private static final int STEP = 50;

    private final Seen seen = Seen.by(1);
    private final Memory memory = seen.memory();

    @Test
    void theReportIsTheSameInEachRound() {
        List<Optional<Problem>> told = new ArrayList<>();
        List<Runnable> late = new ArrayList<>();
        int rounds = 0;
        for (int millis = 0; millis < 20_000; millis += STEP) {
            Duration now = NOW.plusMillis(millis);
            late.forEach(Runnable::run);
            late.clear();
            Decision decision = decide(now);
            told.add(Optional.ofNullable(decision.report().problem()));
            for (Ask ask : decision.asks()) {
                if (ask instanceof Ask.Votes votes) {
                    rounds++;
                    memory.asking(votes.request(), now);
                    memory.voted(votes.request(), new Vote(true, null, 1, 1, "0/3000060", true, false, 3));
                    late.add(() -> memory.voted(
                            votes.request(), new Vote(false, "no replica runs here", 2, 0, null, false, false, 3)));
                }
            }
        }
        assertThat(rounds).isGreaterThan(5);
        assertThat(told.subList(told.size() / 2, told.size()).stream().distinct())
                .as("an annotation of the pod that would be written each time")
                .singleElement()
                .satisfies(problem -> assertThat(problem.orElseThrow()).satisfies(p -> {
                    assertThat(p.reason()).isEqualTo("NoQuorum");
                    assertThat(p.message())
                            .contains("only 1 of orders-0, orders-1, orders-2 has voted, and 2 must")
                            .contains("orders-0 does not answer, orders-2 no replica runs here");
                }));
    }

    private Decision decide(Duration now) {
        ClusterLease state = Leases.of(
                        Seen.lease(3, Phase.Serving, 1, List.of(0, 1, 2), new Reign(3, 1, "0/0", "orders-0")))
                .sync(Seen.anyOfThree())
                .draft();
        return seen.now(now)
                .lease("orders-0/uid-0/inc", state)
                .leaseSeen(60)
                .serverGone(now)
                .data()
                .server(Seen.replica(false))
                .decide();
    }
}
