package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The StatefulSet controller, in the order of the real one's sync (rollout.md 1.1). */
final class StatefulSets extends Controller {
    StatefulSets(Store store) {
        super(store);
    }

    @Override
    void turn() {
        for (ObjectNode set : store().list("StatefulSet")) {
            if (!set.path("metadata").has("deletionTimestamp")) {
                sync(set);
            }
        }
    }

    private void sync(ObjectNode set) {
        String name = set.path("metadata").path("name").asText();
        JsonNode spec = set.path("spec");
        int replicas = spec.path("replicas").asInt(1);
        String update = name + "-" + Integer.toHexString(spec.path("template").hashCode());
        String current = set.path("status").path("currentRevision").asText(update);
        boolean onDelete = spec.path("updateStrategy").path("type").asText().equals("OnDelete");
        int partition = spec.path("updateStrategy")
                .path("rollingUpdate")
                .path("partition")
                .asInt(0);
        boolean ordered =
                spec.path("podManagementPolicy").asText("OrderedReady").equals("OrderedReady");
        remember(set, update, spec.path("template"));

        TreeMap<Integer, ObjectNode> pods = pods(set);
        boolean stop = false;
        for (int ordinal = 0; ordinal < replicas && !stop; ordinal++) {
            ObjectNode pod = pods.get(ordinal);
            if (pod == null) {
                create(set, ordinal, !onDelete && ordinal < partition ? current : update);
                stop = ordered;
            } else {
                String phase = pod.path("status").path("phase").asText();
                if (phase.equals("Failed") || phase.equals("Succeeded")) {
                    store().remove(GarbageCollector.key(pod));
                }
                stop = ordered && !ready(pod);
            }
        }
        if (!stop) {
            for (Map.Entry<Integer, ObjectNode> condemned : pods.descendingMap().entrySet()) {
                if (condemned.getKey() >= replicas) {
                    delete(condemned.getValue());
                    stop = ordered;
                    if (stop) {
                        break;
                    }
                }
            }
        }
        if (!stop && !onDelete) {
            for (Map.Entry<Integer, ObjectNode> entry : pods.descendingMap().entrySet()) {
                boolean old = !revision(entry.getValue()).equals(update);
                if (entry.getKey() < replicas && entry.getKey() >= partition && old && !terminating(entry.getValue())) {
                    delete(entry.getValue());
                    break;
                }
                if (entry.getKey() < replicas && entry.getKey() >= partition && !ready(entry.getValue())) {
                    break;
                }
            }
        }
        status(set, replicas, update, current, onDelete);
    }

    private void status(ObjectNode set, int replicas, String update, String current, boolean onDelete) {
        List<ObjectNode> pods = new ArrayList<>(pods(set).values());
        long ready = pods.stream().filter(StatefulSets::ready).count();
        long updated = pods.stream().filter(pod -> revision(pod).equals(update)).count();
        boolean complete = !onDelete && updated == replicas && ready == replicas && pods.size() == replicas;
        store().update(GarbageCollector.key(set), "", live -> {
            ObjectNode status = live.withObjectProperty("status");
            status.put(
                    "observedGeneration",
                    set.path("metadata").path("generation").asLong());
            status.put("replicas", pods.size());
            status.put("readyReplicas", ready);
            status.put("availableReplicas", ready);
            status.put("updatedReplicas", updated);
            status.put("updateRevision", update);
            status.put("currentRevision", complete ? update : current);
            return live;
        });
    }

    private void remember(ObjectNode set, String revision, JsonNode template) {
        Key key = new Key("ControllerRevision", namespace(set), revision);
        if (store().get(key).isEmpty()) {
            ObjectNode object = Store.JSON.createObjectNode();
            object.put("apiVersion", "apps/v1").put("kind", "ControllerRevision");
            own(object, set);
            object.putObject("data").set("template", template);
            store().create(key, object);
        }
    }

    private void create(ObjectNode set, int ordinal, String revision) {
        String name = set.path("metadata").path("name").asText() + "-" + ordinal;
        JsonNode template = store().get(new Key("ControllerRevision", namespace(set), revision))
                .map(object -> object.path("data").path("template"))
                .orElse(set.path("spec").path("template"));
        ObjectNode pod = Store.JSON.createObjectNode();
        pod.put("apiVersion", "v1").put("kind", "Pod");
        pod.set("metadata", template.path("metadata").deepCopy());
        pod.set("spec", template.path("spec").deepCopy());
        own(pod, set);
        pod.withObjectProperty("metadata")
                .withObjectProperty("labels")
                .put("controller-revision-hash", revision)
                .put("statefulset.kubernetes.io/pod-name", name)
                .put("apps.kubernetes.io/pod-index", Integer.toString(ordinal));
        pod.putObject("status").put("phase", "Pending");
        store().create(new Key("Pod", namespace(set), name), pod);
    }

    private static void own(ObjectNode object, ObjectNode set) {
        object.withObjectProperty("metadata")
                .withArrayProperty("ownerReferences")
                .addObject()
                .put("apiVersion", "apps/v1")
                .put("kind", "StatefulSet")
                .put("name", set.path("metadata").path("name").asText())
                .put("uid", set.path("metadata").path("uid").asText())
                .put("controller", true)
                .put("blockOwnerDeletion", true);
    }

    private void delete(ObjectNode pod) {
        if (!terminating(pod)) {
            store().delete(GarbageCollector.key(pod), true);
        }
    }

    private TreeMap<Integer, ObjectNode> pods(ObjectNode set) {
        TreeMap<Integer, ObjectNode> pods = new TreeMap<>();
        String uid = set.path("metadata").path("uid").asText();
        for (ObjectNode pod : store().list("Pod")) {
            if (pod.path("metadata")
                    .path("ownerReferences")
                    .path(0)
                    .path("uid")
                    .asText()
                    .equals(uid)) {
                String name = pod.path("metadata").path("name").asText();
                pods.put(Integer.parseInt(name.substring(name.lastIndexOf('-') + 1)), pod);
            }
        }
        return pods;
    }

    private static String namespace(ObjectNode set) {
        return set.path("metadata").path("namespace").asText();
    }

    private static String revision(JsonNode pod) {
        return pod.path("metadata")
                .path("labels")
                .path("controller-revision-hash")
                .asText();
    }

    private static boolean terminating(JsonNode pod) {
        return pod.path("metadata").has("deletionTimestamp");
    }

    static boolean ready(JsonNode pod) {
        for (JsonNode condition : pod.path("status").path("conditions")) {
            if (condition.path("type").asText().equals("Ready")) {
                return condition.path("status").asText().equals("True") && !terminating(pod);
            }
        }
        return false;
    }
}
