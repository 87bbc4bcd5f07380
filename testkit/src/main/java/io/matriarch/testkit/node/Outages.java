package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What tests and visitors break, by name: processes, nodes, the network between pods, the way to the API server. */
public final class Outages {
    private static final Logger LOG = LoggerFactory.getLogger(Outages.class);
    private static final Predicate<String> POSTMASTER = line -> line.matches(".*/bin/postgres -D .*");

    private final List<Kubelet> kubelets;
    private final Firewall firewall;
    private final KubernetesClient client;
    private final Timing timing;
    private final ClaimFolders claims;

    Outages(List<Kubelet> kubelets, Firewall firewall, KubernetesClient client, Timing timing, ClaimFolders claims) {
        this.kubelets = kubelets;
        this.firewall = firewall;
        this.client = client;
        this.timing = timing;
        this.claims = claims;
    }

    private Optional<PodWorker> find(String namespace, String pod) {
        return kubelets.stream()
                .flatMap(kubelet -> kubelet.workers().stream())
                .filter(worker -> worker.pod().getMetadata().getNamespace().equals(namespace)
                        && worker.pod().getMetadata().getName().equals(pod))
                .findFirst();
    }

    PodWorker worker(String namespace, String pod) {
        return find(namespace, pod).orElseThrow(() -> new NoSuchElementException("no node runs the pod " + pod));
    }

    private ContainerProcess container(String namespace, String pod, String container) {
        return worker(namespace, pod)
                .process(container)
                .orElseThrow(() -> new NoSuchElementException("%s of %s does not run".formatted(container, pod)));
    }

    /** SIGKILLs the postmaster of a pod; its children are left to end by themselves, as after a crash. */
    public void killPostgres(String namespace, String pod) throws IOException {
        kill(namespace, pod, "postgres", POSTMASTER);
    }

    /** SIGKILLs the processes of a container whose command line is such. */
    public void kill(String namespace, String pod, String container, Predicate<String> commandLine) throws IOException {
        Processes.signal("KILL", some(namespace, pod, container, commandLine));
    }

    /** SIGSTOPs the processes of a container whose command line is such, until {@link #thaw}. */
    public void freeze(String namespace, String pod, String container, Predicate<String> commandLine)
            throws IOException {
        worker(namespace, pod).alone(() -> Processes.signal("STOP", some(namespace, pod, container, commandLine)));
    }

    private List<Long> some(String namespace, String pod, String container, Predicate<String> commandLine) {
        List<Long> found = container(namespace, pod, container).processes(commandLine);
        if (found.isEmpty()) {
            throw new NoSuchElementException("no such process in %s of %s".formatted(container, pod));
        }
        return found;
    }

    /** SIGKILLs all of a container at once, as the kernel does when memory runs out or its process 1 dies. */
    public void kill(String namespace, String pod, String container) {
        container(namespace, pod, container).kill();
    }

    /** Stops all of a container in the middle of what it does, until {@link #thaw}. */
    public void freeze(String namespace, String pod, String container) throws IOException {
        worker(namespace, pod).alone(container(namespace, pod, container)::freeze);
    }

    public void thaw(String namespace, String pod, String container) throws IOException {
        worker(namespace, pod).alone(container(namespace, pod, container)::thaw);
    }

    /** Nothing passes between two pods any more; takes root. {@link #heal} ends it. */
    public void cut(String namespace, String one, String other) throws IOException {
        firewall.cut(worker(namespace, one).address(), worker(namespace, other).address());
    }

    /** No packet of one pod reaches the other any more, while those of the other still arrive; takes root. {@link #heal} ends it. */
    public void cutOneWay(String namespace, String from, String to) throws IOException {
        firewall.cutOneWay(
                worker(namespace, from).address(), worker(namespace, to).address());
    }

    /** Nothing passes between a pod and the API server any more; needs no privilege. */
    public void cutFromApi(String namespace, String pod, boolean on) {
        worker(namespace, pod).cutFromApi(on);
    }

