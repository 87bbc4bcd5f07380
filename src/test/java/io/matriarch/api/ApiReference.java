package io.matriarch.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The API reference as a page of Markdown, from the CRD: each field with its type, its default, what it is for, and the rules it must meet. */
final class ApiReference {
    static final Path FILE = Path.of("docs/api-reference.md");

    /** Kubernetes' own types, described in its API reference; here they are one line. */
    private static final List<String> KUBERNETES = List.of(
            "spec.imagePullSecrets",
            "spec.resources",
            "spec.scheduling.tolerations",
            "spec.scheduling.topologySpreadConstraints",
            "spec.pod.env",
            "spec.pod.initContainers",
            "spec.pod.containers",
            "spec.pod.volumes",
            "spec.pod.volumeMounts",
            "status.conditions");

    private final StringBuilder page = new StringBuilder();

    private ApiReference() {}

    static String of(JsonNode crd) {
        ApiReference reference = new ApiReference();
        JsonNode names = crd.at("/spec/names");
        JsonNode version = crd.at("/spec/versions/0");
        JsonNode schema = version.at("/schema/openAPIV3Schema");
        reference.line("<!-- Generated from the CRD by ApiReferenceTest: ./test -Dcrds.write=true -->");
        reference.line("# API reference");
        reference.line("");
        reference.line("`%s/%s`, kind `%s`, short name `%s`, category `%s`. %s"
                .formatted(
                        crd.at("/spec/group").asText(),
                        version.path("name").asText(),
                        names.path("kind").asText(),
                        names.at("/shortNames/0").asText(),
                        names.at("/categories/0").asText(),
                        schema.path("description").asText()));
        reference.line("");
        reference.line(
                "Fields marked \\* are required. The rules are checked by the API server, which answers with the text given here.");
        reference.rules(schema);
        reference.section("spec", schema.at("/properties/spec"));
        reference.section("status", schema.at("/properties/status"));
        return reference.page.toString();
    }

    private void section(String path, JsonNode schema) {
        line("");
        line("## " + path);
        line("");
        line(schema.path("description").asText());
        line("");
        line("| field | type | default | what |");
        line("|---|---|---|---|");
        fields(path, schema);
    }

    private void fields(String path, JsonNode schema) {
        List<String> required = new ArrayList<>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        schema.path("properties").properties().forEach(field -> {
            String name = path + "." + field.getKey();
            JsonNode type = field.getValue();
            JsonNode item = type.path("items");
            line("| `%s`%s | %s | %s | %s |"
                    .formatted(
                            name,
                            required.contains(field.getKey()) ? " \\*" : "",
                            type(type),
                            type.has("default") ? "`" + type.get("default").asText() + "`" : "",
                            cell(type.path("description").asText()) + bounds(type) + messages(type) + messages(item)));
            if (!KUBERNETES.contains(name)) {
                fields(name, type);
                fields(name + "[]", item);
            }
        });
    }

    private static String type(JsonNode schema) {
        if (schema.has("enum")) {
            List<String> values = new ArrayList<>();
            schema.get("enum").forEach(value -> values.add("`" + value.asText() + "`"));
            return String.join(", ", values);
        }
        if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
            return "quantity";
        }
        if (schema.has("additionalProperties")) {
            return "map of " + type(schema.get("additionalProperties"));
        }
        String type = schema.path("type").asText();
        if (!type.equals("array")) {
            return type;
        }
        JsonNode items = schema.get("items");
        // No list of ours holds quantities.
        return "list of " + (items.path("x-kubernetes-int-or-string").asBoolean() ? "integer or string" : type(items));
    }

    private static String bounds(JsonNode schema) {
        if (schema.path("maximum").asLong() >= Integer.MAX_VALUE
                && schema.path("minimum").asLong() < 0) {
            return ""; // a bound of the notation, not of the field
        }
        String least = schema.has("minimum") ? schema.get("minimum").asLong() + " or more" : "";
        return schema.has("minimum") && schema.has("maximum")
                ? " %d to %d."
                        .formatted(
                                schema.get("minimum").asLong(),
                                schema.get("maximum").asLong())
                : least.isEmpty() ? "" : " " + least + ".";
    }

    private static String messages(JsonNode schema) {
        StringBuilder text = new StringBuilder();
        schema.path("x-kubernetes-validations")
                .forEach(rule -> text.append("<br>Rule: ")
                        .append(cell(rule.path("message").asText())));
        return text.toString();
    }

    private void rules(JsonNode schema) {
        line("");
        schema.path("x-kubernetes-validations")
                .forEach(rule -> line("- " + rule.path("message").asText()));
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }

    private void line(String text) {
        page.append(text).append('\n');
    }
}
