package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** More members and fewer, in order, without losing a row or a volume. */
@ExtendWith(OnKubernetes.class)
class ScaleE2E {
    @Test
    void oneThreeFiveTwo(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, ""));
        stage.awaitReady("orders", 1);
        stage.sql("orders", "orders-rw", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n");

        stage.kubectl("scale", "pgc", "orders", "--replicas=3");
        stage.awaitReady("orders", 3);
        stage.kubectl("scale", "pgc", "orders", "--replicas=5");
        stage.awaitReady("orders", 5);
        assertThat(stage.superuserSql("orders-0", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"))
                .isEqualTo("4");
        assertThat(stage.value("pdb/orders", "{.spec.maxUnavailable}")).isEqualTo("1");

        stage.kubectl("scale", "pgc", "orders", "--replicas=2");
        stage.awaitReady("orders", 2);
        assertThat(stage.superuserSql("orders-0", "SELECT slot_name FROM pg_replication_slots"))
                .isEqualTo("m_1");
        assertThat(stage.value("sts/orders", "{.spec.replicas}")).isEqualTo("2");
        stage.awaitValue(
                "pvc",
                "{.items[*].metadata.name}",
                names -> names.contains("data-orders-4"),
                "to keep the volume of orders-4");
        assertThat(stage.value("pgc/orders", "{.status.volumes[?(@.claim==\"data-orders-4\")].condition}"))
                .contains("Retained");

        // Back up again: the kept volumes are used, not cloned anew when what is on them still fits.
        stage.sql("orders", "orders-rw", "INSERT INTO t VALUES (1001)");
        stage.kubectl("scale", "pgc", "orders", "--replicas=3");
        stage.awaitReady("orders", 3);
        org.awaitility.Awaitility.await()
                .atMost(Stage.PATIENCE)
                .untilAsserted(() -> assertThat(stage.kubectl(
                                "exec",
                                "orders-2",
                                "-c",
                                "postgres",
                                "--",
                                "psql",
                                "-AtU",
                                "postgres",
                                "-d",
                                "app",
                                "-c",
                                "SELECT count(*) FROM t"))
                        .isEqualTo("1001"));
    }

    @Test
    void volumesOfMembersThatLeftGoWhenTheUserSaysSo(Stage stage) {
        stage.apply(Manifests.clusterWithStorage("orders", 2, "retain: {whenScaled: Delete}"));
        stage.awaitReady("orders", 2);
        stage.kubectl("scale", "pgc", "orders", "--replicas=1");
        stage.awaitReady("orders", 1);
        stage.awaitValue("pvc", "{.items[*].metadata.name}", "data-orders-0");
    }

    @Test
    void orderedReadyStartsOneMemberAfterAnother(Stage stage) {
        stage.apply(Manifests.cluster("orders", 3, "podManagementPolicy: OrderedReady"));
        stage.awaitReady("orders", 3);
        assertThat(stage.value("sts/orders", "{.spec.podManagementPolicy}")).isEqualTo("OrderedReady");
        stage.kubectl("scale", "pgc", "orders", "--replicas=1");
        stage.awaitReady("orders", 1);
        assertThat(stage.superuserSql("orders-0", "SELECT count(*) FROM pg_replication_slots"))
                .isEqualTo("0");
    }
}
