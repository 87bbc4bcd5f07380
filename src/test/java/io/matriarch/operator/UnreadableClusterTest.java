package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An object that Java cannot hold, stored when the schema had no rule against it, concerns nobody but its own cluster. */
@Tag("cluster")
class UnreadableClusterTest {
    private static final Path CRD = Path.of("crds/matriarch.io_postgresclusters.yaml");
    private static final Set<String> RULES = Set.of(
            "x-kubernetes-validations", "pattern", "minimum", "maximum", "enum", "required", "minLength", "maxLength");

    private final YAMLMapper yaml = new YAMLMapper();
    private final Rig rig;

    UnreadableClusterTest() throws IOException {
        rig = new Rig();
    }

    @AfterEach
    void end() {
        rig.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "resources: {limits: {memory: ''}} | spec.resources.limits.memory",
                "resources: {requests: {cpu: lots}} | spec.resources.requests.cpu",
                "storage: {size: 10 GB} | spec.storage.size",
                "instances: 99999999999 | spec.instances",
                "failover: {profile: Quickest} | spec.failover.profile",
                "scheduling: {tolerations: [{tolerationSeconds: 99999999999999999999}]} | spec.scheduling.tolerations",
                "pod: {env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: one}}}]} | spec.pod.env",
            })
    void itIsToldAndAllOthersGoOn(String fields, String path) throws Exception {
        rig.apply("shop", "before", 1, "");
        rig.awaitReady("shop", "before", 1);
        withoutRules(() -> store("bad", fields));

        rig.awaitCondition("shop", "bad", "Stalled", "True", "SpecUnreadable", path, "Correct this field");
        rig.awaitCondition("shop", "bad", "Ready", "Unknown", "SpecUnreadable", path);
        rig.awaitCondition("shop", "bad", "Reconciling", "False");
        assertThat(rig.events("shop")).anyMatch(event -> event.contains(path));
        rig.apply("shop", "after", 1, "");
        rig.awaitReady("shop", "after", 1);

        rig.upgrade("matriarch:2");
        rig.apply("shop", "later", 1, "");
        rig.awaitReady("shop", "later", 1);

        store("bad", "instances: 1");
        rig.awaitReady("shop", "bad", 1);
    }

    private interface Work {
        void run() throws Exception;
    }

    private void withoutRules(Work work) throws Exception {
        JsonNode definition = yaml.readTree(CRD.toFile());
        ObjectNode bare = definition.deepCopy();
        strip(bare.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec"));
        define(bare);
        work.run();
        define(definition);
    }

    private static void strip(JsonNode schema) {
        if (schema instanceof ObjectNode object && object.has("type") | object.has("anyOf")) {
            object.remove(RULES);
        }
        schema.forEach(UnreadableClusterTest::strip);
    }

    private void define(JsonNode definition) {
        CustomResourceDefinition crd = Serialization.unmarshal(definition.toString(), CustomResourceDefinition.class);
        rig.user.resource(crd).forceConflicts().fieldManager("definitions").serverSideApply();
    }

    private void store(String name, String fields) {
        String all = "{instances: 1, image: 'postgres:17', storage: {size: 1Gi}}";
        GenericKubernetesResource object = new GenericKubernetesResource();
        object.setApiVersion("matriarch.io/v1beta1");
        object.setKind("PostgresCluster");
        object.setMetadata(new io.fabric8.kubernetes.api.model.ObjectMetaBuilder()
                .withNamespace("shop")
                .withName(name)
                .build());
        try {
            ObjectNode spec = (ObjectNode) yaml.readTree(all);
            spec.setAll((ObjectNode) yaml.readTree("{" + fields + "}"));
            object.setAdditionalProperties(
                    Map.of("spec", Serialization.jsonMapper().convertValue(spec, Map.class)));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        rig.user.resource(object).fieldManager("user").forceConflicts().serverSideApply();
    }
}