    /** All pods reach each other again. */
    public void heal() throws IOException {
        firewall.heal();
    }

    private Kubelet node(String name) {
        return kubelets.stream()
                .filter(kubelet -> kubelet.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException("no node " + name));
    }

    /**
     * A machine that stands still: nothing of the node's pods runs, and its kubelet neither asks nor tells anything, until {@link #thawNode}. The
     * cluster notices when the node has been silent long enough.
     */
    public void freezeNode(String name) throws IOException {
        Kubelet kubelet = node(name);
        kubelet.freeze();
        noticeSilence(name, kubelet::frozen);
    }

    /** It goes on as if no time had passed. */
    public void thawNode(String name) throws IOException {
        node(name).thaw();
    }

    /** The node that runs a pod. */
    public String nodeOf(String namespace, String pod) {
        return kubelets.stream()
                .filter(kubelet -> kubelet.workers().contains(worker(namespace, pod)))
                .map(Kubelet::name)
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException("no node runs the pod " + pod));
    }

    /** Leaves no room on a volume; takes one that has a limit ({@link ClaimFolders}). {@link #emptyVolume} ends it. */
    public void fillVolume(String namespace, String claim) throws IOException {
        claims.fill(claims.find(namespace, claim).orElseThrow());
    }

    public void emptyVolume(String namespace, String claim) throws IOException {
        claims.empty(claims.find(namespace, claim).orElseThrow());
    }

    /** Power off: all processes of the node's pods are dead at once; the cluster notices when the node has been silent long enough. */
    public void stopNode(String name) {
        Kubelet kubelet = node(name);
        kubelet.stop();
        noticeSilence(name, () -> !kubelet.on());
    }

    private void noticeSilence(String name, BooleanSupplier silent) {
        Thread.ofVirtual().name("silence of " + name).start(() -> {
            try {
                Thread.sleep(timing.nodeSilent());
                if (silent.getAsBoolean()) {
                    giveUp(name);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (KubernetesClientException e) {
                LOG.warn("cannot mark {} as not ready: {}", name, e.getMessage());
            }
        });
    }

    /** Power on: the node runs the pods that are still bound to it, anew. */
    public void startNode(String name) {
        node(name).start();
    }

    public boolean nodeIsOn(String name) {
        return node(name).on();
    }

    public List<String> nodes() {
        return kubelets.stream().map(Kubelet::name).toList();
    }

    /** As the node controller does: the node's state is unknown, and its pods are not ready. */
    private void giveUp(String name) {
        String now = PodContainer.text(Instant.now());
        Node node = client.nodes().withName(name).get();
        node.getStatus().getConditions().stream()
                .filter(condition -> condition.getType().equals("Ready"))
                .forEach(condition -> {
                    condition.setStatus("Unknown");
                    condition.setReason("NodeStatusUnknown");
                    condition.setMessage("Kubelet stopped posting node status.");
                    condition.setLastTransitionTime(now);
                });
        client.nodes().resource(node).updateStatus();
        for (Pod pod : client.pods()
                .inAnyNamespace()
                .withField("spec.nodeName", name)
                .list()
                .getItems()) {
            if (pod.getStatus() == null) {
                continue;
            }
            pod.getStatus().getConditions().stream()
                    .filter(condition -> condition.getType().equals("Ready"))
                    .forEach(condition -> {
                        condition.setStatus("False");
                        condition.setReason("NodeNotReady");
                        condition.setMessage("the node of this pod is not ready");
                        condition.setLastTransitionTime(now);
                    });
            client.pods()
                    .inNamespace(pod.getMetadata().getNamespace())
                    .withName(pod.getMetadata().getName())
                    .subresource("status")
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"status\":{\"conditions\":%s}}"
                                    .formatted(io.fabric8.kubernetes.client.utils.Serialization.asJson(
                                            pod.getStatus().getConditions())));
        }
    }
}
