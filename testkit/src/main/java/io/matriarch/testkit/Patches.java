package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** JSON merge patch (RFC 7386), JSON patch (RFC 6902) and Kubernetes' strategic merge patch. */
final class Patches {
    private Patches() {}

    static JsonNode merge(@Nullable JsonNode target, JsonNode patch) {
        if (!(patch instanceof ObjectNode changes)) {
            return patch;
        }
        ObjectNode result = target instanceof ObjectNode object ? object.deepCopy() : changes.objectNode();
        changes.fields().forEachRemaining(field -> {
            if (field.getValue().isNull()) {
                result.remove(field.getKey());
            } else {
                result.set(field.getKey(), merge(result.get(field.getKey()), field.getValue()));
            }
        });
        return result;
    }

    /** Lists that are maps are merged by their first key; directives: {@code $patch} delete and replace, {@code $deleteFromPrimitiveList}. */
    static JsonNode strategic(@Nullable JsonNode target, JsonNode patch, Shape shape) {
        if (patch instanceof ObjectNode changes) {
            boolean replace = changes.path("$patch").asText().equals("replace");
            ObjectNode result =
                    target instanceof ObjectNode object && !replace ? object.deepCopy() : changes.objectNode();
            changes.fields().forEachRemaining(field -> {
                String name = field.getKey();
                if (name.startsWith("$deleteFromPrimitiveList/")) {
                    deleteItems(result.path(name.substring(name.indexOf('/') + 1)), field.getValue());
                } else if (!name.startsWith("$")) {
                    if (field.getValue().isNull()) {
                        result.remove(name);
                    } else {
                        result.set(name, strategic(result.get(name), field.getValue(), shape.field(name)));
                    }
                }
            });
            return result;
        }
        if (patch instanceof ArrayNode changes) {
            return list(target, changes, shape);
        }
        return patch;
    }

    private static JsonNode list(@Nullable JsonNode target, ArrayNode changes, Shape shape) {
        boolean replace = false;
        for (JsonNode change : changes) {
            replace |= change.path("$patch").asText().equals("replace");
        }
        ArrayNode result = target instanceof ArrayNode old
                        && !replace
                        && (shape.set() || !shape.keys().isEmpty())
                ? old.deepCopy()
                : changes.arrayNode();
        for (JsonNode change : changes) {
            if (change.path("$patch").asText().equals("replace")) {
                continue;
            }
            int at = shape.keys().isEmpty()
                    ? items(result).indexOf(change)
                    : position(result, shape.keys().getFirst(), change);
            if (change.path("$patch").asText().equals("delete")) {
                if (at >= 0) {
                    result.remove(at);
                }
            } else if (at >= 0) {
                result.set(at, strategic(result.get(at), change, shape.item()));
            } else if (!shape.set() || !items(result).contains(change)) {
                result.add(strategic(null, change, shape.item()));
            }
        }
        return result;
    }

    private static List<JsonNode> items(ArrayNode list) {
        List<JsonNode> items = new ArrayList<>();
        list.forEach(items::add);
        return items;
    }

    private static int position(ArrayNode list, String key, JsonNode item) {
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i).path(key).equals(item.path(key))) {
                return i;
            }
        }
        return -1;
    }

    private static void deleteItems(JsonNode from, JsonNode gone) {
        if (from instanceof ArrayNode list) {
            for (int i = list.size() - 1; i >= 0; i--) {
                if (items((ArrayNode) gone).contains(list.get(i))) {
                    list.remove(i);
                }
            }
        }
    }

    static JsonNode json(JsonNode target, JsonNode operations) {
        JsonNode result = target.deepCopy();
        for (JsonNode operation : operations) {
            String path = operation.path("path").asText();
            switch (operation.path("op").asText()) {
                case "add" -> put(result, path, operation.path("value"), true);
                case "replace" -> {
                    present(result, path);
                    put(result, path, operation.path("value"), false);
                }
                case "remove" -> take(result, path);
                case "test" -> {
                    if (!result.at(path).equals(operation.path("value"))) {
                        throw new ApiError(
                                422,
                                "Invalid",
                                "the server rejected our request: testing " + path + " failed: it is "
                                        + result.at(path));
                    }
                }
                case "copy" ->
                    put(
                            result,
                            path,
                            present(result, operation.path("from").asText()).deepCopy(),
                            true);
                case "move" ->
                    put(result, path, take(result, operation.path("from").asText()), true);
                default -> throw new ApiError(400, "BadRequest", "no operation of JSON patch: " + operation);
            }
        }
        return result;
    }

    private static JsonNode present(JsonNode root, String path) {
        JsonNode value = root.at(path);
        if (value.isMissingNode()) {
            throw new ApiError(422, "Invalid", "the server rejected our request: there is no " + path);
        }
        return value;
    }

    private static JsonNode take(JsonNode root, String path) {
        JsonNode value = present(root, path);
        JsonNode parent = root.at(path.substring(0, path.lastIndexOf('/')));
        if (parent instanceof ArrayNode list) {
            list.remove(Integer.parseInt(last(path)));
        } else {
            ((ObjectNode) parent).remove(last(path));
        }
        return value;
    }

    private static void put(JsonNode root, String path, JsonNode value, boolean insert) {
        JsonNode parent = present(root, path.substring(0, path.lastIndexOf('/')));
        if (parent instanceof ArrayNode list) {
            int at = last(path).equals("-") ? list.size() : Integer.parseInt(last(path));
            if (insert) {
                list.insert(at, value);
            } else {
                list.set(at, value);
            }
        } else {
            ((ObjectNode) parent).set(last(path), value);
        }
    }

    private static String last(String path) {
        return path.substring(path.lastIndexOf('/') + 1).replace("~1", "/").replace("~0", "~");
    }
}
