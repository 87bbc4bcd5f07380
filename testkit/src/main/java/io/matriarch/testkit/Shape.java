package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How server-side apply and strategic merge see a value: which lists are maps or sets, and what is taken whole (Kubernetes documentation,
 * "Server-Side Apply", "Merge strategy").
 */
sealed interface Shape {
    Shape field(String name);

    Shape item();

    /** Taken whole: an owner owns all of it. */
    boolean atomic(JsonNode value);

    /** What identifies an item of a list; empty for a list that is no map. */
    List<String> keys();

    /** A list whose items are members of a set. */
    boolean set();

    /** Of our own kinds and the schema's word for it; metadata is as everywhere. */
    record Custom(JsonNode schema) implements Shape {
        @Override
        public Shape field(String name) {
            if (name.equals("metadata") && schema.path("properties").has("spec")) {
                return new BuiltIn("metadata", "");
            }
            JsonNode property = schema.path("properties").path(name);
            return new Custom(property.isMissingNode() ? schema.path("additionalProperties") : property);
        }

        @Override
        public Shape item() {
            return new Custom(schema.path("items"));
        }

        @Override
        public boolean atomic(JsonNode value) {
            return value.isArray()
                    ? keys().isEmpty() && !set()
                    : schema.path("x-kubernetes-map-type").asText().equals("atomic");
        }

        @Override
        public List<String> keys() {
            List<String> keys = new ArrayList<>();
            schema.path("x-kubernetes-list-map-keys").forEach(key -> keys.add(key.asText()));
            return keys;
        }

        @Override
        public boolean set() {
            return schema.path("x-kubernetes-list-type").asText().equals("set");
        }
    }

    /** Of the kinds that are built in: told by the name of the field, and by the field it is in. */
    record BuiltIn(String name, String parent) implements Shape {
        private static final Map<String, List<String>> KEYS = Map.ofEntries(
                Map.entry("containers", List.of("name")),
                Map.entry("initContainers", List.of("name")),
                Map.entry("ephemeralContainers", List.of("name")),
                Map.entry("env", List.of("name")),
                Map.entry("volumes", List.of("name")),
                Map.entry("volumeMounts", List.of("mountPath")),
                Map.entry("volumeDevices", List.of("devicePath")),
                Map.entry("imagePullSecrets", List.of("name")),
                Map.entry("hostAliases", List.of("ip")),
                Map.entry("podIPs", List.of("ip")),
                Map.entry("ownerReferences", List.of("uid")),
                Map.entry("conditions", List.of("type")),
                Map.entry("topologySpreadConstraints", List.of("topologyKey", "whenUnsatisfiable")));
        private static final Set<String> WHOLE = Set.of(
                "selector",
                "labelSelector",
                "nodeSelector",
                "secretKeyRef",
                "configMapKeyRef",
                "fieldRef",
                "resourceFieldRef",
                "roleRef",
                "involvedObject",
                "claimRef",
                "dataSource",
                "targetRef");

        @Override
        public Shape field(String field) {
            return new BuiltIn(field, name);
        }

        @Override
        public Shape item() {
            return new BuiltIn(name + "[]", name);
        }

        @Override
        public boolean atomic(JsonNode value) {
            return value.isArray()
                    ? keys().isEmpty() && !set()
                    : WHOLE.contains(name) || name.equals("ownerReferences[]") || name.equals("imagePullSecrets[]");
        }

        @Override
        public List<String> keys() {
            if (name.equals("ports")) {
                return switch (parent) {
                    case "containers[]", "initContainers[]" -> List.of("containerPort", "protocol");
                    case "spec" -> List.of("port", "protocol");
                    default -> List.of();
                };
            }
            if (name.equals("imagePullSecrets") && parent.equals("ServiceAccount")) {
                return List.of();
            }
            return KEYS.getOrDefault(name, List.of());
        }

        @Override
        public boolean set() {
            return name.equals("finalizers");
        }
    }
}
