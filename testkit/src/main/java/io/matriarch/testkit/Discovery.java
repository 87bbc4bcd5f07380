package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What clients ask first: version, groups, resources. */
final class Discovery {
    private final Kinds kinds;
    private final OpenApi openApi;

    Discovery(Kinds kinds) {
        this.kinds = kinds;
        this.openApi = new OpenApi(kinds);
    }

    Optional<JsonNode> answer(List<String> path) {
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
            default -> openApi.answer(path).or(() -> resources(path));
        };
    }

    private Optional<JsonNode> resources(List<String> path) {
        boolean core = path.size() == 2 && path.getFirst().equals("api");
        boolean grouped = path.size() == 3 && path.getFirst().equals("apis");
        if (!core && !grouped) {
            return Optional.empty();
        }
        String group = core ? "" : path.get(1);
        String version = path.getLast();
        ObjectNode list = object().put("kind", "APIResourceList")
                .put("apiVersion", "v1")
                .put("groupVersion", core ? version : group + "/" + version);
        ArrayNode resources = list.putArray("resources");
        for (Kind kind : kinds.all()) {
            if (kind.group().equals(group) && kind.version().equals(version)) {
                ObjectNode resource = resource(resources, kind, kind.plural(), kind.kind());
                List.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
                        .forEach(resource.withArrayProperty("verbs")::add);
                kind.shortNames().forEach(resource.withArrayProperty("shortNames")::add);
                kind.categories().forEach(resource.withArrayProperty("categories")::add);
                if (kind.status()) {
                    part(resources, kind, "status", kind.kind(), "get", "patch", "update");
                }
                if (kind.scale().isPresent()) {
                    part(resources, kind, "scale", "Scale", "get", "patch", "update")
                            .put("group", "autoscaling")
                            .put("version", "v1");
                }
                if (kind.kind().equals("Pod")) {
                    part(resources, kind, "log", "Pod", "get");
                    part(resources, kind, "eviction", "Eviction", "create")
                            .put("group", "policy")
                            .put("version", "v1");
                }
            }
        }
        return resources.isEmpty() ? Optional.empty() : Optional.of(list);
    }

    private static ObjectNode part(ArrayNode resources, Kind kind, String name, String type, String... verbs) {
        ObjectNode resource = resource(resources, kind, kind.plural() + "/" + name, type);
        List.of(verbs).forEach(resource.withArrayProperty("verbs")::add);
        return resource;
    }

    private static ObjectNode resource(ArrayNode resources, Kind kind, String name, String type) {
        return resources
                .addObject()
                .put("name", name)
                .put("singularName", name.contains("/") ? "" : kind.kind().toLowerCase(Locale.ROOT))
                .put("namespaced", kind.namespaced())
                .put("kind", type);
    }

    private ObjectNode groups() {
        ObjectNode list = object().put("kind", "APIGroupList").put("apiVersion", "v1");
        ArrayNode groups = list.putArray("groups");
        kinds.all().stream()
                .filter(kind -> !kind.group().isEmpty())
                .map(Kind::apiVersion)
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
