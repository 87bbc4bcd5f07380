package io.matriarch.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The hash that decides whether a pod template is rendered anew, and so whether databases restart (docs/internals/workload.md 2). */
class InputsTest {
    static final Iterable<String> CASES = Clusters.ALL;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "image: postgres:18",
                "imagePullPolicy: Always",
                "imagePullSecrets: [{name: a}]",
                "storage: {size: 20Gi, wal: {size: 1Gi}}",
                "resources: {limits: {memory: 2Gi}}",
                "scheduling: {antiAffinity: Required}",
                "scheduling: {antiAffinity: 'Off'}",
                "scheduling: {topologyKey: zone}",
                "scheduling: {nodeSelector: {a: b}}",
                "scheduling: {tolerations: [{key: a}]}",
                "scheduling: {topologySpreadConstraints: [{maxSkew: 1}]}",
                "scheduling: {priorityClassName: a}",
                "probes: {startup: {failureThreshold: 7}}",
                "probes: {liveness: {periodSeconds: 7}}",
                "probes: {readiness: {initialDelaySeconds: 1}}",
                "pod: {labels: {a: b}}",
                "pod: {annotations: {a: b}}",
                "pod: {env: [{name: a}]}",
                "pod: {initContainers: [{name: a}]}",
                "pod: {containers: [{name: a}]}",
                "pod: {volumes: [{name: a}]}",
                "pod: {volumeMounts: [{name: a}]}"
            })
    void whatReachesTheTemplateCounts(String fields) throws IOException {
        ObjectNode changed = with("minimal", fields);
        assertThat(hash(changed)).isNotEqualTo(hash(Clusters.manifest("minimal")));
        assertThat(template(changed)).isNotEqualTo(template(Clusters.manifest("minimal")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "instances: 9",
                "storage: {size: 30Gi}",
                "storage: {size: 20Gi, retain: {whenDeleted: Delete}}",
                "postgres: {parameters: {max_connections: '7'}, hba: [local all all peer]}",
                "bootstrap: {initdb: {database: other}}",
                "enableSuperuserAccess: true",
                "services: {readWrite: {type: NodePort}}",
                "disruptionBudget: {enabled: false}",
                "replication: {mode: Async}",
                "failover: {profile: Fast, maxLag: 1Gi}",
                "fencedInstances: [0]",
                "paused: true"
            })
    void theRestRestartsNothing(String fields) throws IOException {
        ObjectNode changed = with("minimal", fields);
        assertThat(hash(changed)).isEqualTo(hash(Clusters.manifest("minimal")));
        assertThat(template(changed)).isEqualTo(template(Clusters.manifest("minimal")));
    }

    /** The API server fills in defaults of the CRD, and people write them out. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "imagePullPolicy: IfNotPresent",
                "imagePullSecrets: []",
                "resources: {}",
                "resources: {limits: {}, requests: {}}",
                "scheduling: {}",
                "scheduling: {antiAffinity: Preferred, topologyKey: kubernetes.io/hostname, nodeSelector: {}, priorityClassName: ''}",
                "probes: {startup: {}, liveness: {}}",
                "pod: {labels: {}, env: [], containers: []}",
                "podManagementPolicy: Parallel"
            })
    void defaultsRestartNothing(String fields) throws IOException {
        assertThat(hash(with("minimal", fields))).isEqualTo(hash(Clusters.manifest("minimal")));
    }

    @Test
    void everyDefaultOfTheCrdCountsAsNotGiven() throws IOException {
        JsonNode crd = Clusters.YAML.readTree(
                Path.of("crds/matriarch.io_postgresclusters.yaml").toFile());
        List<ObjectNode> defaults = new ArrayList<>();
        defaults(crd.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec"), UnaryOperator.identity(), defaults);
        assertThat(defaults).hasSizeGreaterThan(5);
        for (ObjectNode fields : defaults) {
            ObjectNode manifest = Clusters.manifest("minimal");
            manifest.withObjectProperty("spec").setAll(fields);
            manifest.withObjectProperty("spec").withObjectProperty("storage").put("size", "20Gi");
            assertThat(hash(manifest)).as(fields.toString()).isEqualTo(hash(Clusters.manifest("minimal")));
        }
    }

    /** One object for each default, with that field alone. */
    private static void defaults(JsonNode schema, UnaryOperator<ObjectNode> within, List<ObjectNode> found) {
        schema.path("properties").properties().forEach(field -> {
            JsonNode value = field.getValue().path("default");
            if (!value.isMissingNode()) {
                ObjectNode alone = Clusters.YAML.createObjectNode();
                alone.set(field.getKey(), value);
                found.add(within.apply(alone));
            }
            defaults(
                    field.getValue(),
                    inner -> within.apply(Clusters.YAML.createObjectNode().set(field.getKey(), inner)),
                    found);
        });
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void orderOfKeysRestartsNothing(String name) {
        String before = hash(Clusters.manifest(name));
        for (long seed = 0; seed < 20; seed++) {
            ObjectNode shuffled = (ObjectNode) shuffled(Clusters.manifest(name), new Random(seed));
            assertThat(hash(shuffled)).as("seed %d", seed).isEqualTo(before);
        }
    }

    /** The hashes stand on StatefulSets: another way to compute them would restart every database there is. */
    @Test
    void hashesStayAsReleased() {
        assertThat(hash(Clusters.manifest("minimal"))).isEqualTo("b848f0243a8309e1");
        assertThat(hash(Clusters.manifest("full"))).isEqualTo("06d541d58e884c48");
    }

    @Test
    void settingsRevisionCountsParametersAndHbaInOrder() throws IOException {
        assertThat(revision("postgres: {parameters: {a: '1', b: '2'}}"))
                .isEqualTo(revision("postgres: {parameters: {b: '2', a: '1'}}"))
                .isNotEqualTo(revision("postgres: {parameters: {a: '1', b: '3'}}"))
                .isNotEqualTo(revision("postgres: {parameters: {a: '1'}}"));
        assertThat(revision("postgres: {hba: [x, y]}")).isNotEqualTo(revision("postgres: {hba: [y, x]}"));
        assertThat(revision("postgres: {parameters: {}, hba: []}"))
                .isEqualTo(revision("instances: 5"))
                .isEqualTo(revision("image: postgres:16"));
    }

    private static String revision(String fields) throws IOException {
        return SettingsDocument.of(Clusters.rendering(with("minimal", fields)), 1, Clusters.INITDB, List.of())
                .revision();
    }

    private static String hash(ObjectNode manifest) {
        return Workload.inputs(Clusters.rendering(manifest));
    }

    private static String template(ObjectNode manifest) {
        return Hashes.of(PodTemplate.of(Clusters.rendering(manifest), Clusters.AGENT_IMAGE));
    }

    private static ObjectNode with(String name, String fields) throws IOException {
        ObjectNode manifest = Clusters.manifest(name);
        ((ObjectNode) manifest.get("spec")).setAll((ObjectNode) Clusters.YAML.readTree(fields));
        return manifest;
    }

    private static JsonNode shuffled(JsonNode node, Random random) {
        if (node.isArray()) {
            var items = Clusters.YAML.createArrayNode();
            node.forEach(item -> items.add(shuffled(item, random)));
            return items;
        }
        if (!node.isObject()) {
            return node;
        }
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        Collections.shuffle(names, random);
        ObjectNode object = Clusters.YAML.createObjectNode();
        names.forEach(name -> object.set(name, shuffled(node.get(name), random)));
        return object;
    }
}
