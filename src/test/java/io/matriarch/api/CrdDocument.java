package io.matriarch.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.matriarch.api.contract.Reserved;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The CustomResourceDefinition, from the Java types: what the generator makes of their annotations, and what those cannot say (order of columns,
 * list types, bounds that keep CEL's cost within the API server's budget, containers without their thousand lines of schema).
 */
final class CrdDocument {
    static final Path FILE = Path.of("crds/matriarch.io_postgresclusters.yaml");
    private static final List<String> COLUMNS = List.of("Instances", "Ready", "Primary", "Version", "Status", "Age");
    private static final Set<String> LONGS = Set.of("observedGeneration", "epoch", "tolerationSeconds");
    /** Beyond it, JSON's readers differ in what number it is. */
    private static final long LARGEST = 1L << 53;

    /** Narrower than Kubernetes' own: no sign, and no number that takes minutes to compare. */
    private static final String QUANTITY =
            "^([0-9]{1,20}([.][0-9]{0,20})?|[.][0-9]{1,20})([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$";

    private static final YAMLMapper YAML = new YAMLMapper(new YAMLFactory()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .disable(YAMLGenerator.Feature.SPLIT_LINES));

    private CrdDocument() {}

    static JsonNode generate() throws IOException {
        Path folder = Files.createTempDirectory("crd");
        new CRDGenerator()
                .customResourceClasses(PostgresCluster.class)
                .inOutputDir(folder.toFile())
                .generate();
        Path file = folder.resolve("postgresclusters.matriarch.io-v1.yml");
        ObjectNode crd = (ObjectNode) YAML.readTree(file.toFile());
        Files.delete(file);
        Files.delete(folder);
        ObjectNode version = (ObjectNode) crd.at("/spec/versions/0");
        columns((ArrayNode) version.get("additionalPrinterColumns"));
        ObjectNode schema = (ObjectNode) version.at("/schema/openAPIV3Schema");
        withoutDuplicates(schema);
        bounds(schema, "");
        containers((ObjectNode) schema.at("/properties/spec/properties/pod/properties"));
        lists(schema);
        reserved((ObjectNode) schema.at("/properties/spec/properties/postgres/properties/parameters"));
        nullable(schema.at("/properties/spec"));
        ((ObjectNode) schema)
                .put(
                        "description",
                        "A PostgreSQL cluster: one primary and its streaming replicas, in one StatefulSet.");
        ((ObjectNode) schema.at("/properties/spec")).put("description", "What you want.");
        ((ObjectNode) schema.at("/properties/status")).put("description", "What the operator saw last.");
        unseen((ObjectNode) schema.at("/properties/status"));
        schema.putArray("required").add("spec");
        return crd;
    }

    static String text(JsonNode crd) throws IOException {
        return "# Generated from the types in io.matriarch.api: ./test -Dcrds.write=true\n"
                + YAML.writeValueAsString(crd);
    }

    /** An object that no operator has seen yet is not what it shall be: kstatus (Flux, Helm) compares this with the generation. */
    private static void unseen(ObjectNode status) {
        ((ObjectNode) status.at("/properties/observedGeneration")).put("default", -1);
        status.putObject("default").put("observedGeneration", -1);
    }

    private static void columns(ArrayNode columns) {
        List<JsonNode> sorted = new ArrayList<>();
        columns.forEach(sorted::add);
        sorted.sort(Comparator.comparing(
                column -> COLUMNS.indexOf(column.path("name").asText())));
        columns.removeAll().addAll(sorted);
    }

    /** An annotation on a record's component counts for its field and for its accessor. */
    private static void withoutDuplicates(JsonNode node) {
        JsonNode rules = node.path("x-kubernetes-validations");
        if (rules instanceof ArrayNode array) {
            Set<JsonNode> seen = new HashSet<>();
            List<JsonNode> kept = new ArrayList<>();
            array.forEach(rule -> {
                if (seen.add(rule)) {
                    kept.add(rule);
                }
            });
            array.removeAll().addAll(kept);
        }
        node.forEach(CrdDocument::withoutDuplicates);
    }

    /** CEL's cost is estimated for the largest value that the schema admits. */
    private static void bounds(JsonNode node, String name) {
        if (node instanceof ObjectNode schema) {
            String type = schema.path("type").asText();
            if (type.equals("string") && !schema.has("maxLength") && !schema.has("enum")) {
                schema.put("maxLength", name.startsWith("postInitSQL") ? 65536 : name.equals("message") ? 32768 : 4096);
                if (Set.of("image", "owner", "database", "storageClassName").contains(name)) {
                    schema.put("maxLength", name.equals("image") ? 512 : name.equals("storageClassName") ? 253 : 63);
                }
            }
            if (type.equals("integer") && !schema.has("maximum") && !LONGS.contains(name)) {
                // A number that Java's int cannot hold would keep the operator from reading any cluster at all.
                schema.put("maximum", Integer.MAX_VALUE);
                if (!schema.has("minimum")) {
                    schema.put("minimum", 0);
                }
            }
            if (type.equals("integer") && LONGS.contains(name)) {
                schema.put("maximum", LARGEST).put("minimum", -LARGEST);
            }
            if (schema.path("x-kubernetes-int-or-string").asBoolean() && !name.equals("fencedInstances")) {
                quantity(schema);
            }
            if (type.equals("array") && !schema.has("maxItems")) {
                schema.put("maxItems", 100);
            }
            if (schema.get("additionalProperties") != null && !schema.has("maxProperties")) {
                schema.put("maxProperties", 500);
            }
        }
        node.fields().forEachRemaining(field -> {
            if (field.getKey().equals("items") || field.getKey().equals("additionalProperties")) {
                bounds(field.getValue(), name);
            } else {
                bounds(field.getValue(), field.getKey());
            }
        });
    }

