package io.matriarch.instance.json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value somewhere in a JSON document, or the place where there is none.
 *
 * @param value map, list, text, number, boolean, or null
 */
public record Node(@Nullable Object value) {
    public static final Node MISSING = new Node(null);

    /** The field of an object; {@link #MISSING} when there is none. */
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

    /** Elements of a list; none for anything else. */
    public List<Node> elements() {
        return value instanceof List<?> list ? list.stream().map(Node::new).toList() : List.of();
    }

    /** A copy of an object that may be changed, all the way down; empty for anything else. */
    public Map<String, Object> copy() {
        return copy(value) instanceof Map<?, ?> map ? object(map) : new LinkedHashMap<>();
    }

    /** The object in a field of a {@linkplain #copy copy}, made when there is none. */
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
