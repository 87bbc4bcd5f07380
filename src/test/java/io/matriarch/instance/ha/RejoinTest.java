package io.matriarch.instance.ha;

import static io.matriarch.instance.ha.Seen.NOW;
import static io.matriarch.instance.ha.Seen.SYSTEM;
import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.instance.facts.TimelineHistory;
import io.matriarch.instance.facts.TimelineHistory.Fork;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Observation.Failure;
import java.util.List;
import org.junit.jupiter.api.Test;

/** orders-1's WAL goes beyond where the reign of orders-0, on timeline 2, left timeline 1. */
class RejoinTest {
    private static final long FORK = Lsn.parse("0/3000060");

    @Test
    void dataThatStrayedIsTurnedBack() {
        assertThat(way().job()).contains(new Job.Rewind("10.0.0.10", 2));
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

    private static Failure failed(String reason, int attempts) {
        return new Failure(
                new Job.Rewind("10.0.0.10", 2), attempts, NOW.minusSeconds(60), "r", new Problem(reason, ""));
    }

    private static Rejoin.Way way(Failure... failures) {
        ClusterLease lease = Leases.of(Seen.lease(
                        4,
                        Phase.Serving,
                        2,
                        List.of(0, 1),
                        new Reign(3, 1, "0/0", "orders-1"),
                        new Reign(4, 2, "0/3000060", "orders-0")))
                .checkpointTimeline(2)
                .draft();
        Seen seen = Seen.by(1)
                .lease("orders-0/uid-0/inc", lease)
                .serverGone(NOW)
                .volume(new VolumeState(VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 3, "0/4000000", null))
                .failures(failures);
        seen.memory().history(new TimelineHistory(2, List.of(new Fork(1, FORK))));
        return new Rejoin(seen.me(), Rules.SAFE).way(seen.observe(), lease, "10.0.0.10", Lsn.parse("0/4000000"));
    }
}
