package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Walk;
import io.matriarch.testkit.Embedded;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A controller is a view, a plan and a report: remembering, acting, writing the status and telling Events come from {@link Pass}. */
@Tag("cluster")
class AnotherPassTest {
    /** Makes one ConfigMap for each object, and remembers before that it does. */
    @ControllerConfiguration(name = "another")
    private static final class Another extends Pass<PostgresCluster, PostgresClusterStatus, PostgresCluster>
            implements Reconciler<PostgresCluster> {
        Another(KubernetesClient client) {
            super(client, InstantSource.system(), PostgresCluster.class, PostgresClusterStatus.class);
        }

        @Override
        PostgresCluster observe(PostgresCluster object, Context<PostgresCluster> context) {
            return object;
        }

        @Override
        Plan plan(PostgresCluster seen) {
            boolean begun = Optional.ofNullable(seen.getStatus())
                    .map(PostgresClusterStatus::version)
                    .isPresent();
            ConfigMap configMap = new ConfigMapBuilder()
                    .withNewMetadata()
                    .withNamespace(seen.getMetadata().getNamespace())
                    .withName("made")
                    .endMetadata()
                    .build();
            return new Walk<>(seen)
                    .step(view -> begun
                            ? new Done()
                            : Act.andLook(List.of(new Action.Create(configMap)), List.of())
                                    .remembering(new Intent("version", "begun")))
                    .plan();
        }

        @Override
        PostgresClusterStatus report(PostgresCluster seen, Plan plan, List<Finding> more) {
            List<Intent> all = new ArrayList<>(plan.remember());
            all.add(new Intent(
                    "conditions",
                    List.of(new ConditionBuilder()
                            .withType("Ready")
                            .withStatus("True")
                            .withReason("Ready")
                            .withMessage("it is made")
                            .withLastTransitionTime("2026-11-01T12:00:00Z")
                            .build())));
            return Intent.onto(seen.getStatus(), all, PostgresClusterStatus.class);
        }
    }

    @Test
    void aViewAPlanAndAReportAreAController() throws Exception {
        try (Embedded embedded = new Embedded();
                KubernetesClient client = embedded.api().client("another");
                KubernetesClient user = embedded.api().client("user")) {
            Operator operator = new Operator(overrider -> overrider
                    .withKubernetesClient(client)
                    .withCloseClientOnStop(false)
                    .checkingCRDAndValidateLocalModel(false)
                    .withUseSSAToPatchPrimaryResource(true)
                    .withParseResourceVersions(true));
            operator.register(new Another(client));
            operator.start();
            try {
                user.resource(Serialization.unmarshal("""
                                apiVersion: matriarch.io/v1beta1
                                kind: PostgresCluster
                                metadata: {name: orders, namespace: shop}
                                spec: {instances: 1, image: 'postgres:17', storage: {size: 1Gi}}
                                """, PostgresCluster.class))
                        .create();
                await().atMost(Rig.PATIENCE)
                        .untilAsserted(() -> assertThat(events(user)).contains("it is made"));
                await().atMost(Rig.PATIENCE)
                        .untilAsserted(() -> assertThat(status(user).map(PostgresClusterStatus::conditions))
                                .hasValueSatisfying(
                                        conditions -> assertThat(conditions).hasSize(1)));
                assertThat(status(user).map(PostgresClusterStatus::version)).contains("begun");
                assertThat(embedded.api().faults().writes().stream()
                                .filter(w -> w.client().contains("another")
                                        && !w.kind().equals("Event"))
                                .map(w -> w.kind() + "/" + w.subresource()))
                        .containsExactly("PostgresCluster/status", "ConfigMap/", "PostgresCluster/status");
            } finally {
                operator.stop();
            }
        }
    }

    private static List<String> events(KubernetesClient user) {
        return user.v1().events().inNamespace("shop").list().getItems().stream()
                .map(event -> event.getMessage())
                .toList();
    }

    private static Optional<PostgresClusterStatus> status(KubernetesClient user) {
        return Optional.ofNullable(user.resources(PostgresCluster.class)
                        .inNamespace("shop")
                        .withName("orders")
                        .get())
                .map(PostgresCluster::getStatus);
    }
}
