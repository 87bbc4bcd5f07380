package io.matriarch.instance.fence;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SuspensionTest {
    private Duration boot = Duration.ofSeconds(5000);
    private Duration monotonic = Duration.ofSeconds(200);
    private Duration pauseBetween = Duration.ZERO;

    private final Suspension suspension = new Suspension(() -> boot, () -> monotonic.plus(pauseBetween));

    @Test
    void timeThatPassesOnBothClocksIsNoSleep() {
        boot = boot.plusSeconds(600);
        monotonic = monotonic.plusSeconds(600);
        assertThat(suspension.happened()).isFalse();
    }

    @Test
    void aSleepIsToldOnce() {
        boot = boot.plusSeconds(603);
        monotonic = monotonic.plusSeconds(600);
        assertThat(suspension.happened()).isTrue();
        assertThat(suspension.happened()).isFalse();
    }

    @Test
    void aPauseOfThisProcessBetweenTheReadingsIsNoSleep() {
        pauseBetween = Duration.ofSeconds(40);
        assertThat(suspension.happened()).isFalse();
        pauseBetween = Duration.ZERO;
        assertThat(suspension.happened()).isFalse();
        boot = boot.plusSeconds(2);
        assertThat(suspension.happened()).isTrue();
    }

    @Test
    void thisMachineDidNotSleepBetweenTwoCalls() {
        Suspension real = new Suspension(new BootClock()::now, Suspension::monotonic);
        assertThat(real.happened()).isFalse();
    }
}
