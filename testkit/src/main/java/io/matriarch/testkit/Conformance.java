package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a Kubernetes does that the operator relies on; the embedded one and a real one have to agree. Runs in a namespace of its own. */
@org.jspecify.annotations.NullUnmarked
abstract class Conformance implements JobCases, CronJobCases, SnapshotCases {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String namespace =
            "conformance-" + UUID.randomUUID().toString().substring(0, 8);
    private KubernetesClient client;

    abstract KubernetesClient connect();

    @Override
    public KubernetesClient client() {
        return client;
    }

    @Override
    public String namespace() {
        return namespace;
    }

    @BeforeEach
    void begin() {
        client = connect();
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .endMetadata()
                        .build())
                .create();
    }

    @AfterEach
    void end() {
        client.namespaces().withName(namespace).delete();
        client.close();
    }

    @Test
    void applyingTheSameTwiceChangesNothing() {
        ConfigMap first = apply("one", map("m", Map.of("a", "1")));
        assertThat(apply("one", map("m", Map.of("a", "1"))).getMetadata().getResourceVersion())
                .isEqualTo(first.getMetadata().getResourceVersion());
    }

    @Test
    void whatAManagerNoLongerAppliesGoesAndWhatOthersAppliedStays() {
        apply("one", map("m", Map.of("a", "1", "b", "1", "shared", "1")));
        apply("two", map("m", Map.of("c", "1", "shared", "1")));
        assertThat(apply("one", map("m", Map.of("a", "2"))).getData())
                .containsOnly(Map.entry("a", "2"), Map.entry("c", "1"), Map.entry("shared", "1"));
    }

    @Test
    void anotherManagersValueIsAConflictUntilForced() {
        apply("one", map("m", Map.of("a", "1")));
        KubernetesClientException refused = catchThrowableOfType(
                KubernetesClientException.class, () -> apply("two", map("m", Map.of("a", "2")), false));
        assertThat(refused.getCode()).isEqualTo(409);
        assertThat(refused.getStatus().getMessage())
                .isEqualTo("Apply failed with 1 conflict: conflict with \"one\": .data.a");
        apply("two", map("m", Map.of("a", "2")), true);
        assertThat(apply("one", map("m", Map.of("b", "1"))).getData())
                .containsOnly(Map.entry("a", "2"), Map.entry("b", "1"));
    }

    @Test
    void whatAnUpdateChangedBelongsToItsManager() {
        apply("one", map("m", Map.of("a", "1", "b", "1")));
        maps("m")
                .patch(
                        new PatchContext.Builder()
                                .withPatchType(PatchType.JSON_MERGE)
                                .withFieldManager("hand")
                                .build(),
                        "{\"data\": {\"a\": \"9\", \"b\": \"9\"}}");
        KubernetesClientException refused = catchThrowableOfType(
                KubernetesClientException.class, () -> apply("one", map("m", Map.of("a", "1", "b", "1")), false));
        assertThat(refused.getStatus().getMessage())
                .isEqualTo("Apply failed with 2 conflicts: conflicts with \"hand\" using v1:\n- .data.a\n- .data.b");
        assertThat(apply("one", map("m", Map.of("a", "1", "b", "1"))).getData()).containsEntry("a", "1");
    }

    @Test
    void ownersOfFieldsAreWrittenDown() {
        Map<String, Object> fields = apply("one", map("m", Map.of("a", "1")))
                .getMetadata()
                .getManagedFields()
                .getFirst()
                .getFieldsV1()
                .getAdditionalProperties();
        assertThat(Serialization.asJson(fields)).isEqualTo("{\"f:data\":{\"f:a\":{}}}");
    }

    @Test
    void listsOfAPodTemplateAreMergedByTheirKeys() {
        apply("one", set("s", 0, "Parallel", 0, "1"));
        StatefulSet partial = read("""
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: s}
                spec: {template: {spec: {containers: [{name: c, env: [{name: B, value: x}]}]}}}
                """, StatefulSet.class);
        partial.getMetadata().setNamespace(namespace);
        apply("two", partial);
        StatefulSet merged = apply("one", set("s", 0, "Parallel", 0, "2"));
        var container = merged.getSpec().getTemplate().getSpec().getContainers().getFirst();
        assertThat(container.getEnv())
                .extracting(e -> e.getName() + "=" + e.getValue())
                .containsExactlyInAnyOrder("A=2", "B=x");
        apply("two", metadataOnly());
        assertThat(sets("s")
                        .get()
                        .getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getEnv())
                .extracting(e -> e.getName())
                .containsExactly("A");
    }

    private StatefulSet metadataOnly() {
        StatefulSet only = read("""
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: s, labels: {l: x}}
                """, StatefulSet.class);
        only.getMetadata().setNamespace(namespace);
        return only;
    }

    @Test
    void generationCountsChangesOfTheSpecOnly() {
        StatefulSet first = apply("one", set("s", 0, "Parallel", 0, "1"));
        assertThat(first.getMetadata().getGeneration()).isEqualTo(1);
        sets("s").edit(s -> {
            s.getMetadata().setLabels(Map.of("l", "1"));
            return s;
        });
        assertThat(sets("s").get().getMetadata().getGeneration()).isEqualTo(1);
        sets("s").scale(1);
        assertThat(sets("s").get().getMetadata().getGeneration()).isEqualTo(2);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(sets("s").get().getStatus().getObservedGeneration())
                        .isEqualTo(2));
    }

    @Test
    void unknownFieldsAreRefusedWhenAskedTo() {
        KubernetesClientException refused = catchThrowableOfType(
                KubernetesClientException.class,
                () -> client.resource(
                                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"u\",\"namespace\":\"%s\"},\"surplus\":1}"
                                        .formatted(namespace))
                        .fieldValidation(io.fabric8.kubernetes.client.dsl.FieldValidateable.Validation.STRICT)
                        .create());
        assertThat(refused.getCode()).isEqualTo(400);
        assertThat(refused.getStatus().getMessage()).contains("strict decoding error: unknown field \"surplus\"");
    }

    @Test
    void aStaleReplacementIsAConflict() {
        ConfigMap old = apply("one", map("m", Map.of("a", "1")));
        apply("one", map("m", Map.of("a", "2")));
        assertThat(catchThrowableOfType(
                                KubernetesClientException.class,
                                () -> client.resource(old).update())
                        .getCode())
                .isEqualTo(409);
    }

    @Test
    void aSecondCreationIsRefusedAndADryRunMakesNothing() {
        client.resource(map("dry", Map.of("a", "1"))).dryRun().create();
        assertThat(maps("dry").get()).isNull();
        client.resource(map("m", Map.of("a", "1"))).create();
        KubernetesClientException refused = catchThrowableOfType(
                KubernetesClientException.class,
                () -> client.resource(map("m", Map.of("a", "1"))).create());
        assertThat(refused.getCode()).isEqualTo(409);
        assertThat(refused.getStatus().getReason()).isEqualTo("AlreadyExists");
        assertThat(refused.getStatus().getMessage()).isEqualTo("configmaps \"m\" already exists");
    }

    @Test
    void aWatchGoesOnFromTheVersionItIsGiven() {
        ConfigMap first = apply("one", map("m", Map.of("a", "1")));
        apply("one", map("m", Map.of("a", "2")));
        apply("one", map("other", Map.of("a", "1")));
        client.resource(first).delete();
        List<String> told = new CopyOnWriteArrayList<>();
        try (var watch = client.configMaps()
                .inNamespace(namespace)
                .watch(
                        new ListOptionsBuilder()
                                .withResourceVersion(first.getMetadata().getResourceVersion())
                                .withFieldSelector("metadata.name=m")
                                .build(),
                        listener(told))) {
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(told).containsExactly("MODIFIED m", "DELETED m"));
        }
    }

    @Test
    void whatCeasesToMatchTheSelectorIsDeletedForTheWatch() {
        apply("one", labelled("in"));
        List<String> told = new CopyOnWriteArrayList<>();
        try (var watch = client.configMaps()
                .inNamespace(namespace)
                .withLabelIn("l", "in", "within")
                .watch(listener(told))) {
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(told).contains("ADDED m"));
            apply("one", labelled("out"));
            apply("one", labelled("within"));
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(told).containsExactly("ADDED m", "DELETED m", "ADDED m"));
        }
    }

    @Test
    void dependentsGoWithTheirOwner() {
        ConfigMap owner = apply("one", map("owner", Map.of()));
        client.resource(owned("owned", owner)).create();
        client.resource(owner).delete();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(maps("owned").get()).isNull());
    }

    @Test
    void orphansStayWithoutTheirOwner() {
        ConfigMap owner = apply("one", map("owner", Map.of()));
        client.resource(owned("owned", owner)).create();
        client.resource(owner).withPropagationPolicy(DeletionPropagation.ORPHAN).delete();
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(maps("owner").get()).isNull();
            assertThat(maps("owned").get().getMetadata().getOwnerReferences()).isEmpty();
        });
    }

    @Test
    void inTheForegroundTheOwnerGoesLast() {
        ConfigMap owner = apply("one", map("owner", Map.of()));
        ConfigMap held = owned("owned", owner);
        held.getMetadata().setFinalizers(List.of("example.com/held"));
        client.resource(held).create();
        client.resource(owner)
                .withPropagationPolicy(DeletionPropagation.FOREGROUND)
                .delete();
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(maps("owned").get().getMetadata().getDeletionTimestamp())
                                .isNotNull());
        assertThat(maps("owner").get().getMetadata().getFinalizers()).containsExactly("foregroundDeletion");
        maps("owned").edit(map -> {
            map.getMetadata().setFinalizers(List.of());
            return map;
        });
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(maps("owned").get()).isNull();
            assertThat(maps("owner").get()).isNull();
        });
    }

    @Test
    void parallelPodsAreMadeAtOnceAndOrderedOnesOneAfterAnother() {
        apply("one", set("p", 3, "Parallel", 0, "1"));
        apply("one", set("o", 3, "OrderedReady", 0, "1"));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(pods("p")).containsExactly("p-0", "p-1", "p-2"));
        await().during(Duration.ofSeconds(1))
                .atMost(PATIENCE)
                .until(() -> pods("o").equals(List.of("o-0")));
    }

    @Test
    void aPartitionHoldsTheFormerRevision() {
        apply("one", set("s", 2, "Parallel", 2, "1"));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(pods("s")).hasSize(2));
        String old = sets("s").get().getStatus().getUpdateRevision();
        apply("one", set("s", 2, "Parallel", 2, "2"));
        await().atMost(PATIENCE).untilAsserted(() -> {
            var status = sets("s").get().getStatus();
            assertThat(status.getUpdateRevision()).isNotEqualTo(old);
            assertThat(status.getCurrentRevision()).isEqualTo(old);
            assertThat(status.getObservedGeneration()).isEqualTo(2);
        });
        String uid = pod("s-1").getMetadata().getUid();
        client.pods().inNamespace(namespace).withName("s-1").withGracePeriod(0).delete();
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(pod("s-1")).isNotNull();
            assertThat(pod("s-1").getMetadata().getUid()).isNotEqualTo(uid);
        });
        assertThat(pod("s-1").getMetadata().getLabels()).containsEntry("controller-revision-hash", old);
        apply("one", set("s", 2, "Parallel", 1, "2"));
        String update = sets("s").get().getStatus().getUpdateRevision();
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(pod("s-1")).isNotNull();
            assertThat(pod("s-1").getMetadata().getLabels()).containsEntry("controller-revision-hash", update);
        });
        assertThat(pod("s-0").getMetadata().getLabels()).containsEntry("controller-revision-hash", old);
    }

    @Test
    void aRevertedTemplateIsTheFormerRevision() {
        apply("one", set("s", 0, "Parallel", 0, "1"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(sets("s").get().getStatus().getUpdateRevision())
                        .isNotNull());
        String first = sets("s").get().getStatus().getUpdateRevision();
        apply("one", set("s", 0, "Parallel", 0, "2"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(sets("s").get().getStatus().getUpdateRevision())
                        .isNotEqualTo(first));
        apply("one", set("s", 0, "Parallel", 0, "1"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(sets("s").get().getStatus().getUpdateRevision())
                        .isEqualTo(first));
    }

    @Test
    void podsLeftBehindAreAdoptedAsTheyAre() {
        StatefulSet first = apply("one", set("s", 2, "Parallel", 2, "1"));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(pods("s")).hasSize(2));
        String uid = pod("s-0").getMetadata().getUid();
        client.resource(first).withPropagationPolicy(DeletionPropagation.ORPHAN).delete();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(sets("s").get()).isNull());
        assertThat(pods("s")).containsExactly("s-0", "s-1");
        StatefulSet second = apply("one", set("s", 2, "Parallel", 2, "1"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(pod("s-0").getMetadata().getOwnerReferences())
                        .extracting(o -> o.getUid())
                        .containsExactly(second.getMetadata().getUid()));
        assertThat(pod("s-0").getMetadata().getUid()).isEqualTo(uid);
    }

    @Test
    void whatIsFixedInAStatefulSetCannotChange() {
        apply("one", set("s", 0, "Parallel", 0, "1"));
        KubernetesClientException refused = catchThrowableOfType(
                KubernetesClientException.class, () -> apply("one", set("s", 0, "OrderedReady", 0, "1")));
        assertThat(refused.getCode()).isEqualTo(422);
        assertThat(refused.getStatus().getMessage()).startsWith("StatefulSet.apps \"s\" is invalid: spec: Forbidden:");
    }

    private <T extends io.fabric8.kubernetes.api.model.HasMetadata> T apply(String manager, T object) {
        return apply(manager, object, true);
    }

    private <T extends io.fabric8.kubernetes.api.model.HasMetadata> T apply(String manager, T object, boolean force) {
        return client.resource(object)
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(manager)
                        .withForce(force)
                        .build());
    }

    private ConfigMap map(String name, Map<String, String> data) {
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withData(data)
                .build();
    }

    private ConfigMap labelled(String label) {
        ConfigMap map = map("m", Map.of());
        map.getMetadata().setLabels(Map.of("l", label));
        return map;
    }

    private ConfigMap owned(String name, ConfigMap owner) {
        ConfigMap map = map(name, Map.of());
        map.getMetadata()
                .setOwnerReferences(List.of(new OwnerReferenceBuilder()
                        .withApiVersion("v1")
                        .withKind("ConfigMap")
                        .withName(owner.getMetadata().getName())
                        .withUid(owner.getMetadata().getUid())
                        .withBlockOwnerDeletion(true)
                        .build()));
        return map;
    }

    /** Its pods fit on no node, so that nothing of a kubelet is needed. */
    private StatefulSet set(String name, int replicas, String policy, int partition, String value) {
        StatefulSet set = read("""
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: %1$s}
                spec:
                  replicas: %2$d
                  podManagementPolicy: %3$s
                  serviceName: %1$s
                  selector: {matchLabels: {app: %1$s}}
                  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: %4$d}}
                  template:
                    metadata: {labels: {app: %1$s}}
                    spec:
                      nodeSelector: {no: such-node}
                      containers: [{name: c, image: "example.com/none:1", env: [{name: A, value: "%5$s"}]}]
                """.formatted(name, replicas, policy, partition, value), StatefulSet.class);
        set.getMetadata().setNamespace(namespace);
        return set;
    }

    private io.fabric8.kubernetes.client.dsl.Resource<ConfigMap> maps(String name) {
        return client.configMaps().inNamespace(namespace).withName(name);
    }

    private io.fabric8.kubernetes.client.dsl.RollableScalableResource<StatefulSet> sets(String name) {
        return client.apps().statefulSets().inNamespace(namespace).withName(name);
    }

    private Pod pod(String name) {
        return client.pods().inNamespace(namespace).withName(name).get();
    }

    private List<String> pods(String set) {
        return client.pods().inNamespace(namespace).withLabel("app", set).list().getItems().stream()
                .map(pod -> pod.getMetadata().getName())
                .sorted()
                .toList();
    }

    private static Watcher<ConfigMap> listener(List<String> told) {
        return new Watcher<>() {
            @Override
            public void eventReceived(Action action, ConfigMap map) {
                told.add(action + " " + map.getMetadata().getName());
            }

            @Override
            public void onClose(WatcherException cause) {
                told.add("closed");
            }
        };
    }
}
