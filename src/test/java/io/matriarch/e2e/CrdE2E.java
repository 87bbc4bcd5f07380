package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.matriarch.api.contract.Reserved;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the manifest alone shows to be wrong, the API server refuses with our message, before anything runs. */
@ExtendWith(OnKubernetes.class)
class CrdE2E {
    /** Touched by nobody, so that a change of it is judged by the CRD's rules alone. */
    private static final String PAUSED = """
            apiVersion: matriarch.io/v1beta1
            kind: PostgresCluster
            metadata: {name: orders}
            spec:
              instances: 1
              image: postgres:17
              paused: true
              storage: {size: 2Gi, storageClassName: standard, wal: {size: 1Gi, storageClassName: standard}}
              bootstrap: {initdb: {database: shop, owner: shop}}
            """;

    /** A mistake in a new manifest, and words of the answer. */
    private static final Map<String, String> REFUSED = Map.ofEntries(
            Map.entry("metadata: {name: " + "a".repeat(51) + "}", "metadata.name: at most 50 characters"),
            Map.entry("metadata: {name: 1orders}", "metadata.name: lower case letters, digits and '-'"),
            Map.entry("metadata: {name: or.ders}", "metadata.name: lower case letters, digits and '-'"),
            Map.entry("spec: {instances: 0}", "spec.instances"),
            Map.entry("spec: {instances: 10}", "less than or equal to 9"),
            Map.entry("spec: {image: \"\"}", "image: name an image, such as postgres:17"),
            Map.entry("spec: {image: \"postgres:17-alpine\"}", "use the Debian flavour, such as postgres:17"),
            Map.entry("spec: {image: \"example.com/postgres:17-alpine3.22\"}", "the Alpine flavour is not supported"),
            Map.entry("spec: {image: null}", "spec.image: Required value"),
            Map.entry("spec: {imagePullPolicy: Sometimes}", "\"Always\", \"IfNotPresent\", \"Never\""),
            Map.entry("spec: {storage: null}", "spec.storage: Required value"),
            Map.entry("spec: {storage: {size: null}}", "spec.storage.size: Required value"),
            Map.entry(
                    "spec: {storage: {size: 20GB}}", "storage.size: not a size; give a number with one of Kubernetes'"),
            Map.entry("spec: {storage: {size: plenty}}", "storage.size: not a size"),
            Map.entry("spec: {storage: {size: 0}}", "storage.size: not a size"),
            Map.entry("spec: {storage: {size: -1Gi}}", "storage.size: not a size"),
            Map.entry("spec: {storage: {wal: {size: 5GB}}}", "storage.wal.size: not a size"),
            Map.entry("spec: {storage: {retain: {whenDeleted: Maybe}}}", "\"Delete\", \"Retain\""),
            Map.entry("spec: {podManagementPolicy: Serial}", "\"OrderedReady\", \"Parallel\""),
            Map.entry("spec: {scheduling: {antiAffinity: Hard}}", "\"Off\", \"Preferred\", \"Required\""),
            Map.entry("spec: {services: {readWrite: {type: ExternalName}}}", "services.readWrite.type"),
            Map.entry(
                    "spec: {bootstrap: {initdb: {owner: postgres}}}",
                    "bootstrap.initdb.owner: postgres, matriarch_replic"),
            Map.entry("spec: {bootstrap: {initdb: {owner: pg_shop}}}", "choose another role"),
            Map.entry(
                    "spec: {bootstrap: {initdb: {postInitSQLRefs: [{}]}}}",
                    "give either configMapKeyRef or secretKeyRef"),
            Map.entry(
                    "spec: {bootstrap: {initdb: {postInitSQLRefs: [{configMapKeyRef: {name: a, key: b}, secretKeyRef: {name: a, key: b}}]}}}",
                    "give either configMapKeyRef or secretKeyRef"),
            Map.entry("spec: {probes: {liveness: {periodSeconds: 0}}}", "greater than or equal to 1"),
            Map.entry("spec: {pod: {containers: [{image: busybox}]}}", "spec.pod.containers[0].name: Required value"),
            Map.entry("spec: {pod: {env: [{name: A, value: x}, {name: A, value: y}]}}", "Duplicate value"),
            Map.entry(
                    "spec: {instances: 3, replication: {acknowledgements: 3}}",
                    "replication.acknowledgements: must be less than instances"),
            Map.entry("spec: {instances: 3, replication: {acknowledgements: 0}}", "greater than or equal to 1"),
            Map.entry(
                    "spec: {instances: 3, replication: {mode: Async, acknowledgements: 1}}",
                    "with mode Async no replica acknowledges"),
            Map.entry("spec: {instances: 1, replication: {mode: Quorum}}", "Quorum needs a replica"),
            Map.entry("spec: {replication: {mode: Sync}}", "\"Async\", \"Quorum\""),
            Map.entry("spec: {replication: {whenUnavailable: Wait}}", "\"Block\", \"Degrade\""),
            Map.entry("spec: {failover: {profile: Fastest}}", "\"Default\", \"Fast\", \"Relaxed\""),
            Map.entry("spec: {failover: {maxLag: 16MB}}", "failover.maxLag: not a size"),
            Map.entry("spec: {failover: {maxLag: -1}}", "failover.maxLag: not a size"),
            Map.entry("spec: {instances: 3, fencedInstances: [3]}", "fencedInstances: give ordinals of members"),
            Map.entry("spec: {instances: 3, fencedInstances: [all]}", "fencedInstances: give ordinals of members"),
            Map.entry("spec: {resources: {limits: {memory: \"\"}}}", "spec.resources.limits.memory"),
            Map.entry("spec: {resources: {requests: {cpu: lots}}}", "spec.resources.requests.cpu"),
            Map.entry(
                    "spec: {scheduling: {tolerations: [{tolerationSeconds: 99999999999999999999}]}}",
                    "tolerationSeconds"),
            Map.entry("spec: {replicas: 3}", "unknown field \"spec.replicas\""),
            Map.entry("spec: {postgres: {parameters: {Port: \"5433\"}}}", "not yours to set"));

