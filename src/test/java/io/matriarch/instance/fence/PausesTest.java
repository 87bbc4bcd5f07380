package io.matriarch.instance.fence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A thread that sleeps for 100 ms, and wakes when it gets a processor. */
class PausesTest {
    private static final Duration START = Duration.ofSeconds(1000);

    @TempDir
    Path folder = Path.of("");

    @Test
    void aLatenessOfLessThanASecondIsNoPause() {
        Pauses pauses = pauses(OptionalDouble.empty());
        assertThat(pauses.wakes(START)).as("never slept").isEmpty();
        pauses.sleeps(START);
        assertThat(pauses.wakes(START.plusMillis(1099))).isEmpty();
        assertThat(pauses.waking(START.plusMillis(1099))).isFalse();
        assertThat(pauses.lately(START.plusMillis(1099))).isFalse();
    }

    @Test
    void aPauseIsToldWithItsLengthAndWhatToDo() {
        Pauses pauses = pauses(OptionalDouble.of(87.3));
        pauses.sleeps(START);
        assertThat(pauses.wakes(START.plusMillis(2400)).orElseThrow())
                .startsWith("paused for 2.3 s: CPU starvation")
                .contains("87 %", "spec.resources.requests.cpu");
    }

    @Test
    void whatTheKernelDoesNotSayIsNotClaimed() {
        for (OptionalDouble share : new OptionalDouble[] {OptionalDouble.empty(), OptionalDouble.of(0.4)}) {
            Pauses pauses = pauses(share);
            pauses.sleeps(START);
            assertThat(pauses.wakes(START.plusMillis(9100)).orElseThrow())
                    .startsWith("paused for 9.0 s: the agent got no processor, or was stopped, or its node was");
        }
    }

    @Test
    void theMomentAfterItIsKnownAndSoIsThatTheNextMayCome() {
        Pauses pauses = pauses(OptionalDouble.empty());
        pauses.sleeps(START);
        Duration woke = START.plusSeconds(3);
        pauses.wakes(woke);
        assertThat(pauses.waking(woke.plusMillis(699))).isTrue();
        assertThat(pauses.waking(woke.plusMillis(700))).isFalse();
        assertThat(pauses.lately(woke.plusSeconds(299))).isTrue();
        assertThat(pauses.lately(woke.plusSeconds(300))).isFalse();
    }

    @Test
    void theKernelsWordsAreRead() throws IOException {
        Path file = Files.writeString(
                folder.resolve("cpu.pressure"),
                "some avg10=12.34 avg60=1.00 avg300=0.10 total=5\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
        assertThat(Pauses.pressure(file)).hasValue(12.34);
        assertThat(Pauses.pressure(folder.resolve("none"))).isEmpty();
        assertThat(Pauses.pressure(Files.writeString(folder.resolve("other"), "what is this\n")))
                .isEmpty();
    }

    private static Pauses pauses(OptionalDouble share) {
        return new Pauses(Duration.ofMillis(100), () -> share);
    }
}
