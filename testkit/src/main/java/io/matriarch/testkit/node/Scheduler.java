package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Gives each pod a node that is ready and not cordoned, that its nodeSelector admits, and that has the fewest pods of the same owner. It knows no
 * amounts, taints and affinities.
 */
final class Scheduler implements AutoCloseable {
    private final KubernetesClient client;
    private final Recorder recorder;
    private final SharedIndexInformer<Node> nodes;
    private final SharedIndexInformer<Pod> pods;
    private final Set<String> hopeless = ConcurrentHashMap.newKeySet();
    /** Nodes by pods' uids, of what was bound and is perhaps not seen yet. */
    private final Map<String, String> bound = new ConcurrentHashMap<>();

    Scheduler(KubernetesClient client, Recorder recorder) {
        this.client = client;
        this.recorder = recorder;
        this.nodes = client.nodes().inform(new Changes<>());
        this.pods = client.pods().inAnyNamespace().inform(new Changes<>());
        look();
    }

    private synchronized void look() {
        // not yet there while the first objects arrive
        if (nodes == null || pods == null) {
            return;
        }
        List<Pod> present = pods.getStore().list();
        Set<String> uids = new HashSet<>();
        present.forEach(pod -> uids.add(pod.getMetadata().getUid()));
        bound.keySet().retainAll(uids);
        hopeless.retainAll(uids);
        for (Pod pod : present) {
            boolean waits = node(pod).isEmpty() && pod.getMetadata().getDeletionTimestamp() == null;
            if (waits) {
                place(pod, present);
            }
        }
    }

    private Optional<String> node(Pod pod) {
        return Optional.ofNullable(pod.getSpec().getNodeName())
                .or(() -> Optional.ofNullable(bound.get(pod.getMetadata().getUid())));
    }

    private void place(Pod pod, List<Pod> present) {
        Optional<String> choice = nodes.getStore().list().stream()
                .filter(Scheduler::admits)
                .filter(node -> Sources.orEmpty(node.getMetadata().getLabels())
                        .entrySet()
                        .containsAll(
                                Sources.orEmpty(pod.getSpec().getNodeSelector()).entrySet()))
                .map(node -> node.getMetadata().getName())
                .min(Comparator.<String>comparingLong(node -> pods(present, node, owner(pod)))
                        .thenComparingLong(node -> pods(present, node, ""))
                        .thenComparing(Comparator.naturalOrder()));
        if (choice.isEmpty()) {
            if (hopeless.add(pod.getMetadata().getUid())) {
                recorder.warning(
                        pod,
                        "FailedScheduling",
                        "0/%d nodes are available"
                                .formatted(nodes.getStore().list().size()));
            }
            return;
        }
        try {
            client.pods()
                    .inNamespace(pod.getMetadata().getNamespace())
                    .withName(pod.getMetadata().getName())
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"metadata\":{\"uid\":\"%s\"},\"spec\":{\"nodeName\":\"%s\"}}"
                                    .formatted(pod.getMetadata().getUid(), choice.get()));
            bound.put(pod.getMetadata().getUid(), choice.get());
            recorder.normal(
                    pod,
                    "Scheduled",
                    "Successfully assigned %s/%s to %s"
                            .formatted(
                                    pod.getMetadata().getNamespace(),
                                    pod.getMetadata().getName(),
                                    choice.get()));
        } catch (KubernetesClientException e) {
            recorder.warning(pod, "FailedScheduling", String.valueOf(e.getMessage()));
        }
    }

    private long pods(List<Pod> present, String node, String owner) {
        return present.stream()
                .filter(pod -> node(pod).filter(node::equals).isPresent())
                .filter(pod -> owner.isEmpty() || owner(pod).equals(owner))
                .count();
    }

    private static String owner(Pod pod) {
        return pod.getMetadata().getOwnerReferences().stream()
                .map(OwnerReference::getUid)
                .findFirst()
                .orElse(pod.getMetadata().getUid());
    }

    static boolean admits(Node node) {
        return ready(node) && !Boolean.TRUE.equals(node.getSpec().getUnschedulable());
    }

    static boolean ready(Node node) {
        return node.getStatus() != null
                && node.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Ready")
                                && condition.getStatus().equals("True"));
    }

    @Override
    public void close() {
        nodes.close();
        pods.close();
    }

    private final class Changes<T> implements ResourceEventHandler<T> {
        @Override
        public void onAdd(T object) {
            look();
        }

        @Override
        public void onUpdate(T before, T now) {
            look();
        }

        @Override
        public void onDelete(T object, boolean unknown) {
            look();
        }
    }
}
