package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.ArrayList;
import java.util.List;

/** The subresources that are documents of their own: scale, and eviction of pods. */
final class Subresources {
    private final Store store;
    private final Objects objects;
    private final Kinds kinds;

    Subresources(Store store, Objects objects, Kinds kinds) {
        this.store = store;
        this.objects = objects;
        this.kinds = kinds;
    }

    ObjectNode scale(Kind kind, Key key) {
        ObjectNode object = store.get(key).orElseThrow(() -> ApiError.notFound(kind, key.name()));
        Kind.Scale paths = kind.scale().orElseThrow(() -> ApiError.notFound(kind, key.name() + "/scale"));
        ObjectNode scale = Store.JSON.createObjectNode();
        scale.put("kind", "Scale").put("apiVersion", "autoscaling/v1");
        ObjectNode metadata = scale.putObject("metadata");
        for (String field : List.of("name", "namespace", "uid", "resourceVersion", "creationTimestamp")) {
            if (object.path("metadata").has(field)) {
                metadata.set(field, object.path("metadata").get(field));
            }
        }
        ObjectNode spec = scale.putObject("spec");
        if (!object.at(paths.specReplicas()).isMissingNode()) {
            spec.set("replicas", object.at(paths.specReplicas()));
        }
        ObjectNode status = scale.putObject("status");
        status.put("replicas", object.at(paths.statusReplicas()).asInt(0));
        String selector = paths.selector().isEmpty()
                ? text(object.path("spec").path("selector"))
                : object.at(paths.selector()).asText("");
        if (!selector.isEmpty()) {
            status.put("selector", selector);
        }
        return scale;
    }

    /** Takes the number of replicas from a Scale, or from a merge patch of one. */
    ObjectNode scale(Kind kind, Key key, JsonNode wanted, Ask ask) {
        Kind.Scale paths = kind.scale().orElseThrow(() -> ApiError.notFound(kind, key.name() + "/scale"));
        String expected = wanted.path("metadata").path("resourceVersion").asText("");
        JsonNode replicas = wanted.path("spec").path("replicas");
        objects.update(
                kind,
                key,
                expected,
                live -> {
                    if (replicas.isIntegralNumber()) {
                        int slash = paths.specReplicas().lastIndexOf('/');
                        live.withObject(paths.specReplicas().substring(0, slash))
                                .set(paths.specReplicas().substring(slash + 1), replicas);
                    }
                    return live;
                },
                ask);
        return scale(kind, key);
    }

    /** The matchLabels of a selector as text. */
    private static String text(JsonNode selector) {
        List<String> terms = new ArrayList<>();
        selector.path("matchLabels")
                .fields()
                .forEachRemaining(label ->
                        terms.add(label.getKey() + "=" + label.getValue().asText()));
        return String.join(",", terms);
    }

    /** Deletes a pod unless a budget says no; each success uses up one allowed disruption until the controller counts again. */
    ObjectNode evict(Key key, JsonNode eviction, boolean dryRun) {
        Kind pods = kinds.named("Pod");
        return store.atomically(() -> {
            ObjectNode pod = store.get(key).orElseThrow(() -> ApiError.notFound(pods, key.name()));
            List<ObjectNode> budgets = store.list("PodDisruptionBudget").stream()
                    .filter(budget ->
                            budget.path("metadata").path("namespace").asText().equals(key.namespace())
                                    && Selector.matches(budget.path("spec").path("selector"), pod))
                    .toList();
            boolean counted = StatefulSets.ready(pod)
                    || pod.path("status").path("phase").asText().equals("Running");
            for (ObjectNode budget : budgets) {
                if (counted && budget.path("status").path("disruptionsAllowed").asInt(0) <= 0) {
                    throw new ApiError(
                                    429,
                                    "TooManyRequests",
                                    "Cannot evict pod as it would violate the pod's disruption budget.")
                            .because(
                                    "DisruptionBudget",
                                    "The disruption budget %s needs %d healthy pods and has %d currently"
                                            .formatted(
                                                    budget.path("metadata")
                                                            .path("name")
                                                            .asText(),
                                                    budget.path("status")
                                                            .path("desiredHealthy")
                                                            .asInt(),
                                                    budget.path("status")
                                                            .path("currentHealthy")
                                                            .asInt()),
                                    "");
                }
            }
            objects.delete(pods, key, eviction.path("deleteOptions"), dryRun);
            if (counted && !dryRun) {
                for (ObjectNode budget : budgets) {
                    store.update(Key.of(budget), live -> {
                        ObjectNode status = live.withObjectProperty("status");
                        status.put(
                                "disruptionsAllowed",
                                status.path("disruptionsAllowed").asInt() - 1);
                        return live;
                    });
                }
            }
            return ApiServer.success();
        });
    }
}
