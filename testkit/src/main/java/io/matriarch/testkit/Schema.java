package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/** A structural schema of a CustomResourceDefinition: fills in defaults, takes out what it does not know, and says what is wrong. */
final class Schema {
    private final JsonNode root;
    private final Rules rules;

    Schema(JsonNode root, Rules rules) {
        this.root = root;
        this.rules = rules;
    }

    void fill(ObjectNode object) {
        fill(root, object);
    }

    private static void fill(JsonNode schema, JsonNode value) {
        if (value instanceof ObjectNode object) {
            schema.path("properties").fields().forEachRemaining(field -> {
                JsonNode standard = field.getValue().get("default");
                JsonNode present = object.get(field.getKey());
                boolean absent = present == null
                        || (present.isNull()
                                && !field.getValue().path("nullable").asBoolean());
                if (standard != null && absent) {
                    object.set(field.getKey(), standard.deepCopy());
                }
            });
        }
        children(schema, value, (inner, child) -> fill(inner, child.value()));
    }

    private record Child(String path, JsonNode value) {}

    private static void children(JsonNode schema, JsonNode value, BiConsumer<JsonNode, Child> each) {
        if (value.isObject()) {
            value.fields().forEachRemaining(field -> {
                JsonNode property = schema.path("properties").path(field.getKey());
                JsonNode inner = property.isMissingNode() ? schema.path("additionalProperties") : property;
                if (inner.isObject()) {
                    each.accept(
                            inner,
                            new Child(
                                    property.isMissingNode() ? "[" + field.getKey() + "]" : "." + field.getKey(),
                                    field.getValue()));
                }
            });
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                each.accept(schema.path("items"), new Child("[" + i + "]", value.get(i)));
            }
        }
    }

    /** Takes out what the schema does not know; answers the paths. */
    List<String> prune(ObjectNode object) {
        List<String> unknown = new ArrayList<>();
        prune(root, object, "", unknown);
        return unknown;
    }

    private static void prune(JsonNode schema, JsonNode value, String path, List<String> unknown) {
        if (schema.path("x-kubernetes-preserve-unknown-fields").asBoolean() || path.equals(".metadata")) {
            return; // metadata has what it has everywhere, whatever a definition says of it
        }
        if (value instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                boolean standard = path.isEmpty()
                        && List.of("apiVersion", "kind", "metadata").contains(name);
                boolean known = standard
                        || schema.path("properties").has(name)
                        || schema.path("additionalProperties").isObject();
                if (!known) {
                    object.remove(name);
                    unknown.add((path + "." + name).substring(1));
                }
            }
        }
        children(schema, value, (inner, child) -> prune(inner, child.value(), path + child.path(), unknown));
    }

    /** What is wrong, each beginning with the path. */
    List<String> problems(ObjectNode object, Optional<JsonNode> old) {
        List<String> problems = new ArrayList<>();
        check(root, object, old, "", problems);
        if (problems.isEmpty()) {
            rules(root, object, old, "", problems);
        }
        return problems;
    }

    /** What was there before and is unchanged is not judged again (KEP-4008, "CRD validation ratcheting"). */
    private static boolean unchanged(JsonNode value, Optional<JsonNode> old) {
        return old.isPresent() && old.get().equals(value);
    }

    private static void check(
            JsonNode schema, JsonNode value, Optional<JsonNode> old, String path, List<String> problems) {
        if (unchanged(value, old)) {
            return;
        }
        String where = path.isEmpty() ? "<nil>" : path.substring(1);
        if (!typed(schema, value)) {
            problems.add("%s: Invalid value: \"%s\": %s in body must be of type %s: \"%s\""
                    .formatted(
                            where, kind(value), where, schema.path("type").asText("integer or string"), kind(value)));
            return;
        }
        for (JsonNode required : schema.path("required")) {
            if (!value.has(required.asText())) {
                problems.add((path + "." + required.asText()).substring(1) + ": Required value");
            }
        }
        JsonNode choice = schema.path("enum");
        if (choice.isArray() && !contains(choice, value)) {
            List<String> words = new ArrayList<>();
            choice.forEach(word -> words.add(word.toString()));
            problems.add("%s: Unsupported value: %s: supported values: %s"
                    .formatted(where, value, String.join(", ", words)));
        }
        if (value.isTextual()) {
            limit(
                    schema,
                    "maxLength",
                    -1,
                    value.asText().length(),
                    where,
                    "Too long: may not be more than %s bytes",
                    problems);
            limit(schema, "minLength", 1, value.asText().length(), where, "should be at least %s chars long", problems);
            if (schema.has("pattern")
                    && !Pattern.compile(schema.path("pattern").asText())
                            .matcher(value.asText())
                            .find()) {
                problems.add("%s: Invalid value: %s: %s in body should match '%s'"
                        .formatted(where, value, where, schema.path("pattern").asText()));
            }
        }
        if (value.isNumber()) {
            limit(schema, "maximum", -1, value.asDouble(), where, "should be less than or equal to %s", problems);
            limit(schema, "minimum", 1, value.asDouble(), where, "should be greater than or equal to %s", problems);
        }
        if (value.isArray()) {
            limit(schema, "maxItems", -1, value.size(), where, "Too many: must have at most %s items", problems);
            limit(schema, "minItems", 1, value.size(), where, "should have at least %s items", problems);
        }
        if (value.isObject()) {
            limit(schema, "maxProperties", -1, value.size(), where, "Too many: must have at most %s items", problems);
        }
        children(
                schema,
                value,
                (inner, child) ->
                        check(inner, child.value(), before(schema, value, old, child), path + child.path(), problems));
    }

    private static void limit(
            JsonNode schema, String limit, int sign, double value, String where, String words, List<String> problems) {
        JsonNode bound = schema.path(limit);
        if (bound.isNumber() && sign * value < sign * bound.asDouble()) {
            String text = words.formatted(bound.asText());
            problems.add(
                    where + ": " + (text.startsWith("Too") ? text : "Invalid value: " + where + " in body " + text));
        }
    }

    private static boolean contains(JsonNode choice, JsonNode value) {
        for (JsonNode word : choice) {
            if (word.equals(value)) {
                return true;
            }
        }
        return false;
    }

    private static boolean typed(JsonNode schema, JsonNode value) {
        if (value.isNull() && schema.path("nullable").asBoolean()) {
            return true;
        }
        if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
            return value.isIntegralNumber() || value.isTextual();
        }
        return switch (schema.path("type").asText()) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            default -> true;
        };
    }

    private static String kind(JsonNode value) {
        return value.isIntegralNumber() ? "integer" : value.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
    }

    private void rules(JsonNode schema, JsonNode value, Optional<JsonNode> old, String path, List<String> problems) {
        if (value.isNull()) {
            return;
        }
        for (JsonNode rule : schema.path("x-kubernetes-validations")) {
            String text = rule.path("rule").asText();
            boolean transition = text.contains("oldSelf");
            if (transition && old.isEmpty()) {
                continue;
            }
            if (!transition && unchanged(value, old)) {
                continue;
            }
            if (!rules.holds(text, value, old)) {
                String where = path.isEmpty() ? "<nil>" : path.substring(1);
                String shown = value.isContainerNode() ? "\"" + kind(value) + "\"" : value.toString();
                problems.add("%s: Invalid value: %s: %s"
                        .formatted(where, shown, rule.path("message").asText("failed rule: " + text)));
            }
        }
        children(
                schema,
                value,
                (inner, child) ->
                        rules(inner, child.value(), before(schema, value, old, child), path + child.path(), problems));
    }

    /** The value that a child had: by name in an object, by key in a list of type map; elements of other lists cannot be told apart. */
    private static Optional<JsonNode> before(JsonNode schema, JsonNode value, Optional<JsonNode> old, Child child) {
        if (value.isObject()) {
            String name = child.path().replaceAll("^[.\\[]|\\]$", "");
            return old.map(was -> was.get(name));
        }
        boolean keyed = schema.path("x-kubernetes-list-type").asText().equals("map");
        if (keyed && old.isPresent() && old.get() instanceof ArrayNode list) {
            Shape shape = new Shape.Custom(schema);
            return Fields.find(list, Fields.label(child.value(), shape), shape);
        }
        return Optional.empty();
    }
}
