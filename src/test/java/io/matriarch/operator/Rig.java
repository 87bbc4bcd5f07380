package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.view.ClusterView.OperatorIdentity;
import io.matriarch.testkit.Embedded;
import io.matriarch.testkit.Faults;
import io.matriarch.testkit.Kstatus;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** An embedded cluster, an operator that works on it, and a user. */
final class Rig implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration PACE = Duration.ofMillis(50);
    private static final String OPERATOR = "operator-under-test";

    final Embedded embedded = new Embedded();
    final KubernetesClient user = embedded.api().client("user", Unreadable.serialization());
    private final KubernetesClient client = embedded.api().client(OPERATOR, Unreadable.serialization());
    private Controllers controllers;

    Rig() throws IOException {
        controllers = begin("matriarch:1");
    }

    private Controllers begin(String image) {
        Controllers begun = new Controllers(
                client, InstantSource.system(), new OperatorIdentity(image, "1"), Set.of(), new Telemetry(), PACE);
        begun.start();
        return begun;
    }

    /** Ends this operator and starts one of another image. */
    void upgrade(String image) {
        controllers.close();
        controllers = begin(image);
    }

    /** {@code kubectl apply} of a cluster; {@code more} is YAML under {@code spec}. */
    void apply(String namespace, String name, int instances, String more) {
        String yaml = """
                apiVersion: matriarch.io/v1beta1
                kind: PostgresCluster
                metadata: {name: %s, namespace: %s}
                spec:
                  instances: %d
                """.formatted(name, namespace, instances)
                + defaulted(more, "image:", "image: postgres:17")
                + defaulted(more, "storage:", "storage: {size: 1Gi}")
                + more.indent(2);
        user.resource(Serialization.unmarshal(yaml, PostgresCluster.class))
                .fieldManager("user")
                .forceConflicts()
                .serverSideApply();
    }

    private static String defaulted(String more, String field, String text) {
        return more.contains(field) ? "" : text.indent(2);
    }

    void patch(String namespace, String name, String json) {
        user.resources(PostgresCluster.class)
                .inNamespace(namespace)
                .withName(name)
                .patch(PatchContext.of(PatchType.JSON_MERGE), json);
    }

    /** {@code kubectl patch --type=merge} of anything. */
    <T extends HasMetadata> void patch(Class<T> kind, String namespace, String name, String json) {
        user.resources(kind).inNamespace(namespace).withName(name).patch(PatchContext.of(PatchType.JSON_MERGE), json);
    }

    PostgresCluster cluster(String namespace, String name) {
        return Optional.ofNullable(user.resources(PostgresCluster.class)
                        .inNamespace(namespace)
                        .withName(name)
                        .get())
                .orElseThrow();
    }

    PostgresClusterStatus status(String namespace, String name) {
        return Optional.ofNullable(cluster(namespace, name).getStatus()).orElse(PostgresClusterStatus.NONE);
    }

    Condition condition(String namespace, String name, String type) {
        return Optional.ofNullable(status(namespace, name).conditions()).orElse(List.of()).stream()
                .filter(c -> c.getType().equals(type))
                .findFirst()
                .orElseGet(Condition::new);
    }

    /** Waits until a condition says this. */
    void awaitCondition(String namespace, String name, String type, String status, String... parts) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            Condition condition = condition(namespace, name, type);
            stalledMeansFailed(cluster(namespace, name));
            assertThat(condition.getStatus())
                    .as("%s of %s", type, status(namespace, name))
                    .isEqualTo(status);
            String said = condition.getReason() + ": " + condition.getMessage();
            assertThat(List.of(parts)).as(said).allMatch(said::contains);
        });
    }

    /** Flux and helm --wait end on Stalled only when kstatus sees it. */
    private static void stalledMeansFailed(PostgresCluster cluster) {
        boolean stalled =
                Optional.ofNullable(cluster.getStatus())
                        .map(PostgresClusterStatus::conditions)
                        .orElse(List.of())
                        .stream()
                        .anyMatch(c ->
                                c.getType().equals("Stalled") && c.getStatus().equals("True"));
        boolean observed = Optional.ofNullable(cluster.getStatus())
                .map(PostgresClusterStatus::observedGeneration)
                .filter(cluster.getMetadata().getGeneration()::equals)
                .isPresent();
        if (stalled && observed) {
            assertThat(Kstatus.of(cluster))
                    .as("kstatus of %s", cluster.getStatus())
                    .isEqualTo(Kstatus.Failed);
        }
    }

    void awaitReady(String namespace, String name, int instances) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            PostgresCluster cluster = cluster(namespace, name);
            PostgresClusterStatus status = status(namespace, name);
            assertThat(condition(namespace, name, "Ready").getStatus())
                    .as("Ready of %s", status)
                    .isEqualTo("True");
            assertThat(status.readyInstances()).isEqualTo(instances);
            assertThat(status.observedGeneration())
                    .isEqualTo(cluster.getMetadata().getGeneration());
            assertThat(condition(namespace, name, "Reconciling").getStatus())
                    .as("Reconciling of %s", status)
                    .isEqualTo("False");
            assertThat(Kstatus.of(cluster)).as("kstatus of %s", status).isEqualTo(Kstatus.Current);
        });
    }

    List<String> events(String namespace) {
        return user.v1().events().inNamespace(namespace).list().getItems().stream()
                .map(Event::getMessage)
                .toList();
    }

    /** What this operator wrote, Events apart. */
    List<Faults.Write> writes(String namespace) {
        return embedded.api().faults().writes().stream()
                .filter(ofOperator(namespace))
                .filter(w -> !w.kind().equals("Event"))
                .toList();
    }

    static Predicate<Faults.Write> ofOperator(String namespace) {
        return write -> write.client().contains(OPERATOR) && write.namespace().equals(namespace);
    }

    @Override
    public void close() {
        controllers.close();
        client.close();
        user.close();
        embedded.close();
    }
}
