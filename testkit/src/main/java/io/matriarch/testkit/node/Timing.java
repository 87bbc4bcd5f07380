package io.matriarch.testkit.node;

import java.time.Duration;

/**
 * How patient nodes are.
 *
 * @param backoff pause before a container's second restart; it doubles each time
 * @param longestBackoff where doubling ends
 * @param backoffForgotten a run as long as this makes the next restart a first one
 * @param nodeSilent how long a node says nothing until it is NotReady
 */
public record Timing(Duration backoff, Duration longestBackoff, Duration backoffForgotten, Duration nodeSilent) {
    /** As Kubernetes has them. */
    public static final Timing KUBERNETES =
            new Timing(Duration.ofSeconds(10), Duration.ofMinutes(5), Duration.ofMinutes(10), Duration.ofSeconds(50));

    /** For those who watch or test: the same, sooner. */
    public static final Timing QUICK =
            new Timing(Duration.ofSeconds(1), Duration.ofSeconds(20), Duration.ofMinutes(1), Duration.ofSeconds(4));
}
