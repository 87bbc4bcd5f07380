package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The StatefulSet controller, in the order of the real one's sync (docs/internals/workload.md 1): revisions, adoption, then ordinals upwards, the
 * condemned from the top, and last updates from the top.
 */
final class StatefulSets extends Controller {
    private static final String REVISION = "controller-revision-hash";

    private final Objects objects;
    private final Kinds kinds;
    private final Revisions revisions;

    StatefulSets(ApiServer api) {
        super(api.store());
        this.objects = api.objects();
        this.kinds = api.kinds();
        this.revisions = new Revisions(api.store());
    }

    @Override
    void turn() {
        for (ObjectNode set : store().list("StatefulSet")) {
            if (!set.path("metadata").has("deletionTimestamp")) {
                sync(set);
            }
        }
    }

    /** What a sync goes by. */
    private record Plan(int replicas, int partition, boolean ordered, boolean onDelete, String current, String update) {
        String revision(int ordinal) {
            return !onDelete && ordinal < partition ? current : update;
        }
    }

    private void sync(ObjectNode set) {
        JsonNode spec = set.path("spec");
        adopt(set);
        TreeMap<Integer, ObjectNode> pods = pods(set);
        String update = revisions.of(set);
        String known = set.path("status").path("currentRevision").asText("");
        Plan plan = new Plan(
                spec.path("replicas").asInt(1),
                spec.path("updateStrategy")
                        .path("rollingUpdate")
                        .path("partition")
                        .asInt(0),
                spec.path("podManagementPolicy").asText().equals("OrderedReady"),
                spec.path("updateStrategy").path("type").asText().equals("OnDelete"),
                known.isEmpty() ? update : known,
                update);
        act(set, plan, pods);
        status(set, plan);
    }

    private void act(ObjectNode set, Plan plan, TreeMap<Integer, ObjectNode> pods) {
        for (int ordinal = 0; ordinal < plan.replicas(); ordinal++) {
            ObjectNode pod = pods.get(ordinal);
            if (pod == null) {
                if (!create(set, ordinal, plan.revision(ordinal)) || plan.ordered()) {
                    return;
                }
            } else {
                String phase = pod.path("status").path("phase").asText();
                if (phase.equals("Failed") || phase.equals("Succeeded")) {
                    store().remove(Key.of(pod));
                    return;
                }
                if (plan.ordered() && !ready(pod)) {
                    return;
                }
            }
        }
        for (ObjectNode condemned :
                pods.tailMap(plan.replicas(), true).descendingMap().values()) {
            delete(condemned);
            if (plan.ordered()) {
                return;
            }
        }
        if (plan.onDelete()) {
            return;
        }
        for (int ordinal = plan.replicas() - 1; ordinal >= plan.partition(); ordinal--) {
            ObjectNode pod = pods.get(ordinal);
            if (pod == null) {
                return;
            }
            if (!revision(pod).equals(plan.update()) && !terminating(pod)) {
                delete(pod);
                return;
            }
            if (!ready(pod)) {
                return;
            }
        }
    }

    private void status(ObjectNode set, Plan plan) {
        List<ObjectNode> pods =
                pods(set).values().stream().filter(pod -> !terminating(pod)).toList();
        long ready = pods.stream().filter(StatefulSets::ready).count();
        long updated =
                pods.stream().filter(pod -> revision(pod).equals(plan.update())).count();
        boolean complete = !plan.onDelete() && updated == plan.replicas() && ready == plan.replicas();
        String current = complete ? plan.update() : plan.current();
        long old = pods.stream().filter(pod -> revision(pod).equals(current)).count();
        store().update(Key.of(set), live -> {
            ObjectNode status = live.withObjectProperty("status");
            status.put(
                    "observedGeneration",
                    set.path("metadata").path("generation").asLong());
            status.put("replicas", pods.size());
            counted(status, "readyReplicas", ready);
            status.put("availableReplicas", ready);
            counted(status, "updatedReplicas", updated);
            counted(status, "currentReplicas", old);
            status.put("updateRevision", plan.update());
            status.put("currentRevision", current);
            status.put("collisionCount", 0);
            return live;
        });
        revisions.truncate(set, List.of(current, plan.update()), pods);
    }

    /** Go leaves a zero out. */
    private static void counted(ObjectNode status, String field, long count) {
        if (count == 0) {
            status.remove(field);
        } else {
            status.put(field, count);
        }
    }

