package io.matriarch.plan.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What is told of a cluster whose object cannot be read. Nothing is done for it: what its user wants is not known, and its members go on with the
 * settings that they have.
 */
public final class UnreadableReport {
    private static final String REASON = "SpecUnreadable";

    private UnreadableReport() {}

    /** @param why the field and what is wrong with it */
    public static Finding finding(String why) {
        return Finding.stalled(
                REASON,
                "%s. Correct this field (kubectl edit, or apply a corrected manifest). Until then the operator leaves this cluster as it is; its members keep running and still fail over"
                        .formatted(why));
    }

    /**
     * The status as it was, with conditions that say so; empty when there is no status that could be kept: whatever it holds would be lost.
     *
     * @param cluster without a spec
     */
    public static Optional<PostgresClusterStatus> of(PostgresCluster cluster, String why, Instant now) {
        if (why.startsWith("status")) {
            return Optional.empty();
        }
        PostgresClusterStatus was = Optional.ofNullable(cluster.getStatus())
                .orElse(new PostgresClusterStatus(
                        null, null, null, null, null, null, null, null, null, null, null, null, null, null));
        List<Condition> before = Objects.requireNonNullElse(was.conditions(), List.of());
        String message = finding(why).message();
        List<Condition> conditions = new ArrayList<>(before);
        set(conditions, cluster, now, "Ready", "Unknown", REASON, message);
        set(conditions, cluster, now, "Reconciling", "False", REASON, message);
        set(conditions, cluster, now, "Stalled", "True", REASON, message);
        return Optional.of(new PostgresClusterStatus(
                cluster.getMetadata().getGeneration(),
                was.instances(),
                was.readyInstances(),
                was.selector(),
                was.primary(),
                was.timeline(),
                was.epoch(),
                was.version(),
                was.systemIdentifier(),
                was.members(),
                was.volumes(),
                was.lastRoleChange(),
                was.requests(),
                conditions,
                was.readyAt()));
    }

    private static void set(
            List<Condition> conditions,
            PostgresCluster cluster,
            Instant now,
            String type,
            String status,
            String reason,
            String message) {
        Optional<Condition> before =
                conditions.stream().filter(c -> type.equals(c.getType())).findFirst();
        String since = before.filter(c -> status.equals(c.getStatus()))
                .map(Condition::getLastTransitionTime)
                .orElseGet(() -> Timestamp.of(now));
        Condition condition = new ConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withReason(reason)
                .withMessage(message)
                .withObservedGeneration(
                        Objects.requireNonNullElse(cluster.getMetadata().getGeneration(), 0L))
                .withLastTransitionTime(since)
                .build();
        before.ifPresentOrElse(
                old -> conditions.set(conditions.indexOf(old), condition), () -> conditions.add(condition));
    }
}
