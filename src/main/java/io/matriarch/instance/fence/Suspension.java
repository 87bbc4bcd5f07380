package io.matriarch.instance.fence;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * Tells when this machine slept: BOOTTIME counts that, MONOTONIC, which System.nanoTime reads, does not (clock_gettime(2)). After a sleep no
 * proof is worth anything, however short it seemed (docs/internals/protocol.md 4).
 */
public final class Suspension {
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    private final Supplier<Duration> boot;
    private final Supplier<Duration> monotonic;
    private Duration ahead;

    public Suspension(Supplier<Duration> boot, Supplier<Duration> monotonic) {
        this.boot = boot;
        this.monotonic = monotonic;
        this.ahead = gap();
    }

    public static Duration monotonic() {
        return Duration.ofNanos(System.nanoTime());
    }

    /** Whether it slept since the last call. */
    boolean happened() {
        Duration now = gap();
        boolean slept = now.minus(ahead).compareTo(SHORTEST) > 0;
        if (now.compareTo(ahead) > 0) {
            ahead = now;
        }
        return slept;
    }

    /** BOOTTIME is read first, so that a pause between the two readings makes the gap smaller, never larger. */
    private Duration gap() {
        Duration first = boot.get();
        return first.minus(monotonic.get());
    }
}
