package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * As much of OpenAPI as kubectl asks for before it sends anything: whether this server itself refuses unknown fields (KEP-2885, "Server Side
 * Unknown Field Validation"). It does, so kubectl needs no schemas, and there are none: {@code kubectl explain} has nothing to show.
 */
final class OpenApi {
    private final Kinds kinds;

    OpenApi(Kinds kinds) {
        this.kinds = kinds;
    }

    /** {@code /openapi/v3}, or what that names for a group and version. */
    Optional<JsonNode> answer(List<String> path) {
        if (path.size() < 2 || !path.get(0).equals("openapi") || !path.get(1).equals("v3")) {
            return Optional.empty();
        }
        return path.size() == 2 ? Optional.of(index()) : document(String.join("/", path.subList(2, path.size())));
    }

    private ObjectNode index() {
        ObjectNode index = Store.JSON.createObjectNode();
        ObjectNode paths = index.putObject("paths");
        kinds.all().stream()
                .map(OpenApi::address)
                .distinct()
                .forEach(address -> paths.putObject(address).put("serverRelativeURL", "/openapi/v3/" + address));
        return index;
    }

    private Optional<JsonNode> document(String address) {
        List<Kind> here = kinds.all().stream()
                .filter(kind -> address(kind).equals(address))
                .collect(Collectors.toList());
        if (here.isEmpty()) {
            return Optional.empty();
        }
        ObjectNode document = Store.JSON.createObjectNode().put("openapi", "3.0.0");
        document.putObject("info").put("title", "testkit").put("version", "1");
        ObjectNode paths = document.putObject("paths");
        for (Kind kind : here) {
            String path = "/%s/%s%s/{name}"
                    .formatted(address, kind.namespaced() ? "namespaces/{namespace}/" : "", kind.plural());
            ObjectNode patch = paths.putObject(path).putObject("patch");
            patch.putArray("parameters")
                    .addObject()
                    .put("name", "fieldValidation")
                    .put("in", "query");
            patch.putObject("responses");
            patch.putObject("x-kubernetes-group-version-kind")
                    .put("group", kind.group())
                    .put("version", kind.version())
                    .put("kind", kind.kind());
        }
        return Optional.of(document);
    }

    private static String address(Kind kind) {
        return kind.group().isEmpty() ? "api/" + kind.version() : "apis/" + kind.group() + "/" + kind.version();
    }
}
