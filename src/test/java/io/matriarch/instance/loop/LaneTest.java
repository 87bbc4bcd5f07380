package io.matriarch.instance.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.Problem;
import io.matriarch.instance.ha.Chore;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.postgres.PostgresException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A chore that does not end, and the jobs of the pods' own worker beside it. */
@Tag("machine")
class LaneTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Chore CHORE = new Chore.Checkpoint();

    private final CountDownLatch ends = new CountDownLatch(1);
    private final Lane<Chore> chores = new Lane<>("chore", this::waits, () -> {});
    private final Worker worker = new Worker(job -> {}, () -> true, () -> {});

    private void waits(Chore chore) throws PostgresException {
        try {
            ends.await();
        } catch (InterruptedException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.Interrupted, "interrupted by the end of this pod"), e);
        }
    }

    @Test
    void jobsAreDoneWhileAChoreGoesOn() {
        chores.begin(CHORE);
        List<Job> jobs = List.of(
                new Job.Promote(4, 2),
                new Job.Synchronize(1, List.of(0, 1, 2)),
                new Job.HandOver(List.of(1, 2)),
                new Job.StartReplica("10.0.0.11"));
        for (Job job : jobs) {
            worker.begin(job);
            assertThat(ended()).isEqualTo(new Lane.Done<>(job, Optional.empty()));
            assertThat(chores.running()).as("beside %s", job).contains(CHORE);
        }
        ends.countDown();
        await().atMost(PATIENCE).until(() -> chores.running().isEmpty());
        assertThat(chores.take()).contains(new Lane.Done<>(CHORE, Optional.empty()));
    }

    private Lane.Done<Job> ended() {
        return await().atMost(PATIENCE).until(worker::take, Optional::isPresent).orElseThrow();
    }

    @Test
    void aPodThatEndsDoesNotWaitForAChore() {
        chores.begin(CHORE);
        chores.cancel(CHORE);
        await().atMost(PATIENCE).until(() -> chores.running().isEmpty());
        assertThat(chores.take().flatMap(Lane.Done::problem))
                .get()
                .extracting(Problem::reason)
                .isEqualTo(Problem.Reason.Interrupted.name());
    }
}
