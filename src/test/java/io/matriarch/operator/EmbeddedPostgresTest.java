package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.view.ClusterView.OperatorIdentity;
import io.matriarch.testkit.node.AgentImage;
import io.matriarch.testkit.node.ProcessCluster;
import io.matriarch.testkit.node.Timing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The life of one cluster of three, from the client's side: the real operator in this process, real agents and real PostgreSQL as pods on nodes of
 * processes. The steps go on from each other.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
@Tag("postgres")
class EmbeddedPostgresTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String NAMESPACE = "shop";
    private static final String NAME = "orders";
    private static final String MANIFEST = """
            apiVersion: matriarch.io/v1beta1
            kind: PostgresCluster
            metadata: {name: orders, namespace: shop}
            spec: {instances: 3, image: "postgres:15", storage: {size: 1Gi}}
            """;

    private final ProcessCluster cluster;
    private final KubernetesClient user;
    private final KubernetesClient client;
    private final Controllers controllers;

    EmbeddedPostgresTest() throws IOException {
        Path image = AgentImage.build();
        cluster = new ProcessCluster(3, Timing.QUICK).withAgent(image);
        user = cluster.api().client("user");
        client = cluster.api().client("operator");
        controllers = new Controllers(
                client,
                InstantSource.system(),
                new OperatorIdentity(ProcessCluster.AGENT_IMAGE, "1"),
                Set.of(),
                new Telemetry(),
                Duration.ofMillis(50));
        controllers.start();
    }

    @AfterAll
    void nothingIsLeft() throws IOException {
        controllers.close();
        client.close();
        user.close();
        cluster.close();
        assertThat(cluster.folder()).doesNotExist();
    }

    private void eventually(ThrowingRunnable assertion) {
        try {
            await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(100))
                    .ignoreExceptions()
                    .untilAsserted(assertion);
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(cluster.evidence(NAMESPACE), e);
        }
    }

    private void awaitReady(int instances) {
        eventually(() -> {
            PostgresCluster live = Objects.requireNonNull(user.resources(PostgresCluster.class)
                    .inNamespace(NAMESPACE)
                    .withName(NAME)
                    .get());
            PostgresClusterStatus status = Objects.requireNonNull(live.getStatus());
            assertThat(status.observedGeneration()).isEqualTo(live.getMetadata().getGeneration());
            assertThat(status.readyInstances()).isEqualTo(instances);
            assertThat(status.conditions())
                    .filteredOn(c -> c.getType().equals("Ready"))
                    .allMatch(c -> c.getStatus().equals("True"));
            assertThat(user.pods().inNamespace(NAMESPACE).list().getItems()).hasSize(instances);
        });
    }

    private void scale(int instances) {
        user.resources(PostgresCluster.class)
                .inNamespace(NAMESPACE)
                .withName(NAME)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"instances\":%d}}".formatted(instances));
    }

    private void create() {
        user.resource(Serialization.unmarshal(MANIFEST, PostgresCluster.class)).create();
    }

    private Connection connect(String address) throws SQLException {
        var secret = Objects.requireNonNull(
                user.secrets().inNamespace(NAMESPACE).withName("orders-app").get());
        Properties properties = new Properties();
        for (String key : List.of("username", "password")) {
            properties.setProperty(
                    key.equals("username") ? "user" : key,
                    new String(Base64.getDecoder().decode(secret.getData().get(key)), StandardCharsets.UTF_8));
        }
        properties.setProperty("sslmode", "require");
        properties.setProperty("connectTimeout", "5");
        properties.setProperty("socketTimeout", "20");
        return DriverManager.getConnection("jdbc:postgresql://" + address + ":5432/app", properties);
    }

    private void write(String row) throws SQLException {
        try (Connection connection = connect(cluster.serviceAddress(NAMESPACE, "orders-rw"));
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS rows (value text)");
            statement.execute("INSERT INTO rows VALUES ('" + row + "')");
        }
    }

    private List<String> rows(String address) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = connect(address);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT value FROM rows")) {
            while (result.next()) {
                rows.add(result.getString(1));
            }
        }
        return rows;
    }

    private void assertEveryMemberHas(String... rows) {
        for (Pod pod : user.pods().inNamespace(NAMESPACE).list().getItems()) {
            eventually(() -> assertThat(rows(pod.getStatus().getPodIP()))
                    .as("rows of %s", pod.getMetadata().getName())
                    .containsExactlyInAnyOrder(rows));
        }
    }

    @Test
    @Order(1)
    void threeMembersServe() {
        long begin = System.nanoTime();
        create();
        awaitReady(3);
        System.out.printf("three members ready after %d ms%n", (System.nanoTime() - begin) / 1_000_000);
    }

    @Test
    @Order(2)
    void whatTheServiceForWritesTakesEveryMemberHas() {
        eventually(() -> write("first"));
        assertEveryMemberHas("first");
        eventually(() ->
                assertThat(rows(cluster.serviceAddress(NAMESPACE, "orders-ro"))).containsExactly("first"));
    }

    @Test
    @Order(3)
    void membersComeAndGo() throws SQLException {
        scale(4);
        awaitReady(4);
        write("four");
        assertEveryMemberHas("first", "four");
        scale(2);
        awaitReady(2);
        assertEveryMemberHas("first", "four");
    }

    @Test
    @Order(4)
    void aPrimaryWhosePodIsDeletedComesBackWithItsRows() {
        String before = Objects.requireNonNull(
                        user.pods().inNamespace(NAMESPACE).withName("orders-0").get())
                .getMetadata()
                .getUid();
        user.pods().inNamespace(NAMESPACE).withName("orders-0").delete();
        eventually(() -> assertThat(Objects.requireNonNull(user.pods()
                                .inNamespace(NAMESPACE)
                                .withName("orders-0")
                                .get())
                        .getMetadata()
                        .getUid())
                .isNotEqualTo(before));
        awaitReady(2);
        eventually(() -> write("after"));
        assertEveryMemberHas("first", "four", "after");
    }

    @Test
    @Order(5)
    void aClusterOfTheSameNameTakesTheVolumesOver() {
        user.resources(PostgresCluster.class)
                .inNamespace(NAMESPACE)
                .withName(NAME)
                .delete();
        eventually(() -> {
            assertThat(user.pods().inNamespace(NAMESPACE).list().getItems()).isEmpty();
            assertThat(user.apps().statefulSets().inNamespace(NAMESPACE).list().getItems())
                    .isEmpty();
        });
        create();
        awaitReady(3);
        assertEveryMemberHas("first", "four", "after");
    }
}
