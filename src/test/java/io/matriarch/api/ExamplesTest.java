package io.matriarch.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Examples are applied one after another into the same namespace by whoever tries them. */
class ExamplesTest {
    private static final Pattern CLUSTER = Pattern.compile("kind: PostgresCluster\\s+metadata: \\{name: ([a-z0-9-]+)");

    @Test
    void noExampleChangesTheClusterOfAnother() throws IOException {
        List<String> names = new ArrayList<>();
        int examples;
        try (var files = Files.list(Path.of("examples"))) {
            List<Path> all = files.sorted().toList();
            examples = all.size();
            for (Path file : all) {
                CLUSTER.matcher(Files.readString(file)).results().forEach(match -> names.add(match.group(1)));
            }
        }
        assertThat(names).hasSize(examples).doesNotHaveDuplicates().contains("orders");
    }

    /** Kubernetes' own types have their examples there. */
    private static final Pattern KUBERNETES = Pattern.compile(
            "spec\\.(imagePullSecrets|resources|scheduling\\.(tolerations|topologySpreadConstraints)|pod\\.(env|volumeMounts|volumes|containers|initContainers))(\\[]|\\.)+.*");

    @Test
    void fullHasEveryField() throws IOException {
        YAMLMapper yaml = new YAMLMapper();
        JsonNode schema =
                yaml.readTree(CrdDocument.FILE.toFile()).at("/spec/versions/0/schema/openAPIV3Schema/properties/spec");
        JsonNode full = yaml
                .readerFor(JsonNode.class)
                .<JsonNode>readValues(Path.of("examples/full.yaml").toFile())
                .readAll()
                .stream()
                .filter(document -> document.path("kind").asText().equals(PostgresCluster.KIND))
                .findFirst()
                .orElseThrow();
        List<String> missing = new ArrayList<>();
        missing(schema, List.of(full.path("spec")), "spec", missing);
        assertThat(missing)
                .as("fields of the CRD that examples/full.yaml lacks")
                .isEmpty();
    }

    /** {@code values}: those of one field, several where it is in a list. */
    private static void missing(JsonNode schema, List<JsonNode> values, String path, List<String> missing) {
        schema.path("properties").fields().forEachRemaining(field -> {
            String name = path + "." + field.getKey();
            if (KUBERNETES.matcher(name).matches()) {
                return;
            }
            List<JsonNode> found = values.stream()
                    .filter(value -> value.has(field.getKey()))
                    .map(value -> value.get(field.getKey()))
                    .toList();
            if (found.isEmpty()) {
                missing.add(name);
            } else {
                missing(field.getValue(), found, name, missing);
                List<JsonNode> items = new ArrayList<>();
                found.forEach(list -> list.forEach(items::add));
                if (field.getValue().has("items")) {
                    missing(field.getValue().path("items"), items, name + "[]", missing);
                }
            }
        });
    }
}
