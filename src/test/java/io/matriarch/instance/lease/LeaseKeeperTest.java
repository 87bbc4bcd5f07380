package io.matriarch.instance.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.instance.fence.BootClock;
import io.matriarch.instance.fence.FuseDeadline;
import io.matriarch.instance.fence.Guard;
import io.matriarch.instance.fence.Pauses;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.LeaseSnapshot;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Timers;
import io.matriarch.instance.kube.KubeApi;
import io.matriarch.instance.kube.LeaseApi;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The keeper's own thread against a Lease over HTTP. */
@Tag("machine")
class LeaseKeeperTest {
    private static final String ME = "orders-0/uid-0/inc";
    private static final ClusterLease MINE =
            new ClusterLease(1, 1, Phase.Serving, "10.0.0.10", 1, "7300000000000000001", List.of(0), List.of());

    private final List<Phase> turns = new CopyOnWriteArrayList<>();
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final List<String> told = new CopyOnWriteArrayList<>();

    private final LeaseKeeper.Events events = new LeaseKeeper.Events() {
        @Override
        public void news() {
            keeper.snapshot().lease().map(LeaseView::holder).ifPresent(seen::add);
        }

        @Override
        public void there(boolean lease, Duration now) {}

        @Override
        public void turned(LeaseView written) {
            turns.add(written.state().phase());
        }

        @Override
        public void released(Duration now) {}

        @Override
        public void silent(Duration now) {
            told.add("silent");
        }

        @Override
        public void leaves(ClusterLease state, Duration now) {
            told.add("leaves");
        }

        @Override
        public void stayed() {
            told.add("stayed");
        }
    };

    @TempDir
    Path run = Path.of("");

    private final LeaseServer server = new LeaseServer();
    private final BootClock clock = new BootClock();
    private final Pauses pauses = new Pauses(Guard.PAUSE, OptionalDouble::empty);
    private FuseDeadline fuse = new FuseDeadline(Path.of(""));
    private LeaseKeeper keeper;
    private Thread thread = Thread.currentThread();

    LeaseKeeperTest() throws IOException {}

    @BeforeEach
    void start() throws IOException {
        fuse = new FuseDeadline(run);
        keeper = new LeaseKeeper(
                new LeaseApi(new KubeApi(server.uri(), run), "shop", "orders", Timers.DEFAULT.request()),
                ME,
                lease -> Timers.DEFAULT,
                clock,
                fuse,
                pauses,
                events);
        thread = keeper.start();
    }

    @AfterEach
    void stop() {
        thread.interrupt();
        server.close();
    }

