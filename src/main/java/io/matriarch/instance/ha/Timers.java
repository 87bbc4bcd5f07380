package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Settings.Profile;
import java.time.Duration;

/**
 * The timers of docs/internals/protocol.md 4. A proof is the moment just before a renewal was sent that succeeded, on a clock that also counts
 * while the machine is suspended.
 *
 * @param lease D: after it, others may take over
 * @param renew how often the holder renews
 * @param request how long a renewal may take
 * @param stop F after the last proof: PostgreSQL is told to stop
 * @param kill K after the last proof: every process is killed
 * @param fuse after the last proof: process 1 exits, whatever the agent does
 */
public record Timers(Duration lease, Duration renew, Duration request, Duration stop, Duration kill, Duration fuse) {
    private static final double DRIFT = 0.01;
    private static final Duration KILLING = Duration.ofMillis(300);

    public static final Timers DEFAULT = millis(10_000, 2_000, 1_500, 7_000, 8_000, 8_500);
    public static final Timers FAST = millis(6_000, 1_000, 1_000, 4_000, 4_700, 5_000);
    public static final Timers RELAXED = millis(15_000, 2_000, 1_500, 11_000, 12_000, 12_500);

    /** D of the slowest profile: how long a promise to a holder lasts that does not state its own D. */
    static final Duration LONGEST = RELAXED.lease;

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

    private static Timers millis(long lease, long renew, long request, long stop, long kill, long fuse) {
        return new Timers(
                Duration.ofMillis(lease),
                Duration.ofMillis(renew),
                Duration.ofMillis(request),
                Duration.ofMillis(stop),
                Duration.ofMillis(kill),
                Duration.ofMillis(fuse));
    }

    /** The timers of a profile. */
    public static Timers of(Profile profile) {
        return switch (profile) {
            case Fast -> FAST;
            case Default -> DEFAULT;
            case Relaxed -> RELAXED;
        };
    }

    /** The timers that every member obeys while the Lease says this. */
    public static Timers of(ClusterLease lease) {
        Profile profile = lease.profile();
        return profile == null ? DEFAULT : of(profile);
    }

    /** How long after the last renewal failsafe rounds begin: one and a half renewals have failed by then. */
    Duration failsafe() {
        return renew.multipliedBy(3).dividedBy(2);
    }

    /** How often a failsafe round is sent. */
    Duration round() {
        return renew.dividedBy(2);
    }
}
