package io.matriarch.testkit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** What clients ask first: version, groups, resources. */
final class Discovery {
    private Discovery() {}

    static Optional<ObjectNode> answer(List<String> path) {
        return switch (String.join("/", path)) {
            case "version" ->
                Optional.of(object().put("major", "1")
                        .put("minor", "34")
                        .put("gitVersion", "v1.34.4")
                        .put("platform", "linux/amd64"));
            case "api" -> {
                ObjectNode versions = object().put("kind", "APIVersions");
                versions.putArray("versions").add("v1");
                yield Optional.of(versions);
            }
            case "apis" -> Optional.of(groups());
            case "healthz", "readyz", "livez" -> Optional.of(object());
            default -> resources(path);
        };
    }

    private static Optional<ObjectNode> resources(List<String> path) {
        boolean core = path.size() == 2 && path.getFirst().equals("api");
        boolean grouped = path.size() == 3 && path.getFirst().equals("apis");
        if (!core && !grouped) {
            return Optional.empty();
        }
        String group = core ? "" : path.get(1);
        ObjectNode list = object().put("kind", "APIResourceList")
                .put("apiVersion", "v1")
                .put("groupVersion", core ? path.get(1) : path.get(1) + "/" + path.get(2));
        ArrayNode resources = list.putArray("resources");
        for (Kind kind : Kind.ALL) {
            if (kind.group().equals(group)) {
                ObjectNode resource = resources
                        .addObject()
                        .put("name", kind.plural())
                        .put("singularName", kind.kind().toLowerCase(java.util.Locale.ROOT))
                        .put("namespaced", kind.namespaced())
                        .put("kind", kind.kind());
                ArrayNode verbs = resource.putArray("verbs");
                List.of("create", "delete", "get", "list", "patch", "update", "watch")
                        .forEach(verbs::add);
            }
        }
        return Optional.of(list);
    }

    private static ObjectNode groups() {
        ObjectNode list = object().put("kind", "APIGroupList").put("apiVersion", "v1");
        ArrayNode groups = list.putArray("groups");
        Kind.ALL.stream()
                .filter(kind -> !kind.group().isEmpty())
                .map(kind -> kind.group() + "/" + kind.version())
                .distinct()
                .forEach(name -> {
                    String[] parts = name.split("/");
                    ObjectNode group = groups.addObject().put("name", parts[0]);
                    ObjectNode version = object().put("groupVersion", name).put("version", parts[1]);
                    group.putArray("versions").add(version);
                    group.set("preferredVersion", version.deepCopy());
                });
        return list;
    }

    private static ObjectNode object() {
        return Store.JSON.createObjectNode();
    }
}
