package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.Condition;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How often the status of a cluster that is being created is written. Its members' states change many times a second, and each write is one more
 * line of {@code kubectl get -w}: what users wait for is written at once, anything else together with it or some seconds later. From the cluster's
 * first Ready on, each change is written at once.
 */
final class Pace {
    private static final Duration QUIET = Duration.ofSeconds(10);

    private final InstantSource clock;
    private final Map<String, Instant> written = new ConcurrentHashMap<>();

    Pace(InstantSource clock) {
        this.clock = clock;
    }

    /** How long this status must wait before it is written; zero to write it now. */
    Duration rest(PostgresCluster cluster, Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        Instant last = written.get(cluster.getMetadata().getUid());
        if (after.readyAt() != null || last == null || !news(before).equals(news(Optional.of(after)))) {
            return Duration.ZERO;
        }
        Duration rest = Duration.between(clock.instant(), last.plus(QUIET));
        return rest.isNegative() ? Duration.ZERO : rest;
    }

    void written(PostgresCluster cluster, PostgresClusterStatus status) {
        if (status.readyAt() != null) {
            written.remove(cluster.getMetadata().getUid());
        } else {
            written.put(cluster.getMetadata().getUid(), clock.instant());
        }
    }

    /** What must not wait. */
    private record News(
            long generation,
            int ready,
            String primary,
            List<PostgresClusterStatus.Request> requests,
            boolean initializing,
            List<String> conditions) {}

    private static News news(Optional<PostgresClusterStatus> status) {
        return new News(
                status.map(PostgresClusterStatus::observedGeneration).orElse(-1L),
                status.map(PostgresClusterStatus::readyInstances).orElse(0),
                status.map(PostgresClusterStatus::primary).orElse(""),
                status.map(PostgresClusterStatus::requests).orElse(List.of()),
                Story.initializing(status).isPresent(),
                status.map(PostgresClusterStatus::conditions).orElse(List.<Condition>of()).stream()
                        .filter(c -> List.of("Ready", "Stalled").contains(c.getType()))
                        .map(c -> c.getType() + c.getStatus() + Objects.requireNonNullElse(c.getReason(), ""))
                        .toList());
    }
}
