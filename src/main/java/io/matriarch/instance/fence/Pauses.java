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
 * Tells when the agent got no processor although it wanted one: a thread that sleeps for a tenth of a second and wakes seconds later. It cannot
 * renew the Lease meanwhile, and a healthy primary is given up when that lasts (docs/high-availability.md, "A processor for the agent").
 */
public final class Pauses {
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    /** What was due meanwhile is being done. */
    private static final Duration WAKING = Duration.ofMillis(700);

    private static final Duration LATELY = Duration.ofMinutes(5);
    private static final Path PRESSURE = Path.of("/sys/fs/cgroup/cpu.pressure");
    private static final double STARVED = 10;

    private final Duration wanted;
    private final Supplier<OptionalDouble> pressure;
    private Duration slept = Duration.ZERO;
    private volatile Duration woke = Duration.ofDays(-1);

    /**
     * Of a thread that sleeps for {@code wanted}.
     *
     * @param pressure how much of the last ten seconds processes of this container waited for a processor, in percent, if the kernel tells
     */
    public Pauses(Duration wanted, Supplier<OptionalDouble> pressure) {
        this.wanted = wanted;
        this.pressure = pressure;
    }

    /** The thread goes to sleep. */
    void sleeps(Duration now) {
        slept = now;
    }

    /** It woke; what to say when that was far too late. */
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

    /** Whether it woke just now: what is late may be done in a moment. */
    boolean waking(Duration now) {
        return now.minus(woke).compareTo(WAKING) < 0;
    }

    /** Whether there was one a short while ago: the next one may come at any moment. From any thread. */
    public boolean lately(Duration now) {
        return now.minus(woke).compareTo(LATELY) < 0;
    }

    /** Of this container (cgroup v2), by the kernel's pressure stall information. */
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
            // Not every kernel counts it.
        }
        return OptionalDouble.empty();
    }
}
