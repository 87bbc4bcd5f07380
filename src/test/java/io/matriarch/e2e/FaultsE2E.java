package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** Pods, containers and nodes come and go; the data stays, and whoever may go on does. */
@Isolated("it disturbs what other tests rely on")
@ExtendWith(OnKubernetes.class)
class FaultsE2E {
    @Test
    void aDeletedPodComesBack(Stage stage) {
        threeMembersWithRows(stage);
        for (String pod : new String[] {"orders-2", "orders-0"}) {
            String uid = stage.value("pod/" + pod, "{.metadata.uid}");
            stage.kubectl("delete", "pod", pod, "--wait=false");
            stage.awaitValue("pod/" + pod, "{.metadata.uid}", now -> !now.equals(uid), "to be another pod");
            stage.awaitReady("orders", 3);
        }
        everywhereTheSame(stage);
    }

    @Test
    void aKilledContainerComesBack(Stage stage) {
        threeMembersWithRows(stage);
        for (String pod : new String[] {"orders-1", "orders-0"}) {
            String before = restarts(stage, pod);
            // Everything but PID 1, which ends when its child is gone.
            stage.kubectlAnswer("exec", pod, "-c", "postgres", "--", "bash", "-c", "kill -9 -1");
            await().atMost(Stage.PATIENCE)
                    .untilAsserted(() -> assertThat(restarts(stage, pod)).isNotEqualTo(before));
            stage.awaitReady("orders", 3);
        }
        everywhereTheSame(stage);
    }

    @Test
    void anotherMemberServesWhileThePrimarysNodeIsOff(Stage stage) {
        threeMembersWithRows(stage);
        String node = stage.value("pod/orders-0", "{.spec.nodeName}");
        // The client must not go down with it.
        stage.kubectl("delete", "pod", Stage.CLIENT, "--wait=true");
        String other = stage.value("pod/orders-1", "{.spec.nodeName}");
        assertThat(other).isNotEqualTo(node);
        stage.startClientOn(other);

        Nodes.powerOff(node);
        try {
            stage.awaitValue(
                    "pgc/orders",
                    "{.status.primary}",
                    now -> !now.isEmpty() && !now.equals("orders-0"),
                    "to be another");
            assertThat(stage.sql("orders", "orders-ro", "SELECT count(*) FROM t"))
                    .isEqualTo("1000");
        } finally {
            Nodes.powerOn(node);
        }
        stage.awaitReady("orders", 3);
        everywhereTheSame(stage);
    }

    @Test
    void operatorKilledWhileItMakesACluster(Stage stage) {
        stage.apply(Manifests.cluster("orders", 3, ""));
        for (int kill = 0; kill < 3; kill++) {
            Installation.kill();
            await().pollDelay(Duration.ofSeconds(3)).until(() -> true);
        }
        stage.awaitReady("orders", 3);
        assertThat(stage.value("pvc", "{.items[*].metadata.name}"))
                .isEqualTo("data-orders-0 data-orders-1 data-orders-2");
        stage.sql("orders", "orders-rw", "CREATE TABLE t AS SELECT 1 AS n");
    }

    private static void threeMembersWithRows(Stage stage) {
        stage.apply(Manifests.cluster("orders", 3, ""));
        stage.awaitReady("orders", 3);
        stage.sql("orders", "orders-rw", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n");
    }

    private static void everywhereTheSame(Stage stage) {
        assertThat(stage.sql("orders", "orders-rw", "SELECT count(*) FROM t")).isEqualTo("1000");
        stage.sql("orders", "orders-rw", "INSERT INTO t VALUES (1001)");
        for (String pod : new String[] {"orders-0", "orders-1", "orders-2"}) {
            await().atMost(Stage.PATIENCE)
                    .untilAsserted(() -> assertThat(stage.kubectl(
                                    "exec",
                                    pod,
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
    }

    private static String restarts(Stage stage, String pod) {
        return stage.value("pod/" + pod, "{.status.containerStatuses[?(@.name==\"postgres\")].restartCount}");
    }
}
