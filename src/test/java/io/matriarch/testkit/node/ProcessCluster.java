package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.testkit.ApiServer;
import io.matriarch.testkit.Embedded;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The embedded cluster with nodes: the API server and controllers of the testkit, a scheduler, and kubelets that run pods as processes of this
 * machine. Closed, or left by a program that crashed, it leaves no process and no file.
 */
public final class ProcessCluster implements AutoCloseable {
    /** Name of our own image in it. */
    public static final String AGENT_IMAGE = "matriarch:embedded";

    private final Embedded embedded;
    private final Machine machine;
    private final KubernetesClient client;
    private final Images images = new Images();
    private final Sources sources;
    private final Recorder recorder;
    private final Scheduler scheduler;
    private final ServiceProxies services;
    private final Firewall firewall;
    private final Outages outages;
    private final List<Kubelet> kubelets = new ArrayList<>();

    public ProcessCluster(int nodes, Timing timing) throws IOException {
        this(nodes, timing, 0);
    }

    /** @param apiPort of the API server on 127.0.0.1; 0 for any */
    public ProcessCluster(int nodes, Timing timing, int apiPort) throws IOException {
        embedded = new Embedded(false, apiPort);
        embedded.api()
                .logs((namespace, pod, container, previous) ->
                        worker(namespace, pod).flatMap(worker -> worker.log(container, previous)));
        machine = Machine.open(Path.of("/tmp"));
        embedded.api().serviceRange(machine.addresses().prefix());
        client = embedded.api().client("kubelet");
        sources = new Sources(client, () -> kubelets.forEach(Kubelet::wake));
        recorder = new Recorder(client, "kubelet");
        scheduler = new Scheduler(client, recorder);
        services = new ServiceProxies(client);
        firewall = new Firewall(machine.addresses().prefix());
        ClaimFolders claims = new ClaimFolders(machine, sources);
        Surroundings around = new Surroundings(
                client,
                machine,
                firewall,
                images,
                sources,
                new NoAccounts(),
                claims,
                recorder,
                timing,
                api(embedded.api()));
        for (int node = 1; node <= nodes; node++) {
            kubelets.add(new Kubelet("node-" + node, "zone-" + node, around));
        }
        embedded.volumes(new VolumeCopies(
                machine,
                claims,
                () -> kubelets.stream()
                        .flatMap(kubelet -> kubelet.workers().stream())
                        .toList()));
        outages = new Outages(kubelets, firewall, client, timing, claims);
        kubelets.forEach(Kubelet::start);
    }

    private static InetSocketAddress api(ApiServer api) {
        URI url = URI.create(api.url());
        return new InetSocketAddress(url.getHost(), url.getPort());
    }

    /** Makes our own image known. */
    public ProcessCluster withAgent(Path home) throws IOException {
        images.add(
                AGENT_IMAGE,
                AgentImage.of(AgentImage.place(home, machine.folder().resolve("image"))));
        return this;
    }

    public ApiServer api() {
        return embedded.api();
    }

    /** As much time passes at once for Jobs and CronJobs. */
    public void skip(Duration time) {
        embedded.skip(time);
    }

    public Outages outages() {
        return outages;
    }

    public Images images() {
        return images;
    }

    /** Where everything is. */
    public Path folder() {
        return machine.folder();
    }

    private Optional<PodWorker> worker(String namespace, String pod) {
        return kubelets.stream()
                .flatMap(kubelet -> kubelet.workers().stream())
                .filter(worker -> is(worker.pod(), namespace, pod))
                .findFirst();
    }

    private static boolean is(Pod pod, String namespace, String name) {
        return pod.getMetadata().getNamespace().equals(namespace)
                && pod.getMetadata().getName().equals(name);
    }

    /** What a container wrote, in its present run or the one before. */
    public String log(String namespace, String pod, String container, boolean previous) throws IOException {
        Optional<Path> file = worker(namespace, pod).flatMap(worker -> worker.log(container, previous));
        return file.isPresent() ? Files.readString(file.get()) : "";
    }

    /** The address of a Service, where its ports are. */
    public String serviceAddress(String namespace, String service) {
        return Optional.ofNullable(client.services()
                        .inNamespace(namespace)
                        .withName(service)
                        .get())
                .map(found -> found.getSpec().getClusterIP())
                .orElseThrow(() -> new IllegalStateException("there is no Service " + service));
    }

    /** What a person would look at when something is wrong in a namespace. */
    public String evidence(String namespace) {
        StringBuilder text = new StringBuilder();
        for (Event event : client.v1().events().inNamespace(namespace).list().getItems()) {
            text.append("%s %s %s: %s%n"
                    .formatted(
                            event.getLastTimestamp(),
                            event.getInvolvedObject().getName(),
                            event.getReason(),
                            event.getMessage()));
        }
        for (Pod pod : client.pods().inNamespace(namespace).list().getItems()) {
            text.append(Serialization.asYaml(pod.getStatus()));
            for (Container container : pod.getSpec().getContainers()) {
                for (boolean previous : new boolean[] {true, false}) {
                    text.append("--- log of %s/%s%s%n"
                            .formatted(pod.getMetadata().getName(), container.getName(), previous ? ", previous" : ""));
                    text.append(tail(pod, container.getName(), previous));
                }
            }
        }
        return text.toString();
    }

    private String tail(Pod pod, String container, boolean previous) {
        try {
            String log = log(pod.getMetadata().getNamespace(), pod.getMetadata().getName(), container, previous);
            return log.substring(Math.max(0, log.length() - 6000));
        } catch (IOException e) {
            return e + "\n";
        }
    }

    Optional<ContainerProcess> process(String namespace, String pod, String container) {
        return worker(namespace, pod).flatMap(worker -> worker.process(container));
    }

    @Override
    public void close() throws IOException {
        kubelets.forEach(Kubelet::close);
        scheduler.close();
        services.close();
        sources.close();
        recorder.close();
        client.close();
        firewall.close();
        embedded.close();
        machine.close();
    }

    /** While the API server speaks plain HTTP, it asks nobody who they are. */
    private static final class NoAccounts implements VolumeFiles.Accounts {
        @Override
        public String token(Pod pod) {
            return "nobody-checks-it";
        }

        @Override
        public String authority() {
            return "";
        }
    }
}
