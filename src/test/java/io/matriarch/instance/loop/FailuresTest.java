package io.matriarch.instance.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.Problem;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.Observation.Failure;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FailuresTest {
    private static final Duration NOW = Duration.ofSeconds(1000);
    private static final Job START = new Job.StartReplica("10.0.0.1");
    private static final Problem PROBLEM = new Problem("StartFailed", "no");

    private final Failures failures = new Failures();

    @Test
    void aJobThatFailsAgainAndAgainIsCountedAndForgottenWhenItSucceeds() {
        Job apply = new Job.Apply("r");
        failures.ended(apply, Optional.of(PROBLEM), NOW, "s");
        failures.ended(new Job.Apply("other"), Optional.of(PROBLEM), NOW.plusSeconds(1), "s");
        assertThat(failures.list())
                .singleElement()
                .extracting(Failure::attempts)
                .isEqualTo(2);
        failures.ended(apply, Optional.empty(), NOW.plusSeconds(2), "s");
        assertThat(failures.list()).isEmpty();
    }

    @Test
    void theFirstDeathIsForgivenAndTheOnesAfterItAreNot() {
        failures.died(START, "killed", NOW, "s");
        assertThat(failures.list()).isEmpty();
        started(NOW.plusSeconds(1));
        failures.died(START, "no space", NOW.plusSeconds(2), "s");
        assertThat(failures.list()).singleElement().satisfies(failure -> {
            assertThat(failure.attempts()).isEqualTo(1);
            assertThat(failure.problem().message()).contains("no space");
        });
        started(NOW.plusSeconds(3));
        failures.died(START, "no space", NOW.plusSeconds(4), "s");
        assertThat(failures.list())
                .singleElement()
                .extracting(Failure::attempts)
                .isEqualTo(2);
    }

    /** Seen in chaos: what had failed to start once was rewound again and again, for ever, and never started. */
    @Test
    void dataThatWasRewoundIsOtherDataButStartsThatFailStillCount() {
        failures.ended(START, Optional.of(PROBLEM), NOW, "s");
        failures.ended(START, Optional.of(PROBLEM), NOW.plusSeconds(2), "s");
        failures.ended(new Job.Rewind("10.0.0.1", 2), Optional.empty(), NOW.plusSeconds(4), "s");
        assertThat(failures.list()).isEmpty();
        failures.ended(START, Optional.of(PROBLEM), NOW.plusSeconds(5), "s");
        assertThat(failures.list())
                .singleElement()
                .extracting(Failure::attempts)
                .isEqualTo(3);
        failures.ended(new Job.Rewind("10.0.0.1", 2), Optional.empty(), NOW.plusSeconds(10), "s");
        failures.serving(Duration.ofSeconds(61));
        failures.ended(START, Optional.of(PROBLEM), NOW.plusSeconds(99), "s");
        assertThat(failures.list())
                .singleElement()
                .extracting(Failure::attempts)
                .isEqualTo(1);
    }

    /** Seen on the real Kubernetes: WAL that the rewind needed was gone, and it was tried four times a second, for ever, and never cloned. */
    @Test
    void rewindsThatFailAreCountedAlthoughTheReplicaRunsInBetween() {
        Job rewind = new Job.Rewind("10.0.0.1", 2);
        for (int attempt = 1; attempt <= 3; attempt++) {
            failures.ended(rewind, Optional.of(PROBLEM), NOW.plusSeconds(attempt), "s");
            failures.ended(START, Optional.empty(), NOW.plusSeconds(attempt), "s");
            assertThat(failures.list())
                    .singleElement()
                    .extracting(Failure::attempts)
                    .isEqualTo(attempt);
        }
        failures.ended(new Job.Discard(), Optional.empty(), NOW.plusSeconds(9), "s");
        assertThat(failures.list()).isEmpty();
    }

    @Test
    void aServerThatServedForAWhileHasNoPast() {
        failures.died(START, "killed", NOW, "s");
        failures.died(START, "killed", NOW, "s");
        failures.serving(Duration.ofSeconds(30));
        assertThat(failures.list()).hasSize(1);
        failures.serving(Duration.ofSeconds(61));
        assertThat(failures.list()).isEmpty();
        failures.died(START, "killed", NOW, "s");
        assertThat(failures.list()).isEmpty();
    }

    @Test
    void aStartThatSucceedsMakesTheWayThereHistory() {
        failures.ended(new Job.Clone("10.0.0.1", "7"), Optional.of(PROBLEM), NOW, "s");
        failures.ended(new Job.SetPasswords(), Optional.of(PROBLEM), NOW, "s");
        started(NOW);
        assertThat(failures.list()).singleElement().extracting(Failure::task).isEqualTo(new Job.SetPasswords());
    }

    private void started(Duration now) {
        failures.ended(START, Optional.empty(), now, "s");
    }
}
