package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** {@code status.conditions}, by type (Kubernetes documentation, "API Conventions", "Typical status properties"). */
final class Conditions {
    private Conditions() {}

    static Optional<JsonNode> find(JsonNode object, String type) {
        for (JsonNode condition : object.path("status").path("conditions")) {
            if (condition.path("type").asText().equals(type)) {
                return Optional.of(condition);
            }
        }
        return Optional.empty();
    }

    static boolean holds(JsonNode object, String type) {
        return find(object, type)
                .filter(condition -> condition.path("status").asText().equals("True"))
                .isPresent();
    }

    /** Sets a condition of an object; the time is that of its last change, to the second. */
    static void set(ObjectNode object, String type, boolean holds, String reason, String message, Instant now) {
        String status = holds ? "True" : "False";
        ObjectNode condition = (ObjectNode) find(object, type)
                .orElseGet(() -> object.withObjectProperty("status")
                        .withArrayProperty("conditions")
                        .addObject()
                        .put("type", type));
        if (!condition.path("status").asText().equals(status)) {
            String time = text(now);
            condition.put("status", status).put("lastProbeTime", time).put("lastTransitionTime", time);
        }
        condition.put("reason", reason).put("message", message);
    }

    /** A time as objects have it. */
    static String text(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