    /**
     * A text that is no quantity would be refused by Java, for each cluster that is read with it. A rule says so in better words than a pattern,
     * but inside maps and lists its estimated cost is beyond the API server's budget.
     */
    private static void quantity(ObjectNode schema) {
        schema.put("maxLength", 48);
        boolean ruled = false;
        for (JsonNode rule : schema.path("x-kubernetes-validations")) {
            String text = rule.path("rule").asText();
            if (!text.contains("oldSelf")) {
                ((ObjectNode) rule).put("rule", "string(self).matches('" + QUANTITY + "') && " + text);
                ruled = true;
            }
        }
        if (!ruled) {
            schema.put("pattern", QUANTITY).put("minimum", 0);
        }
    }

    /**
     * An optional field whose value is left empty ({@code scheduling:}) is absent. Kubernetes drops such a field by itself only when it has a
     * default, or when it is created or applied by a client that compares; server-side apply refuses it, unless the schema takes null.
     */
    private static void nullable(JsonNode schema) {
        Set<String> required = new HashSet<>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        schema.path("properties").fields().forEachRemaining(field -> {
            ObjectNode property = (ObjectNode) field.getValue();
            if (!required.contains(field.getKey()) && !property.has("default")) {
                property.put("nullable", true);
                if (property.remove("enum") instanceof ArrayNode words) {
                    // The API server refuses null for an enumeration, also when null is one of its values (seen on
                    // 1.34).
                    List<String> choices = new ArrayList<>();
                    words.forEach(word -> choices.add(word.asText()));
                    property.put("maxLength", 63)
                            .putArray("x-kubernetes-validations")
                            .addObject()
                            .put("rule", "self in ['" + String.join("', '", choices) + "']")
                            .put("message", "supported values: \"" + String.join("\", \"", choices) + "\"");
                }
            }
            nullable(property);
        });
        for (String inner : List.of("items", "additionalProperties")) {
            if (schema.path(inner).isObject()) {
                nullable(schema.path(inner));
            }
        }
    }

    /** Containers and volumes are Kubernetes' own: the API server checks them where they end up, in the StatefulSet. */
    private static void containers(ObjectNode pod) {
        for (String name : List.of("initContainers", "containers", "volumes")) {
            ObjectNode list = (ObjectNode) pod.get(name);
            ObjectNode item = YAML.createObjectNode();
            item.put("type", "object");
            item.put("x-kubernetes-preserve-unknown-fields", true);
            item.putObject("properties")
                    .putObject("name")
                    .put("type", "string")
                    .put("maxLength", 63)
                    .put("description", "Name; not one of ours.");
            item.putArray("required").add("name");
            list.set("items", item);
            map(list, "name");
        }
        map((ObjectNode) pod.get("env"), "name");
    }

    private static void lists(ObjectNode schema) {
        map((ObjectNode) schema.at("/properties/status/properties/conditions"), "type");
        map((ObjectNode) schema.at("/properties/status/properties/members"), "name");
        map((ObjectNode) schema.at("/properties/status/properties/volumes"), "claim");
        map((ObjectNode) schema.at("/properties/status/properties/requests"), "id");
        // An ordinal or "*": ten at most, and CEL's cost is estimated by it.
        ((ObjectNode) schema.at("/properties/spec/properties/fencedInstances")).put("maxItems", 10);
        // The list's own rule says which ordinals there are; here only that they are numbers that Java's int can hold.
        ((ObjectNode) schema.at("/properties/spec/properties/fencedInstances/items"))
                .put("maximum", Integer.MAX_VALUE)
                .put("minimum", Integer.MIN_VALUE);
    }

    private static void map(ObjectNode list, String key) {
        list.put("x-kubernetes-list-type", "map");
        list.putArray("x-kubernetes-list-map-keys").add(key);
        ObjectNode item = (ObjectNode) list.get("items");
        Set<String> required = new TreeSet<>();
        item.path("required").forEach(name -> required.add(name.asText()));
        required.add(key);
        ArrayNode names = item.putArray("required");
        required.forEach(names::add);
    }

    private static void reserved(ObjectNode parameters) {
        Map<String, Set<String>> byReason = new TreeMap<>();
        Reserved.PARAMETERS.forEach((name, reason) ->
                byReason.computeIfAbsent(reason, key -> new TreeSet<>()).add(name));
        ArrayNode rules = parameters.withArray("x-kubernetes-validations");
        byReason.forEach((reason, names) -> rules.addObject()
                .put("rule", "!self.exists(name, name.lowerAscii() in ['" + String.join("', '", names) + "'])")
                .put(
                        "message",
                        "postgres.parameters: " + String.join(", ", names) + (names.size() == 1 ? " is" : " are")
                                + " not yours to set: " + reason));
    }
}