    /** An orphan that is selected and named as one of ours becomes ours, unless it is on its way out. */
    private void adopt(ObjectNode set) {
        String name = set.path("metadata").path("name").asText();
        for (ObjectNode pod : store().list("Pod")) {
            if (namespace(pod).equals(namespace(set))
                    && pod.path("metadata").path("ownerReferences").isEmpty()
                    && pod.path("metadata").path("name").asText().matches(java.util.regex.Pattern.quote(name) + "-\\d+")
                    && Selector.matches(set.path("spec").path("selector"), pod)
                    && !terminating(pod)) {
                store().update(Key.of(pod), live -> {
                    Revisions.own(live, set);
                    return live;
                });
            }
        }
        revisions.adopt(set);
    }

    private boolean create(ObjectNode set, int ordinal, String revision) {
        String name = set.path("metadata").path("name").asText() + "-" + ordinal;
        JsonNode template = revisions.template(set, revision);
        ObjectNode pod = Store.JSON.createObjectNode();
        pod.put("apiVersion", "v1").put("kind", "Pod");
        pod.set("metadata", template.path("metadata").deepCopy());
        pod.set("spec", template.path("spec").deepCopy());
        Revisions.own(pod, set);
        pod.withObjectProperty("metadata")
                .put("name", name)
                .withObjectProperty("labels")
                .put(REVISION, revision)
                .put("statefulset.kubernetes.io/pod-name", name)
                .put("apps.kubernetes.io/pod-index", Integer.toString(ordinal));
        ObjectNode spec = pod.withObjectProperty("spec");
        spec.put("hostname", name).set("subdomain", set.path("spec").path("serviceName"));
        try {
            for (JsonNode claim : set.path("spec").path("volumeClaimTemplates")) {
                claim(set, claim, name);
                String volume = claim.path("metadata").path("name").asText();
                spec.withArrayProperty("volumes")
                        .addObject()
                        .put("name", volume)
                        .putObject("persistentVolumeClaim")
                        .put("claimName", volume + "-" + name);
            }
            objects.create(kinds.named("Pod"), namespace(set), pod, Controller.ASK);
            return true;
        } catch (ApiError refused) {
            if (refused.code() != 409) {
                say(
                        set,
                        "FailedCreate",
                        "create Pod %s in StatefulSet %s failed error: %s"
                                .formatted(
                                        name, set.path("metadata").path("name").asText(), refused.getMessage()));
            }
            return false;
        }
    }

    private void claim(ObjectNode set, JsonNode template, String pod) {
        Key key = new Key(
                "PersistentVolumeClaim",
                namespace(set),
                template.path("metadata").path("name").asText() + "-" + pod);
        if (store().get(key).isEmpty()) {
            ObjectNode claim = template.deepCopy();
            claim.withObjectProperty("metadata").put("name", key.name());
            set.path("spec")
                    .path("selector")
                    .path("matchLabels")
                    .fields()
                    .forEachRemaining(label -> claim.withObjectProperty("metadata")
                            .withObjectProperty("labels")
                            .set(label.getKey(), label.getValue()));
            objects.create(kinds.named("PersistentVolumeClaim"), namespace(set), claim, Controller.ASK);
        }
    }

    private void delete(ObjectNode pod) {
        if (!terminating(pod)) {
            objects.delete(kinds.named("Pod"), Key.of(pod), Store.JSON.createObjectNode(), false);
        }
    }

    private TreeMap<Integer, ObjectNode> pods(ObjectNode set) {
        TreeMap<Integer, ObjectNode> pods = new TreeMap<>();
        String uid = set.path("metadata").path("uid").asText();
        for (ObjectNode pod : store().list("Pod")) {
            Optional<String> owner = Revisions.controller(pod);
            if (owner.isPresent() && owner.get().equals(uid)) {
                String name = pod.path("metadata").path("name").asText();
                pods.put(Integer.parseInt(name.substring(name.lastIndexOf('-') + 1)), pod);
            }
        }
        return pods;
    }

    private static String namespace(ObjectNode object) {
        return object.path("metadata").path("namespace").asText();
    }

    private static String revision(JsonNode pod) {
        return pod.path("metadata").path("labels").path(REVISION).asText();
    }

    private static boolean terminating(JsonNode pod) {
        return pod.path("metadata").has("deletionTimestamp");
    }

    /** Ready, as its conditions say; also while it terminates. */
    static boolean ready(JsonNode pod) {
        for (JsonNode condition : pod.path("status").path("conditions")) {
            if (condition.path("type").asText().equals("Ready")) {
                return condition.path("status").asText().equals("True") && !terminating(pod);
            }
        }
        return false;
    }
}