    /** A change of {@link #PAUSED}, and words of the answer. */
    private static final Map<String, String> UNCHANGEABLE = Map.of(
            "spec: {storage: {size: 1Gi}}", "storage.size: a volume cannot shrink",
            "spec: {storage: {wal: {size: 512Mi}}}", "storage.wal.size: a volume cannot shrink",
            "spec: {storage: {wal: null}}", "storage.wal: a volume for WAL cannot be added to or removed",
            "spec: {storage: {storageClassName: other}}", "storage.storageClassName: the class of existing volumes",
            "spec: {storage: {wal: {storageClassName: null}}}", "storage.wal.storageClassName: the class of existing",
            "spec: {podManagementPolicy: OrderedReady}", "podManagementPolicy: a StatefulSet cannot change it");

    private static final List<String> ALLOWED = List.of(
            "spec: {}",
            "metadata: {name: " + "a".repeat(50) + "}",
            "spec: {instances: 9}",
            "spec: {instances: 2, replication: {mode: Quorum, acknowledgements: 1, whenUnavailable: Degrade}}",
            "spec: {instances: 3, fencedInstances: [0, 2], failover: {profile: Relaxed, maxLag: 0}}",
            "spec: {instances: 3, fencedInstances: [\"*\"]}",
            "spec: {image: \"example.com:5000/team/postgres:17.6@sha256:" + "a".repeat(64) + "\"}",
            "spec: {image: \"example.com/alpine/postgres:17\"}",
            "spec: {storage: {size: 20G}}",
            "spec: {storage: {size: 1.5Ti}}",
            "spec: {storage: {size: 1073741824}}",
            "spec: {postgres: {parameters: {max_connections: \"200\", DateStyle: ISO, auto_explain.log_min_duration: 1s}}}",
            "spec: {pod: {containers: [{name: side, image: busybox, ports: [{containerPort: 80}]}]}}",
            "spec: {resources: {requests: {cpu: 500m, memory: 1Gi}}}");

    private final YAMLMapper yaml = new YAMLMapper();

    @Test
    void aMistakeInAManifestIsRefusedWithItsReason(Stage stage) {
        SoftAssertions.assertSoftly(softly -> new TreeMap<>(REFUSED)
                .forEach((mistake, answer) -> softly.assertThat(
                                dryRun(stage, manifest(minimal(), mistake)).text())
                        .as(mistake)
                        .contains(answer)));
    }

    @Test
    void parametersThatTheClusterOwnsAreRefusedWithTheReason(Stage stage) {
        SoftAssertions.assertSoftly(softly -> {
            List<String> names = new ArrayList<>(Reserved.PARAMETERS.keySet());
            for (int i = 0; i < names.size(); i++) {
                // Case does not count in postgresql.conf.
                String name = i % 2 == 0 ? names.get(i) : names.get(i).toUpperCase(Locale.ROOT);
                softly.assertThat(
                                dryRun(stage, manifest(minimal(), "spec: {postgres: {parameters: {" + name + ": x}}}"))
                                        .text())
                        .contains("postgres.parameters:", names.get(i), Reserved.PARAMETERS.get(names.get(i)));
            }
        });
    }

    @Test
    void aManifestWithoutMistakeIsAccepted(Stage stage) {
        SoftAssertions.assertSoftly(softly -> ALLOWED.forEach(change -> {
            Shell.Answer answer = dryRun(stage, manifest(minimal(), change));
            softly.assertThat(answer.ok()).as("%s: %s", change, answer.text()).isTrue();
        }));
    }

