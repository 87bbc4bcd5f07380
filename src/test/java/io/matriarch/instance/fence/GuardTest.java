package io.matriarch.instance.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Problem;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.LeaseSnapshot;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.ha.Timers;
import io.matriarch.instance.loop.Worker;
import io.matriarch.instance.postgres.PostgresException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The guard with a real worker and a real fuse file; PostgreSQL is counted only. */
@Tag("machine")
class GuardTest {
    private static final Me ME = new Me("orders-0", 0, "uid-0", "inc", "10.0.0.10", "1");
    private static final Duration PROOF = Duration.ofSeconds(1000);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @TempDir
    Path run = Path.of("");

    private final Job.StartPrimary start = new Job.StartPrimary(3);
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger stops = new AtomicInteger();
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final CountDownLatch interrupted = new CountDownLatch(1);
    private final Killable postgres = new Killable() {
        @Override
        public void stopNow() {
            stops.incrementAndGet();
        }

        @Override
        public void kill() {
            kills.incrementAndGet();
        }
    };
    private final Worker worker = new Worker(this::carryOut, this::burns, () -> {});
    private FuseDeadline fuse = new FuseDeadline(Path.of(""));
    private LeaseSnapshot known = new LeaseSnapshot(Optional.empty(), Duration.ZERO, Optional.empty());
    private Optional<Duration> failsafe = Optional.empty();
    private Duration now = PROOF;
    private final Pauses pauses = new Pauses(Guard.PAUSE, OptionalDouble::empty);
    private Duration slept = Duration.ZERO;

    private boolean burns() {
        return fuse.armed().compareTo(now) > 0;
    }

    @BeforeEach
    void armed() {
        fuse = new FuseDeadline(run);
        fuse.arm(PROOF.plus(Timers.DEFAULT.fuse()));
        known = lease(ME.identity());
    }

    /** The worker's side of a start: it takes its time, and an interrupt does not end it at once. */
    private void carryOut(Job job) throws PostgresException {
        try {
            mayEnd.await();
        } catch (InterruptedException e) {
            interrupted.countDown();
            awaitUninterruptibly();
            throw new PostgresException(new Problem("Interrupted", "as the guard wanted"), e);
        }
    }

    private void awaitUninterruptibly() {
        while (true) {
            try {
                mayEnd.await();
                return;
            } catch (InterruptedException e) {
                // once more
            }
        }
    }

    @Test
    void aPrimaryWithAYoungProofIsLeftAlone() throws Exception {
        started();
        guard().turn();
        assertThat(kills).hasValue(0);
        assertThat(deadline()).isNotEqualTo("0");
    }

    /** A starved agent that wakes renews the Lease in a moment, mostly; the kill and the fuse stand behind it as ever. */
    @Test
    void afterAPauseARenewalHasAMomentBeforePostgresqlIsStopped() throws Exception {
        started();
        Guard guard = guard();
        pauses.sleeps(PROOF.plusMillis(500));
        now = PROOF.plus(Timers.DEFAULT.stop());
        pauses.wakes(now);
        guard.turn();
        now = now.plusMillis(699);
        guard.turn();
        assertThat(stops).hasValue(0);
        now = now.plusMillis(1);
        guard.turn();
        await().atMost(PATIENCE).until(() -> stops.get() == 1);
    }

    @Test
    void noPauseHoldsUpTheKill() throws Exception {
        started();
        Guard guard = guard();
        pauses.sleeps(PROOF.plusMillis(500));
        now = PROOF.plus(Timers.DEFAULT.kill());
        pauses.wakes(now);
        guard.turn();
        assertThat(kills).hasPositiveValue();
    }

    @Test
    void withoutRenewalItIsToldToStopOnceAndThenKilled() throws Exception {
        started();
        Guard guard = guard();
        now = PROOF.plus(Timers.DEFAULT.stop());
        guard.turn();
        guard.turn();
        await().atMost(PATIENCE).until(() -> stops.get() == 1);
        assertThat(kills).hasValue(0);
        assertThat(deadline()).as("the fuse").isNotEqualTo("0");
        now = PROOF.plus(Timers.DEFAULT.kill());
        guard.turn();
        assertThat(kills.get()).isPositive();
        assertThat(worker.primary()).isEmpty();
        assertThat(deadline()).as("the fuse").isEqualTo("0");
    }

