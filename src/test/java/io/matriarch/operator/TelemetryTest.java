package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import io.matriarch.plan.step.Intent;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the operator's metrics say of a failover. */
class TelemetryTest {
    private static PostgresClusterStatus status(long epoch, String replication) {
        RoleChange change =
                new RoleChange(epoch, "orders-0", "orders-1", "LeaseExpired", "1.250s", "2026-11-01T12:00:00Z", null);
        Condition condition = new ConditionBuilder()
                .withType("ReplicationHealthy")
                .withReason(replication)
                .build();
        return Intent.onto(
                PostgresClusterStatus.NONE,
                List.of(
                        new Intent("primary", "orders-1"),
                        new Intent("timeline", 1),
                        new Intent("epoch", epoch),
                        new Intent("lastRoleChange", change),
                        new Intent("conditions", List.of(condition))),
                PostgresClusterStatus.class);
    }

    @Test
    void aFailoverIsCountedOnceAndTheStateIsTheNewest() {
        PostgresCluster cluster = new PostgresCluster();
        cluster.setMetadata(
                new ObjectMetaBuilder().withNamespace("shop").withName("orders").build());
        Telemetry telemetry = new Telemetry();
        telemetry.failover(cluster, Optional.of(status(3, "Quorum")), status(4, "Blocked"));
        telemetry.failover(cluster, Optional.of(status(4, "Blocked")), status(4, "Quorum"));
        assertThat(telemetry.scrape())
                .contains("matriarch_cluster_timeline{cluster=\"orders\",namespace=\"shop\"} 1.0")
                .contains(
                        "matriarch_cluster_last_role_change_seconds{cluster=\"orders\",namespace=\"shop\",reason=\"LeaseExpired\"} 1.25")
                .contains("matriarch_cluster_epoch{cluster=\"orders\",namespace=\"shop\"} 4.0")
                .contains("matriarch_cluster_replication{cluster=\"orders\",namespace=\"shop\",state=\"Quorum\"} 1.0")
                .doesNotContain("state=\"Blocked\"")
                .contains(
                        "matriarch_cluster_role_changes_total{cluster=\"orders\",namespace=\"shop\",reason=\"LeaseExpired\"} 1.0");
    }
}
