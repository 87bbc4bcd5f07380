package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The ControllerRevisions of StatefulSets: one for each template there was, found again by its content. */
final class Revisions {
    private static final String KIND = "ControllerRevision";

    private final Store store;

    Revisions(Store store) {
        this.store = store;
    }

    /** The name of the revision of the present template; makes it, or makes an older equal one the newest. */
    String of(ObjectNode set) {
        JsonNode template = set.path("spec").path("template");
        String name = set.path("metadata").path("name").asText() + "-"
                + Integer.toUnsignedString(template.hashCode(), Character.MAX_RADIX);
        Key key = new Key(KIND, namespace(set), name);
        long newest = all(set).stream()
                .mapToLong(revision -> revision.path("revision").asLong())
                .max()
                .orElse(0);
        Optional<ObjectNode> present = store.get(key);
        if (present.isEmpty()) {
            ObjectNode object = Store.JSON.createObjectNode();
            object.put("apiVersion", "apps/v1").put("kind", KIND);
            ObjectNode metadata = object.putObject("metadata");
            metadata.set("labels", template.path("metadata").path("labels").deepCopy());
            set.path("metadata")
                    .path("annotations")
                    .fields()
                    .forEachRemaining(annotation ->
                            metadata.withObjectProperty("annotations").set(annotation.getKey(), annotation.getValue()));
            own(object, set);
            object.putObject("data").putObject("spec").set("template", template);
            object.put("revision", newest + 1);
            store.create(key, object);
        } else if (present.get().path("revision").asLong() < newest) {
            store.update(key, live -> live.put("revision", newest + 1));
        }
        return name;
    }

    JsonNode template(ObjectNode set, String revision) {
        return store.get(new Key(KIND, namespace(set), revision))
                .map(object -> object.path("data").path("spec").path("template"))
                .orElse(set.path("spec").path("template"));
    }

    /** Orphans that the set selects become its own. */
    void adopt(ObjectNode set) {
        for (ObjectNode revision : store.list(KIND)) {
            if (namespace(revision).equals(namespace(set))
                    && revision.path("metadata").path("ownerReferences").isEmpty()
                    && Selector.matches(set.path("spec").path("selector"), revision)) {
                store.update(Key.of(revision), live -> {
                    own(live, set);
                    return live;
                });
            }
        }
    }

    /** Beyond the limit the oldest go, but never one that a pod or the status names. */
    void truncate(ObjectNode set, List<String> named, List<ObjectNode> pods) {
        List<String> live = new ArrayList<>(named);
        pods.forEach(pod -> live.add(pod.path("metadata")
                .path("labels")
                .path("controller-revision-hash")
                .asText()));
        List<ObjectNode> old = all(set).stream()
                .filter(revision ->
                        !live.contains(revision.path("metadata").path("name").asText()))
                .sorted(Comparator.comparingLong(
                        revision -> revision.path("revision").asLong()))
                .toList();
        int surplus = old.size() - set.path("spec").path("revisionHistoryLimit").asInt(10);
        old.stream().limit(Math.max(0, surplus)).forEach(revision -> store.remove(Key.of(revision)));
    }

    private List<ObjectNode> all(ObjectNode set) {
        String uid = set.path("metadata").path("uid").asText();
        return store.list(KIND).stream()
                .filter(revision -> controller(revision).filter(uid::equals).isPresent())
                .toList();
    }

    /** The uid of the owner that controls it. */
    static Optional<String> controller(JsonNode object) {
        for (JsonNode reference : object.path("metadata").path("ownerReferences")) {
            if (reference.path("controller").asBoolean()) {
                return Optional.of(reference.path("uid").asText());
            }
        }
        return Optional.empty();
    }

    static void own(ObjectNode object, ObjectNode owner) {
        object.withObjectProperty("metadata")
                .withArrayProperty("ownerReferences")
                .addObject()
                .put("apiVersion", owner.path("apiVersion").asText())
                .put("kind", owner.path("kind").asText())
                .put("name", owner.path("metadata").path("name").asText())
                .put("uid", owner.path("metadata").path("uid").asText())
                .put("controller", true)
                .put("blockOwnerDeletion", true);
    }

    private static String namespace(ObjectNode object) {
        return object.path("metadata").path("namespace").asText();
    }
}
