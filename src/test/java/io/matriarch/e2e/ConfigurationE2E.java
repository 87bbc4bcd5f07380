package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Good settings arrive within seconds; bad ones are refused in PostgreSQL's own words and change nothing. */
@ExtendWith(OnKubernetes.class)
class ConfigurationE2E {
    @Test
    void changesAreTriedAppliedOrRefused(Stage stage) {
        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        String started = stage.superuserSql("orders-0", "SELECT pg_postmaster_start_time()");

        parameters(stage, "{\"work_mem\":\"8MB\"}");
        for (String pod : new String[] {"orders-0", "orders-1"}) {
            await().atMost(Stage.PATIENCE)
                    .untilAsserted(() ->
                            assertThat(stage.superuserSql(pod, "SHOW work_mem")).isEqualTo("8MB"));
        }

        parameters(stage, "{\"work_mem\":\"8MB\",\"max_connections\":\"150\"}");
        stage.awaitCondition("orders", "PendingRestart=True", "max_connections", "orders-0", "orders-1");
        assertThat(stage.superuserSql("orders-0", "SHOW max_connections")).isEqualTo("100");

        parameters(stage, "{\"work_mem\":\"8MB\",\"shared_buffers\":\"banana\"}");
        stage.awaitCondition("orders", "invalid value for parameter \"shared_buffers\": \"banana\"");
        stage.awaitEvent("orders", "banana");
        parameters(stage, "{\"work_mem\":\"16MB\",\"no_such_parameter\":\"1\"}");
        stage.awaitCondition("orders", "unrecognized configuration parameter \"no_such_parameter\"");
        assertThat(stage.superuserSql("orders-0", "SHOW work_mem")).isEqualTo("8MB");

        stage.kubectl(
                "patch",
                "pgc",
                "orders",
                "--type=merge",
                "-p",
                "{\"spec\":{\"postgres\":{\"parameters\":{\"work_mem\":\"8MB\",\"no_such_parameter\":null},\"hba\":[\"host all all 10.0.0.0/8 nonsense\"]}}}");
        stage.awaitCondition("orders", "invalid authentication method \"nonsense\"");

        // Corrected, all is well again, and nothing was ever restarted.
        stage.kubectl(
                "patch",
                "pgc",
                "orders",
                "--type=merge",
                "-p",
                "{\"spec\":{\"postgres\":{\"parameters\":{\"work_mem\":\"12MB\"},\"hba\":[\"host all app 10.9.9.9/32 reject\"]}}}");
        await().atMost(Stage.PATIENCE)
                .untilAsserted(() -> assertThat(stage.superuserSql("orders-0", "SHOW work_mem"))
                        .isEqualTo("12MB"));
        stage.awaitReady("orders", 2);
        assertThat(stage.superuserSql("orders-0", "SELECT count(*) FROM pg_hba_file_rules WHERE address = '10.9.9.9'"))
                .isEqualTo("1");
        assertThat(stage.superuserSql("orders-0", "SELECT pg_postmaster_start_time()"))
                .isEqualTo(started);
    }

    /** As docs/troubleshooting.md says: no replica may have less than its primary had. */
    @Test
    void aLimitIsLowered(Stage stage) {
        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        parameters(stage, "{\"max_connections\":\"60\"}");
        stage.awaitCondition("orders", "PendingRestart=True", "max_connections", "orders-0", "orders-1");
        stage.kubectl("patch", "pgc", "orders", "--type=merge", "-p", "{\"spec\":{\"fencedInstances\":[\"*\"]}}");
        stage.awaitCondition("orders", "ReplicationHealthy=", " Fenced:");
        for (String pod : new String[] {"orders-0", "orders-1"}) {
            assertThat(stage.kubectlAnswer(
                                    "exec", pod, "-c", "postgres", "--", "psql", "-U", "postgres", "-c", "SELECT 1")
                            .ok())
                    .as("PostgreSQL runs on %s", pod)
                    .isFalse();
        }
        stage.kubectl("patch", "pgc", "orders", "--type=merge", "-p", "{\"spec\":{\"fencedInstances\":[]}}");
        stage.awaitReady("orders", 2);
        String primary = FailoverE2E.primary(stage);
        assertThat(stage.superuserSql(primary, "SHOW max_connections")).isEqualTo("60");
        String replica = primary.equals("orders-0") ? "orders-1" : "orders-0";
        stage.kubectl("delete", "pod", replica);
        stage.awaitReady("orders", 2);
        assertThat(stage.superuserSql(replica, "SHOW max_connections")).isEqualTo("60");
        stage.awaitCondition("orders", "PendingRestart=False");
    }

    @Test
    void pausedMeansHandsOff(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, ""));
        stage.awaitReady("orders", 1);
        stage.kubectl("patch", "pgc", "orders", "--type=merge", "-p", "{\"spec\":{\"paused\":true}}");
        String before = versions(stage);
        stage.kubectl(
                "patch",
                "pgc",
                "orders",
                "--type=merge",
                "-p",
                "{\"spec\":{\"instances\":2,\"postgres\":{\"parameters\":{\"work_mem\":\"9MB\"}}}}");
        // A cluster made later is served, so the operator has had its chance to act on this one.
        stage.apply(Manifests.cluster("later", 1, ""));
        stage.awaitReady("later", 1);
        assertThat(versions(stage)).isEqualTo(before);

        stage.kubectl("patch", "pgc", "orders", "--type=merge", "-p", "{\"spec\":{\"paused\":false}}");
        stage.awaitReady("orders", 2);
    }

    private static String versions(Stage stage) {
        return stage.kubectl(
                "get",
                "sts,configmaps,services,pdb,secrets,pvc",
                "-l",
                "matriarch.io/cluster=orders",
                "-o",
                "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation} {.metadata.annotations}{\"\\n\"}{end}");
    }

    private static void parameters(Stage stage, String json) {
        stage.kubectl(
                "patch",
                "pgc",
                "orders",
                "--type=json",
                "-p",
                "[{\"op\":\"add\",\"path\":\"/spec/postgres\",\"value\":{\"parameters\":" + json + "}}]");
    }
}
