package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.Condition;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.view.ClusterView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * When a cluster is looked at again if no event comes before: soon after a write, ever more rarely while something is wrong, hardly ever when
 * nothing is. A changed spec may cure what was wrong: the cluster is looked at as often as at first.
 */
final class Recheck {
    /** With nothing to do: certificates grow old. */
    static final Duration IDLE = Duration.ofHours(1);

    private static final Duration SOON = Duration.ofSeconds(1);
    private static final Duration SLOWEST = Duration.ofSeconds(60);
    private static final int PATIENCE = 5;

    private record Spec(long generation, Instant since) {}

    private final Map<String, Spec> specs = new ConcurrentHashMap<>();

    /** How long after this pass the next one is. */
    Duration after(ClusterView view, Plan plan, Actor.Outcome outcome, PostgresClusterStatus status) {
        Instant changed = changed(view.cluster(), view.now());
        Optional<List<Request>> known =
                Optional.ofNullable(view.cluster().getStatus()).map(PostgresClusterStatus::requests);
        if (!known.orElse(List.of())
                .equals(Optional.ofNullable(status.requests()).orElse(List.of()))) {
            return SOON; // what is remembered now is taken out of the settings
        }
        if (outcome.refusals().isEmpty() && (outcome.again() || !outcome.done().isEmpty())) {
            return SOON;
        }
        if (plan.settled() && outcome.refusals().isEmpty()) {
            return IDLE;
        }
        Instant began = ready(status).filter(at -> at.isAfter(changed)).orElse(changed);
        return pause(plan.recheck().orElse(SOON), Duration.between(began, view.now()));
    }

    /** A fifth of the time that something has been wrong, within limits. */
    static Duration pause(Duration least, Duration wrong) {
        Duration slow = wrong.dividedBy(PATIENCE);
        Duration bounded = slow.compareTo(SLOWEST) > 0 ? SLOWEST : slow;
        return bounded.compareTo(least) > 0 ? bounded : least;
    }

    /** When this operator first saw the cluster's present spec; long ago, if it has seen no other. */
    Instant changed(PostgresCluster cluster, Instant now) {
        long generation = Objects.requireNonNullElse(cluster.getMetadata().getGeneration(), 0L);
        return Objects.requireNonNull(specs.compute(
                        cluster.getMetadata().getUid(),
                        (uid, spec) -> spec == null
                                ? new Spec(generation, Instant.EPOCH)
                                : spec.generation() == generation ? spec : new Spec(generation, now)))
                .since();
    }

    private static Optional<Instant> ready(PostgresClusterStatus status) {
        return Optional.ofNullable(status.conditions()).orElse(List.of()).stream()
                .filter(c -> "Ready".equals(c.getType()))
                .findFirst()
                .map(Condition::getLastTransitionTime)
                .map(Instant::parse);
    }
}
