package io.matriarch.instance.ha;

import java.time.Duration;

/**
 * The timers of ha.md 7.4. A proof is the moment, on a clock that counts suspension too, just before a renewal was sent that succeeded.
 *
 * @param lease D: others may take over after it
 * @param renew how often the holder renews
 * @param request how long a renewal may take
 * @param stop F after the last proof: PostgreSQL is told to stop
 * @param kill K after the last proof: every process is killed
 * @param fuse after the last proof: process 1 exits, whatever the agent does
 */
public record Timers(Duration lease, Duration renew, Duration request, Duration stop, Duration kill, Duration fuse) {
    private static final double DRIFT = 0.01;
    private static final Duration KILLING = Duration.ofMillis(300);

    public static final Timers DEFAULT = new Timers(
            Duration.ofSeconds(10),
            Duration.ofSeconds(2),
            Duration.ofMillis(1500),
            Duration.ofSeconds(7),
            Duration.ofSeconds(8),
            Duration.ofMillis(8500));

    public Timers {
        if (fuse.plus(KILLING).toNanos() * (1 + DRIFT) >= lease.toNanos() * (1 - DRIFT)) {
            throw new IllegalArgumentException(
                    "the fuse (%s) must have killed all before the lease (%s) ends, on drifting clocks too"
                            .formatted(fuse, lease));
        }
        if (renew.plus(request.multipliedBy(2)).compareTo(stop) >= 0) {
            throw new IllegalArgumentException(
                    "two renewals (every %s, %s each) must be able to fail before PostgreSQL is stopped (%s)"
                            .formatted(renew, request, stop));
        }
        if (stop.compareTo(kill) >= 0 || kill.compareTo(fuse) >= 0) {
            throw new IllegalArgumentException(
                    "stop, kill and fuse follow each other: " + stop + ", " + kill + ", " + fuse);
        }
    }
}
