package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Predicate;

/** {@code metadata.finalizers}: who must do something before an object goes. */
final class Finalizers {
    private Finalizers() {}

    static boolean has(JsonNode object, String finalizer) {
        for (JsonNode present : object.path("metadata").path("finalizers")) {
            if (present.asText().equals(finalizer)) {
                return true;
            }
        }
        return false;
    }

    /** Puts those that are not there yet on the object. */
    static ObjectNode add(ObjectNode object, List<String> finalizers) {
        finalizers.stream()
                .filter(finalizer -> !has(object, finalizer))
                .forEach(object.withObjectProperty("metadata").withArrayProperty("finalizers")::add);
        return object;
    }

    /** Takes such finalizers off the object. */
    static ObjectNode remove(ObjectNode object, Predicate<String> such) {
        ArrayNode kept = Store.JSON.createArrayNode();
        for (JsonNode finalizer : object.path("metadata").path("finalizers")) {
            if (!such.test(finalizer.asText())) {
                kept.add(finalizer);
            }
        }
        ObjectNode metadata = object.withObjectProperty("metadata");
        if (kept.isEmpty()) {
            metadata.remove("finalizers");
        } else {
            metadata.set("finalizers", kept);
        }
        return object;
    }
}
