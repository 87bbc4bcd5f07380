package io.matriarch.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.api.contract.Reserved;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValidationTest {
    static final Iterable<String> CASES = Clusters.ALL;

    @ParameterizedTest
    @FieldSource("CASES")
    void whatIsRightHasNoProblems(String name) {
        assertThat(Validation.problems(Clusters.rendering(name))).isEmpty();
    }

    /** Fields of a spec in YAML, and words that the one problem has. */
    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake("image: postgres 17", "spec.image", "\"postgres 17\"", "postgres:17"),
                mistake("image: Postgres:17", "spec.image"),
                mistake("image: ''", "spec.image"),
                mistake("image: postgres:17-alpine3.22", "spec.image", "Alpine", "Debian"),
                mistake("image: registry.example:5000/team/database:alpine", "spec.image", "Alpine"),
                mistake("storage: {size: banana}", "spec.storage.size", "20Gi"),
                mistake("storage: {size: 20Gigs}", "spec.storage.size", "20Gigs"),
                mistake("storage: {size: 0}", "spec.storage.size", "\"0\""),
                mistake("storage: {size: 1Gi, wal: {size: -1Gi}}", "spec.storage.wal.size", "\"-1Gi\""),
                mistake("postgres: {parameters: {fsync: 'off'}}", "parameters[fsync]", "a crash can corrupt data"),
                mistake("postgres: {parameters: {Wal_Level: minimal}}", "parameters[Wal_Level]", "logical"),
                mistake("postgres: {parameters: {work mem: 8MB}}", "parameters[work mem]", "no name of a parameter"),
                mistake("postgres: {parameters: {\"a\\nfsync\": x}}", "parameters[a?fsync]", "no name of a parameter"),
                mistake("postgres: {parameters: {include: /etc/passwd}}", "parameters[include]", "included"),
                mistake(
                        "postgres: {parameters: {work_mem: \"8MB\\nfsync = off\"}}",
                        "parameters[work_mem]",
                        "line break"),
                mistake("postgres: {parameters: {work_mem: null}}", "parameters[work_mem]", "no value"),
                mistake("postgres: {parameters: {work_mem: 8MB, Work_Mem: 9MB}}", "work_mem", "Work_Mem", "same"),
                mistake(
                        "postgres: {hba: [local all all peer, \"host all\\nall\"]}",
                        "spec.postgres.hba[1]",
                        "line break"),
                mistake("failover: {maxLag: much}", "spec.failover.maxLag", "\"much\"", "16Mi"),
                mistake("failover: {maxLag: -1}", "spec.failover.maxLag", "not a size"),
                mistake("failover: {maxLag: 9e30}", "spec.failover.maxLag", "not a size"),
                mistake("bootstrap: {initdb: {database: template1}}", "initdb.database", "template1"),
                mistake("bootstrap: {initdb: {database: ''}}", "initdb.database", "empty"),
                mistake("bootstrap: {initdb: {owner: " + "ä".repeat(32) + "}}", "initdb.owner", "63 bytes"),
                mistake("bootstrap: {initdb: {secretName: orders-ca}}", "initdb.secretName", "orders-ca", "orders-app"),
                mistake(
                        "bootstrap: {initdb: {postInitSQLRefs: [{secretKeyRef: {name: orders-ca, key: tls.key}}]}}",
                        "postInitSQLRefs[0]",
                        "orders-ca"),
                mistake(
                        "resources: {requests: {memory: 2Gi}, limits: {memory: 1024Mi}}",
                        "spec.resources.requests.memory",
                        "1024Mi"),
                mistake("services: {any: {annotations: {matriarch.io/x: y}}}", "spec.services.any.annotations"),
                mistake("pod: {labels: {matriarch.io/role: primary}}", "spec.pod.labels[matriarch.io/role]"),
                mistake("pod: {labels: {app.kubernetes.io/name: x}}", "spec.pod.labels[app.kubernetes.io/name]"),
                mistake("pod: {labels: {controller-revision-hash: x}}", "controller-revision-hash", "Kubernetes"),
                mistake("pod: {annotations: {x.matriarch.io/report: x}}", "spec.pod.annotations"),
                mistake("pod: {annotations: {kubectl.kubernetes.io/default-container: x}}", "default-container"),
                mistake(
                        "pod: {env: [{name: TZ}, {name: MATRIARCH_ANYTHING}]}",
                        "spec.pod.env[1]",
                        "MATRIARCH_ANYTHING"),
                mistake("pod: {env: [{name: PGDATA, value: /tmp}]}", "spec.pod.env[0]", "PGDATA"),
                mistake("pod: {env: [{name: A}, {name: A}]}", "spec.pod.env[1]", "twice"),
                mistake("pod: {env: [{value: a}]}", "spec.pod.env[0]", "no name"),
                mistake("pod: {containers: [{name: postgres}]}", "spec.pod.containers[0]", "postgres"),
                mistake("pod: {initContainers: [{name: agent}]}", "spec.pod.initContainers[0]", "agent"),
                mistake(
                        "pod: {initContainers: [{name: a}], containers: [{name: a}]}",
                        "spec.pod.containers[0]",
                        "two containers"),
                mistake("pod: {containers: [{image: x}]}", "spec.pod.containers[0]", "no name"),
                mistake("pod: {containers: [{name: a, ports: [{containerPort: 5432}]}]}", "containers[0]", "5432"),
                mistake(
                        "pod: {containers: [{name: a, ports: [{name: postgres, containerPort: 1}]}]}",
                        "containers[0]",
                        "port named postgres"),
                mistake(
                        "pod: {containers: [{name: a, ports: x}]}",
                        "spec.pod.containers[0].ports: ",
                        "pod.spec.containers"),
                mistake(
                        "pod: {initContainers: [{name: a}, {name: {b: c}}]}",
                        "spec.pod.initContainers[1].name: ",
                        "kubectl explain pod.spec.initContainers"),
                mistake(
                        "pod: {volumes: [{name: a, secret: {defaultMode: 99999999999}}]}",
                        "spec.pod.volumes[0].secret.defaultMode: "),
                mistake(
                        "pod: {containers: [{name: a, ports: [{name: x}, {containerPort: 8443}]}]}",
                        "spec.pod.containers[0]",
                        "8443"),
                mistake("pod: {volumes: [{name: wal}]}", "spec.pod.volumes[0]", "wal"),
                mistake("pod: {volumes: [{name: shm}]}", "spec.pod.volumes[0]", "shm"),
                mistake("pod: {volumes: [{name: a}, {name: a}]}", "spec.pod.volumes[1]", "two volumes"),
                mistake("pod: {volumes: [{emptyDir: {}}]}", "spec.pod.volumes[0]", "no name"),
                mistake("pod: {volumeMounts: [{name: a, mountPath: /a}]}", "spec.pod.volumeMounts[0]", "named a"),
                mistake("pod: {volumeMounts: [{name: wal, mountPath: /a}]}", "spec.pod.volumeMounts[0]", "named wal"),
                mistake("pod: {volumeMounts: [{name: tmp, mountPath: a}]}", "spec.pod.volumeMounts[0]", "no path"),
                mistake(
                        "pod: {volumeMounts: [{name: tmp, mountPath: /a}, {name: shm, mountPath: /a/}]}",
                        "spec.pod.volumeMounts[1]",
                        "two volumes"));
    }

    private static Arguments mistake(String fields, String... words) {
        return Arguments.of(fields, List.of(words));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void mistakeIsNamedWithItsField(String fields, List<String> words) throws IOException {
        assertThat(problems(fields)).singleElement().asString().contains(words);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/var/lib/postgresql/data",
                "/var/lib/postgresql/data/",
                "/var/lib/postgresql/data/pgdata/pg_wal",
                "/var/lib/postgresql",
                "/run/postgresql",
                "/run",
                "/opt/matriarch/bin/../lib",
                "/etc/matriarch",
                "/"
            })
    void mountOverOursIsRefused(String path) throws IOException {
        assertThat(problems("pod: {volumes: [{name: a}], volumeMounts: [{name: a, mountPath: %s}]}".formatted(path)))
                .singleElement()
                .asString()
                .contains("spec.pod.volumeMounts[0]: " + path, "elsewhere");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/var/lib/postgresql/database", "/optional", "/etc/postgresql", "/var/runner", "/notes"})
    void mountBesideOursIsFine(String path) throws IOException {
        assertThat(problems("pod: {volumes: [{name: a}], volumeMounts: [{name: a, mountPath: %s}]}".formatted(path)))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgres",
                "postgres:17.6-bookworm",
                "images.example.com/team-a/post__gres/alpinist:17",
                "localhost:5000/postgres@sha256:2cb9f0b0ac3e1d5a9f7e7c0b1f4c9e7d8a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d"
            })
    void imageIsFine(String image) throws IOException {
        assertThat(problems("image: " + image)).isEmpty();
    }

    @Test
    void everyReservedParameterIsRefusedInAnyCase() throws IOException {
        for (String name : Reserved.PARAMETERS.keySet()) {
            assertThat(problems("postgres: {parameters: {%s: x}}".formatted(name.toUpperCase(Locale.ROOT))))
                    .singleElement()
                    .asString()
                    .contains(name.toUpperCase(Locale.ROOT), Reserved.PARAMETERS.get(name));
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "wal_receiver_timeout, 1ms",
                "wal_receiver_timeout, 999",
                "wal_sender_timeout, 0.5s",
                "wal_receiver_status_interval, 0",
                "WAL_RETRIEVE_RETRY_INTERVAL, 24d",
                "superuser_reserved_connections, 0",
                "scram_iterations, 2147483647",
                "log_min_messages, PANIC",
                "dynamic_library_path, /nowhere",
                "ssl_max_protocol_version, TLSv1.2",
                "ssl_ecdh_curve, sect571r1",
                "ssl_groups, X25519:sect571r1",
                "ssl_tls13_ciphers, TLS_AES_128_CCM_8_SHA256"
            })
    void valuesThatAClusterCannotLiveWithAreRefused(String name, String value) throws IOException {
        assertThat(problems("postgres: {parameters: {%s: \"%s\"}}".formatted(name, value)))
                .singleElement()
                .asString()
                .contains(name, value, "; ");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "wal_receiver_timeout, 0",
                "wal_sender_timeout, 1min",
                "wal_receiver_status_interval, 10s",
                "wal_retrieve_retry_interval, 5s",
                "superuser_reserved_connections, 5",
                "scram_iterations, 100000",
                "log_min_messages, error",
                "dynamic_library_path, /more:$libdir",
                "ssl_max_protocol_version, TLSv1.3",
                "ssl_groups, X25519:prime256v1",
                "wal_sender_timeout, banana"
            })
    void otherValuesAreForPostgresToJudge(String name, String value) throws IOException {
        assertThat(problems("postgres: {parameters: {%s: \"%s\"}}".formatted(name, value)))
                .isEmpty();
    }

    @Test
    void examplesHaveNoProblems() throws IOException {
        List<String> checked = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of("examples"))) {
            for (Path file : files.toList()) {
                try (var documents = Clusters.YAML.readerFor(ObjectNode.class).<ObjectNode>readValues(file.toFile())) {
                    while (documents.hasNext()) {
                        ObjectNode manifest = documents.next();
                        if (manifest.path("kind").asText().equals("PostgresCluster")) {
                            checked.add(file.toString());
                            assertThat(Validation.problems(Clusters.rendering(manifest)))
                                    .as("%s", file)
                                    .isEmpty();
                        }
                    }
                }
            }
        }
        assertThat(checked).hasSizeGreaterThan(5);
    }

    @Test
    void parametersOfExtensionsAreNotOursToJudge() throws IOException {
        assertThat(problems("postgres: {parameters: {auto_explain.log_min_duration: 3s, my.own.thing: x}}"))
                .isEmpty();
    }

    @Test
    void allProblemsAreSaidAtOnce() throws IOException {
        assertThat(problems(
                        "{image: x:alpine, postgres: {parameters: {fsync: 'off'}}, pod: {volumes: [{name: data}]}}"))
                .hasSize(3);
    }

    private static List<String> problems(String fields) throws IOException {
        ObjectNode manifest = Clusters.manifest("minimal");
        ObjectNode spec = (ObjectNode) manifest.get("spec");
        JsonNode given = Clusters.YAML.readTree(fields);
        spec.setAll((ObjectNode) given);
        return Validation.problems(Clusters.rendering(manifest));
    }
}
