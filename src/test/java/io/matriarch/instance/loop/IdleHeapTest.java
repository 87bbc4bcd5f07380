package io.matriarch.instance.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** When the agent collects its heap: only when that frees something, and never in the middle of something. */
class IdleHeapTest {
    private static final long MIB = 1 << 20;

    private final AtomicInteger collections = new AtomicInteger();
    private final IdleHeap heap = new IdleHeap(0, collections::incrementAndGet);

    private static long at(int seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    @Test
    void heapOfTheStartIsCollectedOnceNothingIsUnderWay() {
        heap.busy(at(10));
        assertThat(heap.quiet(at(39), 11 * MIB)).isFalse();
        assertThat(heap.quiet(at(40), 11 * MIB)).isTrue();
        assertThat(collections).hasValue(1);
    }

    @Test
    void itIsNotCollectedAgainUnlessItGrew() {
        assertThat(heap.quiet(at(60), 11 * MIB)).isTrue();
        heap.left(8 * MIB);
        assertThat(heap.quiet(at(3600), 8 * MIB + MIB / 2)).isFalse();
        assertThat(heap.quiet(at(3660), 9 * MIB)).isTrue();
    }

    @Test
    void collectionsAreMinutesApartHoweverItGrows() {
        assertThat(heap.quiet(at(60), 11 * MIB)).isTrue();
        heap.left(8 * MIB);
        assertThat(heap.quiet(at(359), 12 * MIB)).isFalse();
        assertThat(heap.quiet(at(360), 12 * MIB)).isTrue();
    }

    @Test
    void aFailoverPutsItOff() {
        heap.busy(at(300));
        assertThat(heap.quiet(at(329), 12 * MIB)).isFalse();
        assertThat(collections).hasValue(0);
    }
}
