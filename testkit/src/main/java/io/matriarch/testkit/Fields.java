package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Sets of fields in the form of {@code managedFields} ({@code FieldsV1}): {@code f:name} is a field, {@code k:{…}} an item of a list that is a
 * map, {@code v:…} an item of a set, {@code .} the thing itself. A node without children is itself a member.
 */
final class Fields {
    private static final String SELF = ".";
    private static final Set<String> NOT_OWNED = Set.of(
            "name",
            "namespace",
            "generateName",
            "resourceVersion",
            "uid",
            "generation",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "managedFields",
            "selfLink");

    private Fields() {}

    /** What changed from one state of an object to another. */
    record Difference(ObjectNode written, ObjectNode removed) {}

    /** The fields that somebody states by an object. */
    static ObjectNode of(ObjectNode object, Shape shape) {
        ObjectNode set = members(owned(object), shape, false);
        set.remove(SELF);
        return set;
    }

    static Difference difference(ObjectNode before, ObjectNode after, Shape shape) {
        ObjectNode written = Store.JSON.createObjectNode();
        ObjectNode removed = Store.JSON.createObjectNode();
        compare(owned(before), owned(after), shape, written, removed);
        return new Difference(written, removed);
    }

    private static ObjectNode owned(ObjectNode object) {
        ObjectNode rest = object.deepCopy();
        rest.remove(List.of("apiVersion", "kind"));
        if (rest.get("metadata") instanceof ObjectNode metadata) {
            metadata.remove(NOT_OWNED);
            if (metadata.isEmpty()) {
                rest.remove("metadata");
            }
        }
        return rest;
    }

    /** @param containers whether an object or list that has content is a member too, as what an update adds is */
    private static ObjectNode members(JsonNode value, Shape shape, boolean containers) {
        ObjectNode set = Store.JSON.createObjectNode();
        if (shape.atomic(value)) {
            return set;
        }
        if (value instanceof ObjectNode object) {
            object.fields()
                    .forEachRemaining(field -> set.set(
                            "f:" + field.getKey(), members(field.getValue(), shape.field(field.getKey()), containers)));
        } else if (value instanceof ArrayNode list) {
            for (JsonNode item : list) {
                ObjectNode inner = shape.set() ? set.objectNode() : members(item, shape.item(), containers);
                if (!inner.isEmpty()) {
                    inner.putObject(SELF);
                }
                set.set(label(item, shape), inner);
            }
        }
        if (containers && !set.isEmpty()) {
            set.putObject(SELF);
        }
        return set;
    }

    private static void compare(JsonNode before, JsonNode after, Shape shape, ObjectNode written, ObjectNode removed) {
        if (before instanceof ObjectNode old && after instanceof ObjectNode now && !shape.atomic(now)) {
            now.fields().forEachRemaining(field -> {
                JsonNode former = old.get(field.getKey());
                note(
                        "f:" + field.getKey(),
                        Optional.ofNullable(former),
                        field.getValue(),
                        shape.field(field.getKey()),
                        written,
                        removed);
            });
            old.fields().forEachRemaining(field -> {
                if (!now.has(field.getKey())) {
                    removed.set("f:" + field.getKey(), members(field.getValue(), shape.field(field.getKey()), true));
                }
            });
        } else if (before instanceof ArrayNode old && after instanceof ArrayNode now) {
            for (JsonNode item : now) {
                String label = label(item, shape);
                note(label, find(old, label, shape), item, shape.item(), written, removed);
            }
            for (JsonNode item : old) {
                String label = label(item, shape);
                if (find(now, label, shape).isEmpty()) {
                    removed.set(label, members(item, shape.item(), true));
                }
            }
        }
    }

    private static void note(
            String label,
            Optional<JsonNode> former,
            JsonNode value,
            Shape shape,
            ObjectNode written,
            ObjectNode removed) {
        if (former.isEmpty()) {
            written.set(label, members(value, shape, true));
        } else if (!former.get().equals(value)) {
            boolean within = former.get().getNodeType() == value.getNodeType()
                    && value.isContainerNode()
                    && !shape.atomic(value)
                    && !former.get().isEmpty()
                    && !value.isEmpty();
            if (within) {
                ObjectNode deeper = written.objectNode();
                ObjectNode gone = removed.objectNode();
                compare(former.get(), value, shape, deeper, gone);
                if (!deeper.isEmpty()) {
                    written.set(label, deeper);
                }
                if (!gone.isEmpty()) {
                    removed.set(label, gone);
                }
            } else {
                written.set(label, members(value, shape, true));
            }
        }
    }