    @Test
    void whatAClusterHasCannotBeTakenBack(Stage stage) {
        stage.apply(PAUSED);
        JsonNode before = read(PAUSED);
        SoftAssertions.assertSoftly(softly -> {
            new TreeMap<>(UNCHANGEABLE)
                    .forEach((change, answer) -> softly.assertThat(
                                    dryRun(stage, manifest(before, change)).text())
                            .as(change)
                            .contains(answer));
            for (String change : List.of("spec: {storage: {size: 3Gi}}", "spec: {storage: {wal: {size: 2Gi}}}")) {
                Shell.Answer answer = dryRun(stage, manifest(before, change));
                softly.assertThat(answer.ok())
                        .as("%s: %s", change, answer.text())
                        .isTrue();
            }
        });
    }

    @Test
    void bootstrapCanBeCorrectedUntilItWasCarriedOut(Stage stage) {
        stage.apply(PAUSED);
        List<String> changes = List.of("spec: {bootstrap: {initdb: {database: other}}}", "spec: {bootstrap: null}");
        for (String change : changes) {
            Shell.Answer answer = dryRun(stage, manifest(read(PAUSED), change));
            assertThat(answer.ok()).as("%s: %s", change, answer.text()).isTrue();
        }
        stage.kubectl(
                "patch",
                "pgc",
                "orders",
                "--subresource=status",
                "--type=merge",
                "-p",
                "{\"status\":{\"systemIdentifier\":\"7000000000000000001\"}}");
        for (String change : changes) {
            assertThat(dryRun(stage, manifest(read(PAUSED), change)).text())
                    .as(change)
                    .contains("bootstrap: it was carried out when the cluster was created");
        }
    }

    @Test
    void everyExampleIsAccepted(Stage stage) throws IOException {
        List<Path> examples;
        try (var files = Files.list(Path.of("examples"))) {
            examples = files.sorted().toList();
        }
        assertThat(examples).hasSizeGreaterThan(5);
        SoftAssertions.assertSoftly(softly -> examples.forEach(example -> {
            Shell.Answer answer = dryRun(stage, text(example));
            softly.assertThat(answer.ok()).as("%s: %s", example, answer.text()).isTrue();
        }));
    }

    /** Server-side apply, as Flux and Helm 4 do it, of a chart whose values were left empty. */
    @Test
    void anEmptyKeyIsAbsent(Stage stage) {
        Shell.must("""
                apiVersion: matriarch.io/v1beta1
                kind: PostgresCluster
                metadata: {name: orders}
                spec:
                  image: postgres:17
                  paused: true
                  instances:
                  storage: {size: 1Gi, storageClassName: , wal: , retain: }
                  scheduling:
                  fencedInstances:
                  resources: {limits: , requests: {cpu: 10m}}
                  postgres: {parameters: , hba: }
                  replication: {mode: , acknowledgements: }
                  failover: {maxLag: , profile: }
                  bootstrap: {initdb: {owner: , postInitSQL: }}
                  pod: {env: , labels: , volumes: }
                """, List.of("kubectl", "-n", stage.namespace(), "apply", "--server-side", "-f", "-"));
        stage.kubectl("scale", "pgc", "orders", "--replicas=3");
        assertThat(stage.kubectl("get", "pgc", "orders", "-o", "jsonpath={.spec.instances} {.spec.failover.profile}"))
                .isEqualTo("3 Default");
    }

