package io.matriarch.instance.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** When the agent collects its heap: only when that frees something, and never in the middle of something. */
class IdleHeapTest {
    private static final long MIB = 1 << 20;
    private static final long LEFT = 8 * MIB;

    private long bytes = 11 * MIB;
    private int collections;
    private final IdleHeap heap = new IdleHeap(0, () -> bytes, () -> {
        collections++;
        bytes = LEFT;
    });

    /** Collections until now, after a moment in which nothing is under way. */
    private int quiet(int seconds) {
        heap.quiet(nanos(seconds));
        return collections;
    }

    private static long nanos(int seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    @Test
    void heapOfTheStartIsCollectedOnceNothingIsUnderWay() {
        heap.busy(nanos(10));
        assertThat(quiet(39)).isZero();
        assertThat(quiet(40)).isEqualTo(1);
    }

    @Test
    void itIsNotCollectedAgainUnlessItGrew() {
        assertThat(quiet(60)).isEqualTo(1);
        bytes = LEFT + MIB / 2;
        assertThat(quiet(3600)).isEqualTo(1);
        bytes = LEFT + MIB;
        assertThat(quiet(3660)).isEqualTo(2);
    }

    @Test
    void collectionsAreMinutesApartHoweverItGrows() {
        assertThat(quiet(60)).isEqualTo(1);
        bytes = 12 * MIB;
        assertThat(quiet(359)).isEqualTo(1);
        assertThat(quiet(360)).isEqualTo(2);
    }

    @Test
    void aFailoverPutsItOff() {
        heap.busy(nanos(300));
        assertThat(quiet(329)).isZero();
    }
}
