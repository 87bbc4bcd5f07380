package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Owners and dependents (Kubernetes documentation, "Garbage Collection"): what all owners of are gone is deleted; an owner that is deleted in the
 * foreground waits for its dependents; one that orphans them first takes its reference off; a namespace waits for what is in it.
 */
final class GarbageCollector extends Controller {
    private final Kinds kinds;
    private final Objects objects;

    GarbageCollector(Store store, Kinds kinds, Objects objects) {
        super(store);
        this.kinds = kinds;
        this.objects = objects;
    }

    @Override
    void turn() {
        List<ObjectNode> all = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Kind kind : kinds.all()) {
            if (seen.add(kind.kind())) {
                all.addAll(store().list(kind.kind()));
            }
        }
        Set<String> uids = new HashSet<>();
        all.forEach(object -> uids.add(uid(object)));
        for (ObjectNode object : all) {
            JsonNode owners = object.path("metadata").path("ownerReferences");
            boolean dependent = !owners.isEmpty();
            for (JsonNode owner : owners) {
                dependent &= !uids.contains(owner.path("uid").asText());
            }
            if (dependent) {
                delete(object, "Background");
            }
            if (object.path("metadata").has("deletionTimestamp")) {
                conclude(object, all);
            }
        }
    }

    private void conclude(ObjectNode owner, List<ObjectNode> all) {
        List<String> finalizers = new ArrayList<>();
        owner.path("metadata").path("finalizers").forEach(finalizer -> finalizers.add(finalizer.asText()));
        if (finalizers.contains("orphan")) {
            all.stream().filter(object -> owns(owner, object)).forEach(object -> disown(owner, object));
            release(owner, "orphan");
        } else if (finalizers.contains("foregroundDeletion")) {
            List<ObjectNode> blocking = all.stream()
                    .filter(object ->
                            owns(owner, object) && store().get(Key.of(object)).isPresent())
                    .toList();
            blocking.forEach(object -> delete(object, "Foreground"));
            if (blocking.stream().noneMatch(object -> blocks(owner, object))) {
                release(owner, "foregroundDeletion");
            }
        } else if (owner.path("kind").asText().equals("Namespace")) {
            List<ObjectNode> content = all.stream()
                    .filter(object -> object.path("metadata")
                            .path("namespace")
                            .asText("")
                            .equals(owner.path("metadata").path("name").asText()))
                    .filter(object -> store().get(Key.of(object)).isPresent())
                    .toList();
            content.forEach(object -> delete(object, "Background"));
            if (content.isEmpty()) {
                store().remove(Key.of(owner));
            }
        } else if (finalizers.isEmpty() && !ends(owner)) {
            store().remove(Key.of(owner));
        }
    }

    /** A pod that has time to end is its kubelet's to remove. */
    private static boolean ends(ObjectNode object) {
        return object.path("kind").asText().equals("Pod")
                && object.path("metadata").path("deletionGracePeriodSeconds").asInt(0) > 0;
    }

    /** Only what was seen, not another of the same name. */
    private void delete(ObjectNode object, String policy) {
        if (object.path("metadata").has("deletionTimestamp")) {
            return;
        }
        ObjectNode options = Store.JSON.createObjectNode();
        options.put("propagationPolicy", policy);
        options.putObject("preconditions").put("uid", uid(object));
        try {
            objects.delete(kinds.named(object.path("kind").asText()), Key.of(object), options, false);
        } catch (ApiError gone) {
            // somebody was faster
        }
    }

    private void release(ObjectNode owner, String finalizer) {
        store().update(Key.of(owner), live -> Finalizers.remove(live, finalizer::equals));
    }

    private void disown(ObjectNode owner, ObjectNode object) {
        store().update(Key.of(object), live -> {
            ArrayNode references = (ArrayNode) live.path("metadata").path("ownerReferences");
            for (int i = references.size() - 1; i >= 0; i--) {
                if (references.get(i).path("uid").asText().equals(uid(owner))) {
                    references.remove(i);
                }
            }
            if (references.isEmpty()) {
                live.withObjectProperty("metadata").remove("ownerReferences");
            }
            return live;
        });
    }

    private static boolean owns(ObjectNode owner, ObjectNode object) {
        for (JsonNode reference : object.path("metadata").path("ownerReferences")) {
            if (reference.path("uid").asText().equals(uid(owner))) {
                return true;
            }
        }
        return false;
    }

    private static boolean blocks(ObjectNode owner, ObjectNode object) {
        for (JsonNode reference : object.path("metadata").path("ownerReferences")) {
            if (reference.path("uid").asText().equals(uid(owner))
                    && reference.path("blockOwnerDeletion").asBoolean()) {
                return true;
            }
        }
        return false;
    }

    private static String uid(JsonNode object) {
        return object.path("metadata").path("uid").asText();
    }
}