    private static ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(10)).pollInterval(Duration.ofMillis(20));
    }

    private void taken() {
        soon().until(() -> keeper.snapshot().lease().isPresent());
        String version =
                keeper.snapshot().lease().map(LeaseView::resourceVersion).orElseThrow();
        keeper.wish(new LeaseWish.Take(version, MINE), Duration.ZERO);
        soon().until(() -> keeper.snapshot().proof().isPresent());
        keeper.wish(new LeaseWish.Keep(MINE), Duration.ZERO);
    }

    @Test
    void aWriteThatSucceedsIsAProofAndArmsTheFuse() {
        Duration before = clock.now();
        taken();
        assertThat(server.holder()).isEqualTo(ME);
        LeaseSnapshot known = keeper.snapshot();
        assertThat(known.proof()).hasValueSatisfying(proof -> assertThat(proof).isBetween(before, clock.now()));
        assertThat(fuse.armed()).isEqualTo(known.proof().orElseThrow().plus(Timers.DEFAULT.fuse()));
        Duration first = known.proof().orElseThrow();
        soon().until(() -> keeper.snapshot().proof().orElseThrow().compareTo(first) > 0);
        assertThat(keeper.snapshot().proof().orElseThrow().minus(first))
                .as("renewed after")
                .isGreaterThanOrEqualTo(Timers.DEFAULT.renew());
    }

    @Test
    void othersAreToldOfWhatTheyWaitForAndNotOfRenewals() {
        taken();
        int writes = server.writes();
        soon().until(() -> server.writes() > writes);
        assertThat(turns).containsExactly(Phase.Serving);
        keeper.wish(
                new LeaseWish.Release(new ClusterLease(
                        1, 1, Phase.Released, "10.0.0.10", 1, "7300000000000000001", List.of(0), List.of())),
                Duration.ZERO);
        soon().until(() -> server.holder().isEmpty());
        soon().until(() -> turns.size() == 2);
        assertThat(turns).containsExactly(Phase.Serving, Phase.Released);
    }

    @Test
    void aStartThatWaitsForAProofGetsOneAtOnce() {
        taken();
        int writes = server.writes();
        Duration gone = clock.now();
        keeper.wish(new LeaseWish.Keep(MINE), gone);
        await().atMost(Timers.DEFAULT.renew().minusMillis(500))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> keeper.snapshot().proof().orElseThrow().compareTo(gone) > 0);
        assertThat(server.writes()).isEqualTo(writes + 1);
    }

    @Test
    void whenTheApiServerIsAwayTheProofAgesAndItIsAskedNowAndThen() {
        taken();
        server.away(true);
        Optional<Duration> proof = keeper.snapshot().proof();
        int before = server.requests();
        await().during(Duration.ofSeconds(4))
                .atMost(Duration.ofSeconds(6))
                .until(() -> keeper.snapshot().proof().equals(proof));
        assertThat(server.requests() - before).as("requests in 4 s").isBetween(2, 12);
        server.away(false);
        soon().until(() -> !keeper.snapshot().proof().equals(proof));
    }

    @Test
    void whileTheApiServerIsAwayTheFuseStaysWhereOtherProofsMovedIt() {
        taken();
        server.away(true);
        Duration moved = clock.now().plus(Timers.DEFAULT.fuse());
        fuse.extend(moved);
        int before = server.requests();
        soon().until(() -> server.requests() >= before + 3);
        assertThat(fuse.armed()).isEqualTo(moved);
    }

    @Test
    void aLostAnswerIsNotALostLease() {
        taken();
        server.losingAnswers(true);
        int writes = server.writes();
        soon().until(() -> server.writes() > writes);
        server.losingAnswers(false);
        Duration now = clock.now();
        soon().until(() -> keeper.snapshot().proof().orElseThrow().compareTo(now) > 0);
        assertThat(server.holder()).isEqualTo(ME);
    }

    @Test
    void anotherHolderIsSeenAndNotOverwritten() throws IOException {
        taken();
        server.lease("orders-1/uid-1/inc", MINE);
        soon().until(() -> keeper.snapshot().lease().orElseThrow().holder().equals("orders-1/uid-1/inc"));
        assertThat(server.holder()).isEqualTo("orders-1/uid-1/inc");
    }

    @Test
    void aLeaseThatSomebodyElseTookFirstIsNotTaken() throws IOException {
        soon().until(() -> keeper.snapshot().lease().isPresent());
        String version =
                keeper.snapshot().lease().map(LeaseView::resourceVersion).orElseThrow();
        server.lease("orders-1/uid-1/inc", MINE);
        keeper.wish(new LeaseWish.Take(version, MINE), Duration.ZERO);
        soon().until(() -> keeper.snapshot().lease().orElseThrow().holder().equals("orders-1/uid-1/inc"));
        assertThat(keeper.snapshot().proof()).isEmpty();
        assertThat(fuse.armed()).isZero();
    }

    @Test
    void givingItBackEndsTheProofAndDisarmsTheFuse() {
        taken();
        keeper.wish(new LeaseWish.Release(MINE), Duration.ZERO);
        soon().until(() -> server.holder().isEmpty());
        soon().until(() -> keeper.snapshot().proof().isEmpty());
        assertThat(fuse.armed()).isZero();
    }

    @Test
    void whatFindsNoConnectionHasNotLeft() {
        taken();
        server.close();
        keeper.wish(new LeaseWish.Release(released()), Duration.ZERO);
        soon().until(() -> told.contains("stayed"));
        assertThat(told.indexOf("stayed")).isGreaterThan(told.indexOf("leaves"));
        assertThat(keeper.snapshot().lease().orElseThrow().holder()).isEqualTo(ME);
    }

    @Test
    void whatGetsNoAnswerMayHaveLeft() {
        taken();
        server.away(true);
        keeper.wish(new LeaseWish.Release(released()), Duration.ZERO);
        soon().until(() -> told.contains("leaves") && told.contains("silent"));
        assertThat(told).doesNotContain("stayed");
    }

    @Test
    void whatWasGivenBackUnheardIsTakenBackByWhoStayed() throws IOException {
        taken();
        seen.clear();
        server.losingAnswers(true);
        keeper.wish(new LeaseWish.Release(released()), Duration.ZERO);
        soon().until(() -> server.holder().isEmpty());
        keeper.wish(new LeaseWish.Keep(MINE), Duration.ZERO);
        fuse.extend(clock.now().plus(Timers.DEFAULT.fuse()));
        server.losingAnswers(false);
        soon().until(() -> server.holder().equals(ME));
        assertThat(server.state()).isEqualTo(MINE);
        soon().until(() -> keeper.snapshot().lease().orElseThrow().holder().equals(ME));
        assertThat(seen).as("holders that were seen").doesNotContain("");
    }

    private static ClusterLease released() {
        return new ClusterLease(1, 1, Phase.Released, "10.0.0.10", 1, "7300000000000000001", List.of(0), List.of());
    }

    @Test
    void aDeletedLeaseIsMadeAgainByItsHolder() throws IOException {
        taken();
        server.delete();
        soon().until(() -> server.holder().equals(ME));
        assertThat(server.state().epoch()).isEqualTo(MINE.epoch());
    }
}
