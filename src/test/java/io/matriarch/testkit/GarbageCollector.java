package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.HashSet;
import java.util.Set;

/** Deletes what all owners of are gone, in the background (Kubernetes documentation, "Garbage Collection"). */
final class GarbageCollector extends Controller {
    GarbageCollector(Store store) {
        super(store);
    }

    @Override
    void turn() {
        Set<String> present = new HashSet<>();
        for (Kind kind : Kind.ALL) {
            store().list(kind.kind())
                    .forEach(object ->
                            present.add(object.path("metadata").path("uid").asText()));
        }
        for (Kind kind : Kind.ALL) {
            for (ObjectNode object : store().list(kind.kind())) {
                JsonNode owners = object.path("metadata").path("ownerReferences");
                boolean owned = owners.isArray() && !owners.isEmpty();
                boolean orphan = owned;
                for (JsonNode owner : owners) {
                    orphan &= !present.contains(owner.path("uid").asText());
                }
                if (orphan && !object.path("metadata").has("deletionTimestamp")) {
                    store().delete(key(object), kind.kind().equals("Pod"));
                }
            }
        }
    }

    /** Takes the reference to an owner off its dependents, so that they stay. */
    void orphan(ObjectNode owner) {
        String uid = owner.path("metadata").path("uid").asText();
        for (Kind kind : Kind.ALL) {
            for (ObjectNode object : store().list(kind.kind())) {
                if (object.path("metadata").path("ownerReferences") instanceof ArrayNode owners
                        && owners.findValuesAsText("uid").contains(uid)) {
                    store().update(key(object), "", live -> {
                        ArrayNode references = (ArrayNode) live.path("metadata").path("ownerReferences");
                        for (int i = references.size() - 1; i >= 0; i--) {
                            if (references.get(i).path("uid").asText().equals(uid)) {
                                references.remove(i);
                            }
                        }
                        return live;
                    });
                }
            }
        }
    }

    static Key key(JsonNode object) {
        return new Key(
                object.path("kind").asText(),
                object.path("metadata").path("namespace").asText(""),
                object.path("metadata").path("name").asText());
    }
}