    @Test
    void theFuseStaysArmedWhileAStartMayYetMakeAProcess() throws Exception {
        worker.begin(start);
        Guard guard = guard();
        known = lease("orders-1/uid-1/inc");
        guard.turn();
        assertThat(interrupted.await(10, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        int first = kills.get();
        assertThat(first).isPositive();
        assertThat(worker.primary()).contains(start);
        assertThat(deadline()).as("the fuse").isNotEqualTo("0");

        mayEnd.countDown();
        await().atMost(PATIENCE).until(() -> worker.running().isEmpty());
        guard.turn();
        assertThat(kills.get()).as("killed again").isGreaterThan(first);
        assertThat(worker.primary()).isEmpty();
        assertThat(deadline()).as("the fuse").isEqualTo("0");
    }

    @Test
    void aRenewalThatTheGuardDoesNotKnowYetKeepsTheFuseArmed() throws Exception {
        started();
        now = PROOF.plus(Timers.DEFAULT.kill());
        Duration renewed = now.plus(Timers.DEFAULT.fuse());
        fuse.arm(renewed);
        guard().turn();
        assertThat(fuse.armed()).isEqualTo(renewed);
        assertThat(deadline()).isEqualTo(Long.toString(renewed.toMillis() / 10));
    }

    @Test
    void aLeaseLostBeforeAnyStartDisarmsTheFuse() throws Exception {
        known = lease("orders-1/uid-1/inc");
        guard().turn();
        assertThat(kills).hasValue(0);
        assertThat(deadline()).as("the fuse").isEqualTo("0");
    }

    @Test
    void aPrimaryDoesNotOutliveASleepOfItsMachine() throws Exception {
        started();
        Guard guard = guard();
        slept = Duration.ofMillis(1500);
        guard.turn();
        assertThat(kills.get()).isPositive();
        assertThat(guard.tookAHand()).isTrue();
        assertThat(worker.primary()).isEmpty();

        fuse.arm(PROOF.plus(Timers.DEFAULT.fuse()));
        worker.begin(start);
        await().atMost(PATIENCE).until(() -> worker.running().isEmpty());
        guard.turn();
        assertThat(worker.primary()).as("a start on the proof from before").isEmpty();
    }

    @Test
    void promisesOfTheOthersAreAsGoodAsARenewal() throws Exception {
        started();
        now = PROOF.plus(Timers.DEFAULT.kill());
        failsafe = Optional.of(now.minusSeconds(1));
        guard().turn();
        assertThat(kills).hasValue(0);
        assertThat(deadline()).as("the fuse").isNotEqualTo("0");

        fuse.extend(failsafe.get().plus(Timers.DEFAULT.fuse()));
        now = failsafe.get().plus(Timers.DEFAULT.kill());
        guard().turn();
        assertThat(kills.get()).isPositive();
        assertThat(deadline()).as("the fuse").isEqualTo("0");
    }

    @Test
    void nothingBeginsToLeadWithoutTheFuse() throws Exception {
        fuse.disarm();
        mayEnd.countDown();
        worker.begin(start);
        worker.begin(new Job.Promote(3, 2));
        assertThat(worker.primary()).isEmpty();
        assertThat(worker.running()).isEmpty();
    }

    @Test
    void whatIsLeftOfAPrimaryIsKilledBeforeTheLeaseIsGivenBack() throws Exception {
        started();
        assertThat(guard().end()).isTrue();
        assertThat(kills.get()).isPositive();
        assertThat(worker.primary()).isEmpty();
    }

    @Test
    void aNewStartIsNotTakenForTheOneThatWasKilled() throws Exception {
        started();
        Job.StartPrimary another = new Job.StartPrimary(3);
        worker.begin(another);
        worker.primaryIsGone(start);
        assertThat(worker.primary()).containsSame(another);
    }

    private void started() {
        mayEnd.countDown();
        worker.begin(start);
        await().atMost(PATIENCE).until(() -> worker.running().isEmpty());
        assertThat(worker.primary()).contains(start);
    }

    private Guard guard() {
        return new Guard(
                postgres,
                worker,
                () -> known,
                () -> failsafe,
                new Suspension(() -> slept, () -> Duration.ZERO),
                new Protocol(ME, Timers.DEFAULT),
                fuse,
                () -> now,
                () -> {},
                pauses);
    }

    private static LeaseSnapshot lease(String holder) {
        LeaseView view = new LeaseView("7", holder, ClusterLease.vacant());
        return new LeaseSnapshot(Optional.of(view), PROOF, Optional.of(PROOF));
    }

    private String deadline() throws IOException {
        return Files.readString(run.resolve("deadline")).strip();
    }
}
