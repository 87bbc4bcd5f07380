package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Merging of JSON trees: JSON merge patch (RFC 7386), and server-side apply with associative lists (Kubernetes documentation, "Server-Side Apply"). */
final class Merge {
    /** Lists that are maps, by field name; any other list is taken whole. */
    private static final Map<String, List<String>> KEYS = Map.ofEntries(
            Map.entry("containers", List.of("name")),
            Map.entry("initContainers", List.of("name")),
            Map.entry("env", List.of("name")),
            Map.entry("volumes", List.of("name")),
            Map.entry("volumeMounts", List.of("mountPath")),
            Map.entry("imagePullSecrets", List.of("name")),
            Map.entry("ports", List.of("port", "containerPort", "protocol")),
            Map.entry("ownerReferences", List.of("uid")),
            Map.entry("conditions", List.of("type")),
            Map.entry("members", List.of("name")),
            Map.entry("topologySpreadConstraints", List.of("topologyKey", "whenUnsatisfiable")));

    private Merge() {}

    /** RFC 7386. */
    static JsonNode patch(@Nullable JsonNode target, JsonNode patch) {
        if (!(patch instanceof ObjectNode changes)) {
            return patch;
        }
        ObjectNode result = target instanceof ObjectNode object ? object.deepCopy() : changes.objectNode();
        changes.fields().forEachRemaining(field -> {
            if (field.getValue().isNull()) {
                result.remove(field.getKey());
            } else {
                result.set(field.getKey(), patch(result.get(field.getKey()), field.getValue()));
            }
        });
        return result;
    }

    /**
     * Server-side apply.
     *
     * @param former what the same manager applied last, or nothing
     * @param others what other managers applied, which is not removed
     */
    static ObjectNode apply(ObjectNode live, @Nullable JsonNode former, ObjectNode wanted, List<JsonNode> others) {
        ObjectNode result = live.deepCopy();
        if (former instanceof ObjectNode before) {
            remove(result, before, wanted, others);
        }
        add(result, wanted);
        return result;
    }

    private static void add(ObjectNode target, ObjectNode wanted) {
        wanted.fields().forEachRemaining(field -> {
            String name = field.getKey();
            JsonNode value = field.getValue();
            JsonNode present = target.get(name);
            if (value instanceof ObjectNode object && present instanceof ObjectNode inner) {
                add(inner, object);
            } else if (value instanceof ArrayNode list && present instanceof ArrayNode old && keyed(name, list)) {
                for (JsonNode item : list) {
                    Optional<ObjectNode> same = find(old, item, KEYS.get(name));
                    if (same.isPresent()) {
                        add(same.get(), (ObjectNode) item);
                    } else {
                        old.add(item.deepCopy());
                    }
                }
            } else {
                target.set(name, value.deepCopy());
            }
        });
    }

    private static void remove(ObjectNode target, ObjectNode former, ObjectNode wanted, List<JsonNode> others) {
        former.fields().forEachRemaining(field -> {
            String name = field.getKey();
            JsonNode before = field.getValue();
            JsonNode now = wanted.get(name);
            JsonNode live = target.get(name);
            if (live == null) {
                return;
            }
            List<JsonNode> theirs = others.stream()
                    .map(other -> other.get(name))
                    .filter(java.util.Objects::nonNull)
                    .toList();
            if (before instanceof ObjectNode object && live instanceof ObjectNode inner) {
                remove(inner, object, now instanceof ObjectNode next ? next : object.objectNode(), theirs);
                if (now == null && inner.isEmpty() && theirs.isEmpty()) {
                    target.remove(name);
                }
            } else if (before instanceof ArrayNode list && live instanceof ArrayNode items && keyed(name, list)) {
                List<Integer> gone = new ArrayList<>();
                for (JsonNode item : list) {
                    boolean kept = now instanceof ArrayNode next
                            && find(next, item, KEYS.get(name)).isPresent();
                    boolean foreign = theirs.stream()
                            .anyMatch(other -> other instanceof ArrayNode array
                                    && find(array, item, KEYS.get(name)).isPresent());
                    if (!kept && !foreign) {
                        find(items, item, KEYS.get(name)).ifPresent(same -> gone.add(index(items, same)));
                    }
                }
                gone.sort(java.util.Comparator.reverseOrder());
                gone.forEach(items::remove);
            } else if (now == null && theirs.isEmpty()) {
                target.remove(name);
            }
        });
    }

    private static int index(ArrayNode items, ObjectNode item) {
        for (int i = 0; i < items.size(); i++) {
            if (items.get(i) == item) {
                return i;
            }
        }
        throw new IllegalStateException("it was found there");
    }

    private static boolean keyed(String name, ArrayNode list) {
        List<String> keys = KEYS.get(name);
        if (keys == null) {
            return false;
        }
        for (JsonNode item : list) {
            if (keys.stream().noneMatch(item::has)) {
                return false;
            }
        }
        return true;
    }

    private static Optional<ObjectNode> find(ArrayNode list, JsonNode item, @Nullable List<String> keys) {
        for (JsonNode candidate : list) {
            if (keys != null
                    && keys.stream().allMatch(key -> candidate.path(key).equals(item.path(key)))) {
                return Optional.of((ObjectNode) candidate);
            }
        }
        return Optional.empty();
    }
}
