package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.utils.Serialization;

/**
 * What kstatus makes of a custom resource, as Flux and {@code helm --wait} do: the rule of sigs.k8s.io/cli-utils v0.37.2, pkg/kstatus/status,
 * Compute with checkGenericProperties and checkReadyCondition. The first of Reconciling and Stalled that is True decides; Ready counts after both.
 */
public enum Kstatus {
    InProgress,
    Current,
    Failed,
    Terminating;

    /** Of an object as the API server gives it. */
    public static Kstatus of(Object resource) {
        JsonNode object = Serialization.jsonMapper().valueToTree(resource);
        if (!object.at("/metadata/deletionTimestamp").asText("").isEmpty()) {
            return Terminating;
        }
        JsonNode generation = object.at("/metadata/generation");
        JsonNode observed = object.at("/status/observedGeneration");
        if (generation.isNumber() && observed.isNumber() && generation.asLong() != observed.asLong()) {
            return InProgress;
        }
        for (JsonNode condition : object.at("/status/conditions")) {
            if (is(condition, "Reconciling", "True")) {
                return InProgress;
            }
            if (is(condition, "Stalled", "True")) {
                return Failed;
            }
        }
        for (JsonNode condition : object.at("/status/conditions")) {
            if (is(condition, "Ready", "True")) {
                return Current;
            }
            if (is(condition, "Ready", "False") || is(condition, "Ready", "Unknown")) {
                return InProgress;
            }
        }
        return Current;
    }

    private static boolean is(JsonNode condition, String type, String status) {
        return condition.path("type").asText().equals(type)
                && condition.path("status").asText().equals(status);
    }
}
