package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.instance.ha.Observation.Failure;
import io.matriarch.instance.json.Node;
import io.matriarch.instance.postgres.Lsn;
import io.matriarch.instance.postgres.Postgres.ServerState;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import io.matriarch.instance.postgres.PromiseFile.Promise;
import io.matriarch.instance.postgres.TimelineHistory;
import io.matriarch.instance.postgres.TimelineHistory.Fork;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** orders-1's WAL goes beyond where the reign of orders-0, on timeline 2, left timeline 1. */
class RejoinTest {
    private static final Duration NOW = Duration.ofSeconds(1000);
    private static final String SYSTEM = "7300000000000000001";
    private static final long FORK = Lsn.parse("0/3000060");

    private final Me me = new Me("orders-1", 1, "uid-1", "inc", "10.0.0.11", "1");

    @Test
    void dataThatStrayedIsTurnedBack() {
        assertThat(way(List.of()).job()).contains(new Job.Rewind("10.0.0.10", 2));
    }

    @Test
    void aRewindThatFailedIsTriedAgain() {
        assertThat(way(failed("RewindFailed", 1)).job()).contains(new Job.Rewind("10.0.0.10", 2));
        assertThat(way(failed("RewindFailed", 3)).ask()).isTrue();
    }

    @Test
    void dataThatCannotBeRewoundIsReplacedAtOnce() {
        for (String reason : List.of("NotRewindable", "RewindBroke")) {
            Rejoin.Way way = way(failed(reason, 1));
            assertThat(way.job()).as(reason).isEmpty();
            assertThat(way.ask())
                    .as("not before the holder has said that it is there")
                    .isTrue();
        }
    }

    private static List<Failure> failed(String reason, int attempts) {
        return List.of(new Failure(
                new Job.Rewind("10.0.0.10", 2), attempts, NOW.minusSeconds(60), "r", new Problem(reason, "")));
    }

    private Rejoin.Way way(List<Failure> failures) {
        ClusterLease lease = Leases.of(new ClusterLease(
                        1,
                        4,
                        Phase.Serving,
                        "10.0.0.10",
                        2,
                        SYSTEM,
                        List.of(0, 1),
                        List.of(new Reign(3, 1, "0/0", "orders-1"), new Reign(4, 2, "0/3000060", "orders-0"))))
                .checkpointTimeline(2)
                .draft();
        Memory memory = new Memory(NOW.minusSeconds(100), Promise.NONE, new Failsafe(me));
        memory.history(new TimelineHistory(2, List.of(new Fork(1, FORK))));
        Observation seen = new Observation(
                NOW,
                Optional.empty(),
                Optional.of(new LeaseView("7", "orders-0/uid-0/inc", lease, Node.MISSING)),
                NOW,
                Optional.empty(),
                Optional.empty(),
                NOW,
                Optional.of(new VolumeState(VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 3, "0/4000000", null)),
                ServerState.none(),
                null,
                Optional.empty(),
                failures,
                List.of(),
                NOW.minusSeconds(1),
                false,
                false,
                memory.knowledge());
        return new Rejoin(me, Rules.SAFE).way(seen, lease, "10.0.0.10", Lsn.parse("0/4000000"));
    }
}
