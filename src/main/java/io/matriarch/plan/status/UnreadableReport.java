package io.matriarch.plan.status;

import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Said;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What the user learns about a cluster whose object cannot be read. The operator does nothing for it, as it does not know what the user wants; the
 * members continue with the settings that they have.
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
     * The former status, with conditions that report the error; empty if the status itself is unreadable: writing it would lose what it holds.
     *
     * @param cluster without a spec
     */
    public static Optional<PostgresClusterStatus> of(PostgresCluster cluster, String why, Instant now) {
        if (why.startsWith("status")) {
            return Optional.empty();
        }
        Optional<PostgresClusterStatus> was = Optional.ofNullable(cluster.getStatus());
        long generation = Objects.requireNonNullElse(cluster.getMetadata().getGeneration(), 0L);
        Finding finding = finding(why);
        ConditionList conditions =
                new ConditionList(was.map(PostgresClusterStatus::conditions).orElse(List.of()), generation, now);
        conditions.set("Ready", Said.unknown(REASON, finding.message()));
        conditions.set("Reconciling", Said.no(REASON, finding.message()));
        conditions.set("Stalled", Said.yes(REASON, finding.message()));
        return Optional.of(Intent.onto(
                was.orElse(PostgresClusterStatus.NONE),
                List.of(
                        new Intent("observedGeneration", cluster.getMetadata().getGeneration()),
                        new Intent("conditions", conditions.all()),
                        new Intent("announced", Events.announced(List.of(finding)))),
                PostgresClusterStatus.class));
    }
}
