package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who owns which fields: {@code metadata.managedFields}, and the two ways to write that mind it (Kubernetes documentation, "Server-Side Apply").
 *
 * @param manager who writes
 * @param apply by server-side apply, or by any other write
 * @param subresource empty, {@code status} or {@code scale}
 */
record Ownership(String manager, boolean apply, String subresource, Kind kind) {

    /** Merges a configuration into an object: adds and changes what is in it, and takes out what this manager alone had and no longer states. */
    ObjectNode merge(ObjectNode live, ObjectNode configuration, boolean force) {
        Shape shape = kind.shape();
        ObjectNode stated = Fields.of(configuration, shape);
        ObjectNode others = Store.JSON.createObjectNode();
        ObjectNode former = Store.JSON.createObjectNode();
        for (JsonNode entry : entries(live)) {
            if (mine(entry)) {
                former = (ObjectNode) entry.path("fieldsV1");
            } else {
                others = Fields.union(others, entry.path("fieldsV1"));
            }
        }
        ObjectNode merged = (ObjectNode) add(live.deepCopy(), configuration, shape);
        ObjectNode kept = Fields.union(stated, others);
        Fields.prune(merged, Fields.minus(former, kept), kept, shape);
        if (!force) {
            refuseConflicts(live, Fields.difference(live, merged, shape).written());
        }
        return merged;
    }

    private void refuseConflicts(ObjectNode live, ObjectNode written) {
        Map<String, List<String>> conflicts = new LinkedHashMap<>();
        for (JsonNode entry : entries(live)) {
            List<String> fields = Fields.paths(Fields.intersection(entry.path("fieldsV1"), written)).stream()
                    .sorted()
                    .toList();
            if (!mine(entry) && !fields.isEmpty()) {
                conflicts.put(named(entry), fields);
            }
        }
        if (conflicts.isEmpty()) {
            return;
        }
        long count = conflicts.values().stream().mapToLong(List::size).sum();
        List<String> text = new ArrayList<>();
        conflicts.forEach((who, fields) -> text.add(
                count == 1
                        ? "conflict with %s: %s".formatted(who, fields.getFirst())
                        : "conflicts with %s:\n- %s".formatted(who, String.join("\n- ", fields))));
        ApiError error = new ApiError(
                409,
                "Conflict",
                "Apply failed with %d conflict%s: %s".formatted(count, count == 1 ? "" : "s", String.join("\n", text)));
        conflicts.forEach((who, fields) ->
                fields.forEach(field -> error.because("FieldManagerConflict", "conflict with " + who, field)));
        throw error;
    }

    private static String named(JsonNode entry) {
        String who = "\"" + entry.path("manager").asText() + "\"";
        if (entry.has("subresource")) {
            who += " with subresource \"" + entry.path("subresource").asText() + "\"";
        }
        return entry.path("operation").asText().equals("Update")
                ? who + " using " + entry.path("apiVersion").asText()
                : who;
    }

    /**
     * Writes down who owns what after a write.
     *
     * @param stated what was applied; for other writes what changed counts
     */
    void record(ObjectNode live, ObjectNode next, ObjectNode stated) {
        Fields.Difference difference = Fields.difference(live, next, kind.shape());
        ArrayNode entries = Store.JSON.createArrayNode();
        boolean known = false;
        for (JsonNode entry : entries(live)) {
            ObjectNode fields;
            if (mine(entry)) {
                known = true;
                fields = apply
                        ? stated
                        : Fields.union(
                                Fields.minus(entry.path("fieldsV1"), difference.removed()), difference.written());
            } else {
                fields = Fields.minus(entry.path("fieldsV1"), Fields.union(difference.written(), difference.removed()));
            }
            keep(entries, entry, fields);
        }
        if (!known) {
            keep(entries, fresh(), apply ? stated : difference.written());
        }
        ObjectNode metadata = next.withObjectProperty("metadata");
        if (entries.isEmpty()) {
            metadata.remove("managedFields");
        } else {
            metadata.set("managedFields", entries);
        }
    }

    private static void keep(ArrayNode entries, JsonNode entry, ObjectNode fields) {
        if (!fields.isEmpty()) {
            ObjectNode kept = entry.deepCopy();
            if (!fields.equals(entry.path("fieldsV1"))) {
                kept.put("time", Store.now());
                kept.set("fieldsV1", fields);
            }
            entries.add(kept);
        }
    }

    private ObjectNode fresh() {
        ObjectNode entry = Store.JSON.createObjectNode();
        entry.put("manager", manager)
                .put("operation", operation())
                .put("apiVersion", kind.apiVersion())
                .put("fieldsType", "FieldsV1");
        if (!subresource.isEmpty()) {
            entry.put("subresource", subresource);
        }
        return entry;
    }

    private String operation() {
        return apply ? "Apply" : "Update";
    }

    private boolean mine(JsonNode entry) {
        return entry.path("manager").asText().equals(manager)
                && entry.path("operation").asText().equals(operation())
                && entry.path("subresource").asText("").equals(subresource);
    }

    private static JsonNode entries(ObjectNode object) {
        return object.path("metadata").path("managedFields");
    }

    private static JsonNode add(JsonNode live, JsonNode wanted, Shape shape) {
        if (live instanceof ObjectNode target && wanted instanceof ObjectNode object && !shape.atomic(wanted)) {
            object.fields().forEachRemaining(field -> {
                JsonNode present = target.get(field.getKey());
                target.set(
                        field.getKey(),
                        present == null
                                ? field.getValue().deepCopy()
                                : add(present, field.getValue(), shape.field(field.getKey())));
            });
            return target;
        }
        if (live instanceof ArrayNode target && wanted instanceof ArrayNode list && !shape.atomic(wanted)) {
            for (JsonNode item : list) {
                String label = Fields.label(item, shape);
                int at = index(target, label, shape);
                if (at < 0) {
                    target.add(item.deepCopy());
                } else {
                    target.set(at, add(target.get(at), item, shape.item()));
                }
            }
            return target;
        }
        return wanted.deepCopy();
    }

    private static int index(ArrayNode list, String label, Shape shape) {
        Iterator<JsonNode> items = list.iterator();
        for (int i = 0; items.hasNext(); i++) {
            if (Fields.label(items.next(), shape).equals(label)) {
                return i;
            }
        }
        return -1;
    }
}
