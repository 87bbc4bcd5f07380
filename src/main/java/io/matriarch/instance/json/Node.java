package io.matriarch.instance.json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value somewhere in a JSON document, or a place without a value.
 *
 * @param value map, list, text, number, boolean, or null
 */
public record Node(@Nullable Object value) {
    public static final Node MISSING = new Node(null);

    /** The field of an object; {@link #MISSING} if it is absent. */
    public Node path(String field) {
        return value instanceof Map<?, ?> map && map.get(field) != null ? new Node(map.get(field)) : MISSING;
    }

    public boolean isMissing() {
        return value == null;
    }

    /** Text, or a number as text; empty for anything else. */
    public String asText() {
        return value instanceof String || value instanceof Number ? value.toString() : "";
    }

    /** The number, or 0. */
    public int asInt() {
        return value instanceof Number number ? number.intValue() : 0;
    }

    /** Elements of a list; empty for anything else. */
    public List<Node> elements() {
        return value instanceof List<?> list ? list.stream().map(Node::new).toList() : List.of();
    }

    /** A deep copy of an object that may be changed; empty for anything else. */
    public Map<String, Object> copy() {
        return copy(value) instanceof Map<?, ?> map ? object(map) : new LinkedHashMap<>();
    }

    /** The object in a field of a {@linkplain #copy copy}; created if it is absent. */
    public static Map<String, Object> object(Map<String, Object> parent, String field) {
        return object((Map<?, ?>) parent.computeIfAbsent(field, name -> new LinkedHashMap<String, Object>()));
    }

    @SuppressWarnings("unchecked") // JSON has no other keys
    private static Map<String, Object> object(Map<?, ?> map) {
        return (Map<String, Object>) map;
    }

    private static @Nullable Object copy(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new LinkedHashMap<>();
            map.forEach((key, inner) -> copy.put(key, copy(inner)));
            return copy;
        }
        if (value instanceof List<?> list) {
            List<Object> copy = new ArrayList<>();
            list.forEach(inner -> copy.add(copy(inner)));
            return copy;
        }
        return value;
    }
}
