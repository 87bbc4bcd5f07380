package io.matriarch.instance.ha;

import java.time.Duration;
import java.util.Optional;

/**
 * What is known of the Lease at one moment.
 *
 * @param seen when this resourceVersion was first seen
 * @param proof when the last successful renewal was sent
 */
public record LeaseSnapshot(Optional<LeaseView> lease, Duration seen, Optional<Duration> proof) {}
