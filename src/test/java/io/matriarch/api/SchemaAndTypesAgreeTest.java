package io.matriarch.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.matriarch.testkit.ScalarRules;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * What the schema of the CRD admits, our types can hold: one object that they cannot would be unreadable for the operator. Objects are drawn from
 * the schema, at its limits and with hostile values; rules over several fields are left out, so that more is drawn than an API server would take.
 */
class SchemaAndTypesAgreeTest {
    private static final int OBJECTS = Integer.getInteger("schema.objects", 100_000);
    private static final long SEED = Long.getLong("schema.seed", System.nanoTime());
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /** Texts that one reader or another takes for a quantity, a number, a time, or nothing. */
    private static final List<String> HOSTILE = List.of(
            "",
            " ",
            "0",
            "-1",
            "+1",
            "1.",
            ".5",
            "1e3",
            "1E3",
            "1e-3",
            "1e99",
            "1e999999999",
            "1e+2",
            "1Ki",
            "1 Gi",
            "1GB",
            "5Ei",
            "1m",
            "1n",
            "1u",
            "100k",
            "NaN",
            "Infinity",
            "null",
            "true",
            "~",
            "0x10",
            "1_000",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999",
            "123456789012345678901",
            "1.00000000000000000000",
            "\u0661",
            "１",
            "ü",
            "\u0000",
            "a",
            "off",
            "2026-01-01T00:00:00Z",
            "*",
            "Quorum",
            "Async");

    private final Random random = new Random(SEED);
    private final ScalarRules rules = new ScalarRules();
    private final Map<JsonNode, List<JsonNode>> pools = new HashMap<>();
    private final KubernetesSerialization json = new KubernetesSerialization();

    @Test
    void everyObjectThatTheSchemaAdmitsIsRead() throws IOException {
        JsonNode schema =
                new YAMLMapper().readTree(CrdDocument.FILE.toFile()).at("/spec/versions/0/schema/openAPIV3Schema");
        for (int i = 0; i < OBJECTS; i++) {
            ObjectNode object = JSON.objectNode();
            object.put("apiVersion", "matriarch.io/v1beta1").put("kind", PostgresCluster.KIND);
            object.putObject("metadata").put("name", "orders").put("namespace", "shop");
            // Few fields in most objects, so that none is always there; all of them in some.
            double density = random.nextInt(10) == 0 ? 1 : 0.3 * random.nextDouble();
            object.set("spec", draw(schema.at("/properties/spec"), density));
            if (random.nextBoolean()) {
                object.set("status", draw(schema.at("/properties/status"), density));
            }
            String text = object.toString();
            String what = "object %d of seed %d: %s".formatted(i, SEED, text);
            try {
                PostgresCluster read = json.unmarshal(text, PostgresCluster.class);
                PostgresCluster again = json.unmarshal(text, PostgresCluster.class);
                json.unmarshal(json.asJson(read), PostgresCluster.class);
                assertThat(again.getSpec()).as(what).isEqualTo(read.getSpec());
                assertThat(again.getStatus()).as(what).isEqualTo(read.getStatus());
            } catch (RuntimeException e) {
                throw new AssertionError(what, e);
            }
        }
        System.out.printf("schema and types: %d objects of seed %d%n", OBJECTS, SEED);
    }

    private JsonNode draw(JsonNode schema, double density) {
        if (schema.path("nullable").asBoolean() && random.nextInt(20) == 0) {
            return JSON.nullNode();
        }
        if (schema.path("type").asText().equals("object")) {
            return object(schema, density);
        }
        if (schema.path("type").asText().equals("array")) {
            ArrayNode array = JSON.arrayNode();
            int size = random.nextInt(Math.min(3, schema.path("maxItems").asInt(3) + 1));
            for (int i = 0; i < size; i++) {
                array.add(draw(schema.path("items"), density));
            }
            return array;
        }
        List<JsonNode> pool = pools.computeIfAbsent(schema, this::pool);
        return pool.get(random.nextInt(pool.size()));
    }

    private ObjectNode object(JsonNode schema, double density) {
        ObjectNode object = JSON.objectNode();
        List<String> required = new ArrayList<>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        schema.path("properties").fields().forEachRemaining(field -> {
            if (required.contains(field.getKey()) || random.nextDouble() < density) {
                object.set(field.getKey(), draw(field.getValue(), density));
            }
        });
        if (schema.path("additionalProperties").isObject()) {
            for (int i = random.nextInt(3); i > 0; i--) {
                object.set("key" + i, draw(schema.path("additionalProperties"), density));
            }
        }
        if (schema.path("x-kubernetes-preserve-unknown-fields").asBoolean() && random.nextBoolean()) {
            object.set("anything", draw(ANY, density));
        }
        return object;
    }

    private static final JsonNode ANY = JSON.objectNode().put("type", "string");

    /** The values of a scalar that its schema and its own rules admit. */
    private List<JsonNode> pool(JsonNode schema) {
        List<JsonNode> candidates = new ArrayList<>();
        if (schema.has("enum")) {
            schema.path("enum").forEach(candidates::add);
            return candidates;
        }
        boolean either = schema.path("x-kubernetes-int-or-string").asBoolean();
        String type = schema.path("type").asText();
        if (type.equals("boolean")) {
            return List.of(JSON.booleanNode(true), JSON.booleanNode(false));
        }
        if (type.equals("string") || either) {
            HOSTILE.forEach(text -> candidates.add(JSON.textNode(text)));
        }
        if (type.equals("integer") || type.equals("number") || either) {
            for (long number : new long[] {
                0,
                1,
                2,
                -1,
                9,
                Integer.MAX_VALUE,
                Integer.MIN_VALUE,
                1L + Integer.MAX_VALUE,
                1L << 53,
                Long.MAX_VALUE,
                Long.MIN_VALUE
            }) {
                candidates.add(JSON.numberNode(number));
            }
        }
        List<JsonNode> admitted =
                candidates.stream().filter(value -> rules.admits(schema, value)).toList();
        assertThat(admitted).as("values of %s", schema).isNotEmpty();
        return admitted;
    }
}
