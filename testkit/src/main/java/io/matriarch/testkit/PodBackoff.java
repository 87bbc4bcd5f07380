package io.matriarch.testkit;

import java.time.Duration;
import java.time.Instant;

/**
 * How long a Job waits with its next pod: longer after each failure since the last success (Kubernetes documentation, "Pod backoff failure policy"). Like containers'
 * restarts it is sooner here: from 1 s to 20 s, where Kubernetes has 10 s to 10 min.
 *
 * @param failures since the last success
 * @param last when the last one was seen
 */
record PodBackoff(int failures, Instant last) {
    static final PodBackoff NONE = new PodBackoff(0, Instant.MIN);
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(20);
    private static final int DOUBLINGS = 5;

    /** With the pods that have ended and are not counted yet. */
    PodBackoff after(JobPods pods, Instant now) {
        if (!pods.succeeded().isEmpty()) {
            return NONE;
        }
        return pods.failed().isEmpty()
                ? this
                : new PodBackoff(failures + pods.failed().size(), now);
    }

    boolean over(Instant now) {
        if (failures == 0) {
            return true;
        }
        Duration pause = FIRST.multipliedBy(1L << Math.min(failures - 1, DOUBLINGS));
        return !now.isBefore(last.plus(pause.compareTo(LONGEST) > 0 ? LONGEST : pause));
    }
}
