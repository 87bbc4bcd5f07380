package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Peer.Vote;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.instance.json.Node;
import io.matriarch.instance.postgres.Postgres.ServerState;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import io.matriarch.instance.postgres.Postgres.Wal;
import io.matriarch.instance.postgres.PromiseFile.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** orders-0 is gone, orders-2 cannot vote: orders-1 stands again and again, and says the same until something changes. */
class NoQuorumTest {
    private static final Duration BEGIN = Duration.ofSeconds(1000);
    private static final String SYSTEM = "7300000000000000001";
    private static final int STEP = 50;

    private final Me me = new Me("orders-1", 1, "uid-1", "inc", "10.0.0.11", "1");
    private final Memory memory = new Memory(BEGIN.minusSeconds(100), Promise.NONE, new Failsafe(me));

    @Test
    void theReportIsTheSameInEachRound() {
        List<Optional<Problem>> told = new ArrayList<>();
        List<Runnable> late = new ArrayList<>();
        int rounds = 0;
        for (int millis = 0; millis < 20_000; millis += STEP) {
            Duration now = BEGIN.plusMillis(millis);
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
        ClusterLease state = Leases.of(new ClusterLease(
                        1,
                        3,
                        Phase.Serving,
                        "10.0.0.10",
                        1,
                        SYSTEM,
                        List.of(0, 1, 2),
                        List.of(new Reign(3, 1, "0/0", "orders-0"))))
                .sync(new Sync(1, List.of(0, 1, 2)))
                .draft();
        return new Protocol(me, Timers.DEFAULT)
                .decide(new Observation(
                        now,
                        Optional.of(settings()),
                        Optional.of(new LeaseView("7", "orders-0/uid-0/inc", state, Node.MISSING)),
                        BEGIN.minusSeconds(60),
                        Optional.empty(),
                        Optional.empty(),
                        now,
                        Optional.of(new VolumeState(
                                VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 0, "0/3000060", null)),
                        new ServerState(
                                true,
                                true,
                                true,
                                false,
                                false,
                                1,
                                "17.6",
                                "r",
                                null,
                                List.of(),
                                List.of(),
                                null,
                                Wal.UNKNOWN),
                        null,
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        now.minusSeconds(1),
                        false,
                        false,
                        memory.knowledge()));
    }

    private static Settings settings() {
        return new Settings(
                1,
                "uid",
                3,
                "r",
                Map.of(),
                List.of(),
                new BootstrapOrder(BootstrapAction.Initdb, 0, null, null),
                new Settings.Initdb("app", "app", "UTF8", "C", true, List.of(), List.of()),
                "orders-app",
                null,
                null,
                null,
                List.of(),
                List.of());
    }
}
