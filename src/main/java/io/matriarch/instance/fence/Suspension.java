package io.matriarch.instance.fence;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * Detects when this machine was suspended: BOOTTIME includes that time; MONOTONIC, which System.nanoTime reads, does not (clock_gettime(2)). After
 * a suspension every earlier proof is worthless, however short the time seemed (docs/internals/protocol.md 4).
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

    /** Whether the machine was suspended since the last call. */
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
