package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The first thing a user does. */
@ExtendWith(OnKubernetes.class)
class QuickstartE2E {
    @Test
    void threeMembersFromOneManifest(Stage stage) throws Exception {
        stage.apply(Files.readString(Path.of("examples/quickstart.yaml")));
        stage.awaitReady("orders", 3);

        stage.sql("orders", "orders-rw", "CREATE TABLE greetings (text text); INSERT INTO greetings VALUES ('hello')");
        stage.awaitValue("pgc/orders", "{.status.members[*].state}", "Running Streaming Streaming");
        assertThat(stage.sql("orders", "orders-ro", "SELECT pg_is_in_recovery()"))
                .isEqualTo("t");
        org.awaitility.Awaitility.await()
                .atMost(Stage.PATIENCE)
                .untilAsserted(() -> assertThat(stage.sql("orders", "orders-ro", "SELECT text FROM greetings"))
                        .isEqualTo("hello"));
        assertThat(stage.sqlAnswer("orders", "orders-ro", "INSERT INTO greetings VALUES ('no')")
                        .err())
                .contains("read-only transaction");

        assertThat(stage.value("pgc/orders", "{.status.primary}")).isEqualTo("orders-0");
        assertThat(stage.value("pgc/orders", "{.status.version}")).startsWith("17.");
        assertThat(stage.value("pgc/orders", "{.status.observedGeneration}"))
                .isEqualTo(stage.value("pgc/orders", "{.metadata.generation}"));
        assertThat(stage.kubectl("get", "pgc", "orders"))
                .contains("INSTANCES", "READY", "PRIMARY", "VERSION", "STATUS", "AGE", "orders-0");
        assertThat(stage.kubectl("get", "postgres")).contains("orders");
    }

    @Test
    void theSecretHoldsWhatApplicationsNeed(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, ""));
        stage.awaitReady("orders", 1);
        String password = stage.secret("orders-app", "password");
        assertThat(stage.secret("orders-app", "uri")).isEqualTo("postgresql://app:" + password + "@orders-rw:5432/app");
        assertThat(stage.secret("orders-app", "fqdn-uri")).contains("@orders-rw." + stage.namespace() + ".svc");
        assertThat(stage.secret("orders-app", "jdbc-uri")).startsWith("jdbc:postgresql://orders-rw:5432/app?");
        assertThat(stage.kubectlAnswer("get", "secret", "orders-superuser").err())
                .contains("NotFound");

        // Changing a password means changing the Secret.
        stage.kubectl("patch", "secret", "orders-app", "-p", "{\"stringData\":{\"password\":\"changed-by-hand\"}}");
        org.awaitility.Awaitility.await()
                .atMost(Stage.PATIENCE)
                .untilAsserted(() -> assertThat(stage.sql("orders", "orders-rw", "SELECT current_user"))
                        .isEqualTo("app"));
        assertThat(stage.secret("orders-app", "password")).isEqualTo("changed-by-hand");
    }

    @Test
    void clientsCanVerifyTheServersCertificate(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, ""));
        stage.awaitReady("orders", 1);
        stage.sql("orders", "orders-rw", "SELECT 1");
        Shell.must(
                stage.secret("orders-server", "ca.crt"),
                java.util.List.of(
                        "kubectl",
                        "-n",
                        stage.namespace(),
                        "exec",
                        "-i",
                        Stage.CLIENT,
                        "--",
                        "sh",
                        "-c",
                        "cat > /tmp/ca.crt"));
        String host = "orders-rw." + stage.namespace() + ".svc";
        assertThat(stage.kubectl(
                        "exec",
                        Stage.CLIENT,
                        "--",
                        "env",
                        "PGPASSWORD=" + stage.secret("orders-app", "password"),
                        "psql",
                        "-At",
                        "host=" + host + " user=app dbname=app sslmode=verify-full sslrootcert=/tmp/ca.crt",
                        "-c",
                        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
                .isEqualTo("t");
    }
}
