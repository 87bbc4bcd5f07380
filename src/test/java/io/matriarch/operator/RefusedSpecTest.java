package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.testkit.Kstatus;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code kubectl apply} answers to a wish for replication and failover that can never be met. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("cluster")
class RefusedSpecTest {
    private final AnyApi api;
    private final KubernetesClient user;

    RefusedSpecTest() throws IOException {
        api = new AnyApi("user");
        user = api.client();
    }

    @BeforeAll
    void somethingIsThere() {
        apply("instances: 3, replication: {acknowledgements: 2}");
    }

    @AfterAll
    void end() throws Exception {
        api.close();
    }

    private void apply(String fields) {
        user.resource(Serialization.unmarshal("""
                        apiVersion: matriarch.io/v1beta1
                        kind: PostgresCluster
                        metadata: {name: orders, namespace: %s}
                        spec: {image: 'postgres:17', storage: {size: 1Gi}, %s}
                        """.formatted(api.namespace(), fields), GenericKubernetesResource.class))
                .fieldManager("user")
                .forceConflicts()
                .serverSideApply();
    }

    /** No operator runs here. */
    @Test
    void anObjectThatNoOperatorHasSeenIsInProgress() {
        PostgresCluster fresh = Optional.ofNullable(user.resources(PostgresCluster.class)
                        .inNamespace(api.namespace())
                        .withName("orders")
                        .get())
                .orElseThrow();
        assertThat(Optional.ofNullable(fresh.getStatus()).map(PostgresClusterStatus::observedGeneration))
                .contains(-1L);
        assertThat(Kstatus.of(fresh)).isEqualTo(Kstatus.InProgress);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "instances: 3, replication: {acknowledgements: 3} | must be less than instances",
                "instances: 2, replication: {acknowledgements: 2} | must be less than instances",
                "instances: 1, replication: {acknowledgements: 1} | must be less than instances",
                "instances: 3, replication: {acknowledgements: 0} | acknowledgements",
                "instances: 3, replication: {mode: Async, acknowledgements: 1} | with mode Async no replica acknowledges",
                "instances: 1, replication: {mode: Quorum} | Quorum needs a replica",
                "instances: 3, replication: {mode: Sync} | replication.mode",
                "instances: 3, failover: {profile: Fastest} | failover.profile",
                "instances: 3, failover: {maxLag: 16MB} | failover.maxLag: not a size",
                "instances: 3, failover: {maxLag: -1} | failover.maxLag: not a size",
                "instances: 3, fencedInstances: [3] | fencedInstances: give ordinals",
                "instances: 3, fencedInstances: [-1] | fencedInstances: give ordinals",
                "instances: 3, fencedInstances: [all] | fencedInstances: give ordinals",
            })
    void theReasonIsSaid(String fields, String reason) {
        assertThatThrownBy(() -> apply(fields))
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        e -> assertThat(e.getCode()).isEqualTo(422))
                .hasMessageContaining(reason);
    }

    /** {@code kubectl scale} changes nothing but the number, and is judged by the same rules. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void scalingToNoQuorumIsRefused(int instances) {
        assertThatThrownBy(() -> user.resources(PostgresCluster.class)
                        .inNamespace(api.namespace())
                        .withName("orders")
                        .patch(
                                PatchContext.of(PatchType.JSON_MERGE),
                                "{\"spec\":{\"instances\":%d}}".formatted(instances)))
                .hasMessageContaining("replication.acknowledgements: must be less than instances");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "instances: 1",
                "instances: 2, replication: {mode: Quorum, acknowledgements: 1, whenUnavailable: Degrade}",
                "instances: 3, replication: {acknowledgements: 2}, fencedInstances: [0, 2]",
                "instances: 9, fencedInstances: ['*'], failover: {profile: Relaxed, maxLag: 0}",
                "instances: 3, failover: {profile: Fast, maxLag: 1Gi}",
                "instances: 3, replication: , scheduling: , fencedInstances: , resources: {limits: }, pod: {env: }, probes: ",
                "instances: 3, replication: {mode: , acknowledgements: }, failover: {maxLag: }, postgres: {parameters: }",
            })
    void theRestIsTaken(String fields) {
        assertThatCode(() -> apply(fields)).doesNotThrowAnyException();
        apply("instances: 3, replication: {acknowledgements: 2}");
    }
}