    /** A rule that a newer definition brings judges what is changed, not what was there (validation ratcheting, Kubernetes 1.30). */
    @Test
    void aNewDefinitionFreezesNothingThatIsStored(Stage stage) throws IOException {
        try (Definition definition =
                new Definition(text(Path.of("src/test/resources/kubernetes/released/0.1.0.yaml")))) {
            String stored = definition.renamed("""
                    apiVersion: matriarch.io/v1beta1
                    kind: PostgresCluster
                    metadata: {name: old, namespace: %s}
                    spec:
                      image: postgres:17
                      instances: 3
                      storage: {size: 1Gi}
                      resources: {limits: {memory: lots, cpu: "-1"}, requests: {cpu: ""}}
                      pod: {env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: one}}}]}
                      scheduling: {tolerations: [{key: a, tolerationSeconds: 9223372036854775807}]}
                    """.formatted(stage.namespace()));
            definition.store(stored);
            definition.upgrade(text(Path.of("crds/matriarch.io_postgresclusters.yaml")));
            // Servers take up to some seconds to judge by a new definition.
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(Shell.run(
                                            "",
                                            List.of(
                                                    "kubectl",
                                                    "-n",
                                                    stage.namespace(),
                                                    "patch",
                                                    Definition.PLURAL,
                                                    "old",
                                                    "--type=merge",
                                                    "-p",
                                                    "{\"spec\":{\"resources\":{\"limits\":{\"memory\":\"more\"}}}}"))
                                    .text())
                            .contains("spec.resources.limits.memory"));
            stage.kubectl("scale", Definition.PLURAL, "old", "--replicas=5");
            stage.kubectl("label", Definition.PLURAL, "old", "a=b");
            stage.kubectl("patch", Definition.PLURAL, "old", "--type=merge", "-p", "{\"spec\":{\"paused\":true}}");
        }
    }

    /** An object that Java cannot hold, from before the definition had a rule against it: its cluster alone stands still. */
    @Test
    void anObjectThatCannotBeReadStopsNobodyElse(Stage stage) {
        define(text(Path.of("src/test/resources/kubernetes/released/0.1.0.yaml")));
        try {
            String bad = Manifests.cluster("bad", 1, "resources: {limits: {memory: lots}}");
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> serverSide(stage, bad).ok());
        } finally {
            define(text(Path.of("crds/matriarch.io_postgresclusters.yaml")));
        }
        stage.awaitCondition(
                "bad", "Stalled=True SpecUnreadable", "spec.resources.limits.memory", "Correct this field");
        stage.awaitEvent("bad", "spec.resources.limits.memory");
        stage.apply(Manifests.cluster("good", 1, ""));
        stage.awaitReady("good", 1);

        Shell.must("", List.of("kubectl", "-n", "matriarch-system", "rollout", "restart", "deployment/matriarch"));
        Shell.must(
                "",
                List.of(
                        "kubectl",
                        "-n",
                        "matriarch-system",
                        "rollout",
                        "status",
                        "deployment/matriarch",
                        "--timeout=120s"));
        stage.apply(Manifests.cluster("later", 1, ""));
        stage.awaitReady("later", 1);

        Shell.Answer corrected = serverSide(stage, Manifests.cluster("bad", 1, ""));
        assertThat(corrected.ok()).as(corrected.text()).isTrue();
        stage.awaitReady("bad", 1);
    }

    private static Shell.Answer serverSide(Stage stage, String manifest) {
        return Shell.run(manifest, List.of("kubectl", "-n", stage.namespace(), "apply", "--server-side", "-f", "-"));
    }

    private static void define(String definition) {
        Shell.must(definition, List.of("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-"));
    }

    /** A definition of our kind in a group of its own, so that no operator sees its objects. */
    private static final class Definition implements AutoCloseable {
        static final String PLURAL = "oldclusters.upgrade.example";

        Definition(String yaml) {
            upgrade(yaml);
        }

        String renamed(String yaml) {
            return yaml.replace("matriarch.io", "upgrade.example")
                    .replace("PostgresCluster", "OldCluster")
                    .replaceAll("postgresclusters", "oldclusters")
                    .replaceAll("(?m)postgrescluster$", "oldcluster")
                    .replace("- pgc", "- oldpgc")
                    .replaceAll("(?m)^    categories:\\n    - postgres\\n", "");
        }

        void upgrade(String yaml) {
            Shell.must(renamed(yaml), List.of("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-"));
            Shell.must("", List.of("kubectl", "wait", "--for=condition=Established", "crd/" + PLURAL, "--timeout=30s"));
        }

        void store(String manifest) {
            org.awaitility.Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> Shell.run(manifest, List.of("kubectl", "apply", "--server-side", "-f", "-"))
                            .ok());
        }

        @Override
        public void close() {
            Shell.run("", List.of("kubectl", "delete", "crd", PLURAL, "--timeout=60s"));
        }
    }

    /** What the API server says to a manifest; it keeps nothing. */
    private static Shell.Answer dryRun(Stage stage, String manifest) {
        return Shell.run(manifest, List.of("kubectl", "-n", stage.namespace(), "apply", "--dry-run=server", "-f", "-"));
    }

    private JsonNode minimal() {
        return read("""
                apiVersion: matriarch.io/v1beta1
                kind: PostgresCluster
                metadata: {name: minimal}
                spec: {image: "postgres:17", storage: {size: 1Gi}}
                """);
    }

    private JsonNode read(String text) {
        try {
            return yaml.readTree(text);
        } catch (IOException e) {
            throw new AssertionError(text, e);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(file.toString(), e);
        }
    }

    /** The manifest with a change merged into it (RFC 7386: null removes). */
    private String manifest(JsonNode manifest, String change) {
        return merged(manifest.deepCopy(), read(change)).toString();
    }

    private static JsonNode merged(JsonNode into, JsonNode change) {
        if (!(change instanceof ObjectNode changed)) {
            return change;
        }
        var object = into instanceof ObjectNode node ? node : new ObjectMapper().createObjectNode();
        changed.properties().forEach(field -> {
            if (field.getValue().isNull()) {
                object.remove(field.getKey());
            } else {
                object.set(field.getKey(), merged(object.path(field.getKey()), field.getValue()));
            }
        });
        return object;
    }
}
