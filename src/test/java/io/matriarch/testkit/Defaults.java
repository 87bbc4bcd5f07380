package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Defaults that the API server fills in: our CRD's by its schema, and the few of built-in kinds that the operator meets. */
final class Defaults {
    private final JsonNode cluster;

    Defaults() {
        try {
            cluster = new YAMLMapper()
                    .readTree(Path.of("crds/matriarch.io_postgresclusters.yaml").toFile())
                    .at("/spec/versions/0/schema/openAPIV3Schema");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void fill(String kind, ObjectNode object) {
        if (kind.equals("PostgresCluster")) {
            fill(cluster, object);
        } else if (kind.equals("StatefulSet")) {
            object.withObjectProperty("spec")
                    .withObjectProperty("template")
                    .withObjectProperty("spec")
                    .put("restartPolicy", "Always");
        }
    }

    private static void fill(JsonNode schema, JsonNode value) {
        if (value instanceof ObjectNode object) {
            schema.path("properties").fields().forEachRemaining(field -> {
                JsonNode standard = field.getValue().get("default");
                if (standard != null && !object.has(field.getKey())) {
                    object.set(field.getKey(), standard.deepCopy());
                }
                if (object.has(field.getKey())) {
                    fill(field.getValue(), object.get(field.getKey()));
                }
            });
        } else if (value instanceof ArrayNode array) {
            array.forEach(item -> fill(schema.path("items"), item));
        }
    }
}
