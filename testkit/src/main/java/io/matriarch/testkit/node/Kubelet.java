package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One node: runs the pods that are bound to it. Switched off, all its processes are dead and it says nothing. */
final class Kubelet implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Kubelet.class);

    private final String name;
    private final String zone;
    private final Surroundings around;
    private final Map<String, PodWorker> workers = new ConcurrentHashMap<>();
    private Optional<SharedIndexInformer<Pod>> pods = Optional.empty();
    private boolean frozen;

    Kubelet(String name, String zone, Surroundings around) {
        this.name = name;
        this.zone = zone;
        this.around = around;
    }

    String name() {
        return name;
    }

    synchronized boolean on() {
        return pods.isPresent();
    }

    synchronized void start() {
        if (on()) {
            return;
        }
        register();
        pods = Optional.of(around.client()
                .pods()
                .inAnyNamespace()
                .withField("spec.nodeName", name)
                .inform(new Bound()));
    }

    /** Power off. */
    synchronized void stop() {
        pods.ifPresent(SharedIndexInformer::close);
        pods = Optional.empty();
        List<PodWorker> present = List.copyOf(workers.values());
        present.forEach(PodWorker::powerOff);
        workers.clear();
    }

    synchronized boolean frozen() {
        return frozen;
    }

    synchronized void freeze() throws IOException {
        frozen = true;
        for (PodWorker worker : workers.values()) {
            worker.freeze();
        }
    }

    synchronized void thaw() throws IOException {
        frozen = false;
        for (PodWorker worker : workers.values()) {
            worker.thaw();
        }
        tellReady();
    }

    void wake() {
        workers.values().forEach(PodWorker::wake);
    }

    Collection<PodWorker> workers() {
        return workers.values();
    }

    private void register() {
        Node node = new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(Map.of(
                        "kubernetes.io/hostname", name,
                        "topology.kubernetes.io/zone", zone,
                        "kubernetes.io/os", "linux"))
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .build();
        if (around.client().nodes().withName(name).get() == null) {
            around.client().nodes().resource(node).create();
        }
        tellReady();
    }

    private void tellReady() {
        Map<String, Quantity> amounts =
                Map.of("cpu", new Quantity("2"), "memory", new Quantity("4Gi"), "pods", new Quantity("1000"));
        // spotless:off
        Node ready = new NodeBuilder()
                .withNewStatus()
                    .withCapacity(amounts)
                    .withAllocatable(amounts)
                    .addNewAddress().withType("InternalIP").withAddress("127.0.0.1").endAddress()
                    .addNewCondition()
                        .withType("Ready").withStatus("True").withReason("KubeletReady")
                        .withMessage("kubelet is posting ready status")
                        .withLastTransitionTime(PodContainer.text(Instant.now()))
                    .endCondition()
                .endStatus()
                .build();
        // spotless:on
        around.client()
                .nodes()
                .withName(name)
                .subresource("status")
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"status\":%s}"
                                .formatted(io.fabric8.kubernetes.client.utils.Serialization.asJson(ready.getStatus())));
    }

    private final class Bound implements ResourceEventHandler<Pod> {
        @Override
        public void onAdd(Pod pod) {
            String phase = pod.getStatus() == null
                    ? ""
                    : String.valueOf(pod.getStatus().getPhase());
            if (phase.equals("Succeeded") || phase.equals("Failed")) {
                return;
            }
            workers.computeIfAbsent(pod.getMetadata().getUid(), uid -> begin(pod));
        }

        private PodWorker begin(Pod pod) {
            try {
                PodWorker worker = new PodWorker(
                        pod, around, () -> workers.remove(pod.getMetadata().getUid()));
                worker.start();
                return worker;
            } catch (IOException e) {
                throw new KubernetesClientException("cannot make room for a pod", e);
            }
        }

        @Override
        public void onUpdate(Pod before, Pod now) {
            PodWorker worker = workers.get(now.getMetadata().getUid());
            if (worker != null) {
                worker.update(now);
            } else if (!before.getMetadata().getUid().equals(now.getMetadata().getUid())) {
                onDelete(before, false);
                onAdd(now);
            }
        }

        @Override
        public void onDelete(Pod pod, boolean unknown) {
            PodWorker worker = workers.get(pod.getMetadata().getUid());
            if (worker != null) {
                LOG.debug("{} is gone from the API server", pod.getMetadata().getName());
                worker.forget();
            }
        }
    }

    @Override
    public void close() {
        stop();
    }
}