    /** {@code k:{…}} or {@code v:…} of an item. */
    static String label(JsonNode item, Shape list) {
        if (list.set()) {
            return "v:" + item;
        }
        ObjectNode keys = Store.JSON.createObjectNode();
        list.keys().stream().sorted().forEach(key -> {
            JsonNode value = item.path(key);
            if (value.isMissingNode() && key.equals("protocol")) {
                value = TextNode.valueOf("TCP");
            }
            if (!value.isMissingNode()) {
                keys.set(key, value);
            }
        });
        return "k:" + keys;
    }

    static Optional<JsonNode> find(ArrayNode list, String label, Shape shape) {
        for (JsonNode item : list) {
            if (label(item, shape).equals(label)) {
                return Optional.of(item);
            }
        }
        return Optional.empty();
    }

    private static boolean self(JsonNode set) {
        return set.isEmpty() || set.has(SELF);
    }

    private static void put(ObjectNode result, String label, ObjectNode inner, boolean self) {
        if (self && !inner.isEmpty()) {
            inner.putObject(SELF);
        }
        if (self || !inner.isEmpty()) {
            result.set(label, inner);
        }
    }

    static ObjectNode union(JsonNode one, JsonNode other) {
        ObjectNode result = one.deepCopy();
        other.fields().forEachRemaining(field -> {
            JsonNode mine = result.get(field.getKey());
            if (mine == null) {
                result.set(field.getKey(), field.getValue().deepCopy());
            } else if (!field.getKey().equals(SELF)) {
                boolean self = self(mine) || self(field.getValue());
                ObjectNode inner = union(mine, field.getValue());
                inner.remove(SELF);
                put(result, field.getKey(), inner, self);
            }
        });
        return result;
    }

    static ObjectNode minus(JsonNode one, JsonNode other) {
        ObjectNode result = Store.JSON.createObjectNode();
        one.fields().forEachRemaining(field -> {
            if (!field.getKey().equals(SELF)) {
                JsonNode theirs = other.path(field.getKey());
                boolean self = self(field.getValue()) && (theirs.isMissingNode() || !self(theirs));
                put(result, field.getKey(), minus(field.getValue(), theirs), self);
            }
        });
        return result;
    }

    static ObjectNode intersection(JsonNode one, JsonNode other) {
        ObjectNode result = Store.JSON.createObjectNode();
        one.fields().forEachRemaining(field -> {
            JsonNode theirs = other.path(field.getKey());
            if (!field.getKey().equals(SELF) && !theirs.isMissingNode()) {
                boolean self = self(field.getValue()) && self(theirs);
                put(result, field.getKey(), intersection(field.getValue(), theirs), self);
            }
        });
        return result;
    }

    /** Takes the members of a set out of an object, but nothing that is in {@code kept}, nor what contains such a thing. */
    static void prune(JsonNode value, JsonNode set, JsonNode kept, Shape shape) {
        set.fields().forEachRemaining(field -> {
            String label = field.getKey();
            if (label.equals(SELF)) {
                return;
            }
            boolean whole = self(field.getValue()) && kept.path(label).isMissingNode();
            if (value instanceof ObjectNode object && label.startsWith("f:")) {
                String name = label.substring(2);
                JsonNode inner = object.get(name);
                if (inner == null) {
                    return;
                }
                prune(inner, field.getValue(), kept.path(label), shape.field(name));
                if (whole
                        || (inner.isContainerNode()
                                && inner.isEmpty()
                                && kept.path(label).isMissingNode())) {
                    object.remove(name);
                }
            } else if (value instanceof ArrayNode list) {
                for (int i = list.size() - 1; i >= 0; i--) {
                    if (label(list.get(i), shape).equals(label)) {
                        if (whole) {
                            list.remove(i);
                        } else {
                            prune(list.get(i), field.getValue(), kept.path(label), shape.item());
                        }
                    }
                }
            }
        });
    }

    /** The members as Kubernetes prints them: {@code .spec.template.spec.containers[name="postgres"].image}. */
    static List<String> paths(JsonNode set) {
        List<String> paths = new ArrayList<>();
        collect(set, "", paths);
        return paths;
    }

    private static void collect(JsonNode set, String prefix, List<String> paths) {
        set.fields().forEachRemaining(field -> {
            String label = field.getKey();
            if (label.equals(SELF)) {
                return;
            }
            String path = prefix
                    + switch (label.charAt(0)) {
                        case 'f' -> "." + label.substring(2);
                        case 'v' -> "[=" + label.substring(2) + "]";
                        default -> "[" + label.substring(3, label.length() - 1).replaceAll("\"(\\w+)\":", "$1=") + "]";
                    };
            if (self(field.getValue())) {
                paths.add(path);
            }
            collect(field.getValue(), path, paths);
        });
    }
}
