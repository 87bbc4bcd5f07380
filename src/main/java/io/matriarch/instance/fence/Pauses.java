package io.matriarch.instance.fence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/**
 * Detects when the agent got no processor although it needed one: a thread that sleeps for a tenth of a second wakes seconds later. In such a
 * pause the agent cannot renew the Lease, and if the pause lasts, a healthy primary is given up (docs/high-availability.md, "A processor for the
 * agent").
 */
public final class Pauses {
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    /** How long after a pause the agent is still doing what became due during it. */
    private static final Duration WAKING = Duration.ofMillis(700);

    private static final Duration LATELY = Duration.ofMinutes(5);
    private static final Path PRESSURE = Path.of("/sys/fs/cgroup/cpu.pressure");
    private static final double STARVED = 10;

    private final Duration wanted;
    private final Supplier<OptionalDouble> pressure;
    private Duration slept = Duration.ZERO;
    private volatile Duration woke = Duration.ofDays(-1);

    /**
     * The pauses of a thread that sleeps for {@code wanted}.
     *
     * @param pressure how much of the last ten seconds processes of this container waited for a processor, in percent, if the kernel reports it
     */
    public Pauses(Duration wanted, Supplier<OptionalDouble> pressure) {
        this.wanted = wanted;
        this.pressure = pressure;
    }

    /** The thread goes to sleep. */
    void sleeps(Duration now) {
        slept = now;
    }

    /** The thread woke; returns a warning if that was far too late. */
    Optional<String> wakes(Duration now) {
        Duration late = now.minus(slept).minus(wanted);
        if (slept.isZero() || late.compareTo(SHORTEST) < 0) {
            return Optional.empty();
        }
        woke = now;
        OptionalDouble share = pressure.get();
        String seconds = String.format(Locale.ROOT, "%.1f", late.toMillis() / 1000.0);
        return Optional.of(
                share.isPresent() && share.getAsDouble() >= STARVED
                        ? "paused for %s s: CPU starvation (processes of this container waited for a processor in %.0f %% of the last 10 s); give a CPU request: spec.resources.requests.cpu"
                                .formatted(seconds, share.getAsDouble())
                        : "paused for %s s: the agent got no processor, or was stopped, or its node was; against CPU starvation give a CPU request: spec.resources.requests.cpu"
                                .formatted(seconds));
    }

    /** Whether the thread woke from a pause just now: overdue work may be done in a moment. */
    boolean waking(Duration now) {
        return now.minus(woke).compareTo(WAKING) < 0;
    }

    /** Whether there was a pause a short while ago: the next one may come at any moment. May be called from any thread. */
    public boolean lately(Duration now) {
        return now.minus(woke).compareTo(LATELY) < 0;
    }

    /** The CPU pressure of this container (cgroup v2), from the kernel's pressure stall information. */
    public static OptionalDouble pressure() {
        return pressure(PRESSURE);
    }

    static OptionalDouble pressure(Path file) {
        try {
            for (String line : Files.readAllLines(file)) {
                int at = line.indexOf("avg10=");
                if (line.startsWith("some") && at > 0) {
                    return OptionalDouble.of(Double.parseDouble(line.substring(at + 6, line.indexOf(' ', at))));
                }
            }
        } catch (IOException | NumberFormatException e) {
            // Not every kernel reports it.
        }
        return OptionalDouble.empty();
    }
}
