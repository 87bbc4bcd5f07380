package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pod on its node, from its volumes to its end. Everything that happens to it is put in one queue; after each thing the worker looks at the
 * whole pod and does what is due:
 *
 * <ol>
 *   <li>make or update the volumes;
 *   <li>run the init containers, each to its success;
 *   <li>run the containers, again after a pause when they end;
 *   <li>once the pod is deleted: end what runs, tell its last state, and remove it from the API server;
 *   <li>write the status, if it changed.
 * </ol>
 */
final class PodWorker {
    private static final Logger LOG = LoggerFactory.getLogger(PodWorker.class);
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration FROZEN = Duration.ofMillis(50);

    private final Surroundings around;
    private final Path folder;
    private final Relay api;
    private final String address;
    private final PodStatuses statuses;
    private final PodVolumes volumes;
    private final List<PodContainer> inits;
    private final List<PodContainer> containers;
    private final Map<PodContainer, ContainerStarter.Started> running = new HashMap<>();
    private final Map<PodContainer, List<Prober>> probers = new HashMap<>();
    private final BlockingQueue<Runnable> happened = new LinkedBlockingQueue<>();
    private final Runnable gone;
    private final AtomicInteger stops = new AtomicInteger();
    private final ReentrantLock still = new ReentrantLock();
    private volatile Pod pod;
    private boolean sandbox;
    private boolean ending;
    private boolean removed;
    private volatile boolean off;
    private volatile boolean finished;
    private String problem = "";
    private String published = "";

    /** @param gone called when nothing is left of it */
    PodWorker(Pod pod, Surroundings around, Runnable gone) throws IOException {
        this.pod = pod;
        this.around = around;
        this.gone = gone;
        this.address = around.machine().addresses().take();
        this.folder = around.machine()
                .folder()
                .resolve("pods")
                .resolve(Integer.toString(around.machine().number()));
        Files.createDirectories(folder);
        this.api = new Relay(InetAddress.getByName("127.0.0.1"), 0, () -> Optional.of(around.api()));
        around.firewall().name(address);
        this.statuses = new PodStatuses(pod, address);
        this.volumes = new PodVolumes(
                pod,
                Files.createDirectories(folder.resolve(".volumes")),
                around.machine().user(),
                new VolumeFiles(pod, address, around.sources(), around.accounts()),
                around.claims());
        this.inits = pod.getSpec().getInitContainers().stream()
                .map(container -> new PodContainer(container, true))
                .toList();
        this.containers = pod.getSpec().getContainers().stream()
                .map(container -> new PodContainer(container, false))
                .toList();
        if (pod.getStatus() != null) {
            recover(inits, pod.getStatus().getInitContainerStatuses());
            recover(containers, pod.getStatus().getContainerStatuses());
        }
    }

    private static void recover(List<PodContainer> containers, List<ContainerStatus> former) {
        for (PodContainer container : containers) {
            former.stream()
                    .filter(status -> status.getName().equals(container.spec().getName()))
                    .forEach(container::recover);
        }
    }

    void start() {
        Thread.ofVirtual().name("pod " + pod.getMetadata().getName()).start(this::run);
    }

    /** The API server's view of it changed. */
    void update(Pod now) {
        happened.add(() -> pod = now);
    }

    /** It is no longer at the API server. */
    void forget() {
        happened.add(() -> removed = true);
    }

    /** Something that it refers to may have changed. */
    void wake() {
        happened.add(() -> {});
    }

    /** As when power fails: nothing is said, nothing is waited for. */
    void powerOff() {
        off = true;
        synchronized (running) {
            running.values().forEach(started -> started.process().kill());
        }
        wake();
    }

    /** Nothing of it runs, and nothing is seen or told of it, until {@link #thaw}. */
    void freeze() throws IOException {
        alone(() -> {
            if (stops.get() % 2 == 0) {
                stops.incrementAndGet();
            }
            for (ContainerProcess process : processes()) {
                process.freeze();
            }
        });
    }

    void thaw() throws IOException {
        alone(() -> {
            for (ContainerProcess process : processes()) {
                process.thaw();
            }
            happened.add(() -> published = ""); // meanwhile others may have written the status
            if (stops.get() % 2 == 1) {
                stops.incrementAndGet();
            }
        });
    }

    /** Stops or continues processes. */
    interface Signals {
        void send() throws IOException;
    }

    /** Not while the pod stands still for somebody who relies on it. */
    void alone(Signals signals) throws IOException {
        still.lock();
        try {
            signals.send();
        } finally {
            still.unlock();
        }
    }

    /** A while in which a pod stands still. */
    interface Standstill {
        /** It goes on as it was. */
        void close() throws IOException;
    }

    /**
     * Nothing of it runs, and no probe asks, until the same thread closes the answer. What stood still before goes on to.
     * The caller sees to it that meanwhile nothing is started ({@link Gate}).
     */
    Standstill standStill() throws IOException {
        still.lock();
        boolean counted = stops.get() % 2 == 0;
        List<Long> stopped = new ArrayList<>();
        Standstill end = () -> {
            try {
                Processes.signal("CONT", stopped);
            } finally {
                if (counted) {
                    stops.incrementAndGet();
                }
                still.unlock();
            }
        };
        try {
            if (counted) {
                stops.incrementAndGet();
            }
            for (ContainerProcess process : processes()) {
                stopped.addAll(process.freeze());
            }
            return end;
        } catch (IOException | RuntimeException e) {
            end.close();
            throw e;
        }
    }

    boolean uses(PersistentVolumeClaim claim) {
        return volumes.claimed().contains(ClaimFolders.name(claim));
    }

    private List<ContainerProcess> processes() {
        synchronized (running) {
            return running.values().stream()
                    .map(ContainerStarter.Started::process)
                    .toList();
        }
    }

    boolean finished() {
        return finished;
    }

    /** Nothing passes between it and the API server any more, or everything again. */
    void cutFromApi(boolean on) {
        api.cut(on);
    }

    String address() {
        return address;
    }

    Pod pod() {
        return pod;
    }

    /** A container's processes, when it runs. */
    Optional<ContainerProcess> process(String container) {
        synchronized (running) {
            return running.entrySet().stream()
                    .filter(entry -> entry.getKey().spec().getName().equals(container))
                    .map(entry -> entry.getValue().process())
                    .findFirst();
        }
    }

    /** What a container wrote in its present run, or in the one before. */
    Optional<Path> log(String container, boolean previous) {
        return Stream.concat(inits.stream(), containers.stream())
                .filter(candidate -> candidate.spec().getName().equals(container))
                .map(candidate -> folder.resolve(".logs")
                        .resolve(container)
                        .resolve((candidate.restarts() - (previous ? 1 : 0)) + ".log"))
                .filter(Files::exists)
                .findFirst();
    }

    private void run() {
        try {
            while (!finished) {
                if (stops.get() % 2 == 1 && !off) {
                    Thread.sleep(FROZEN);
                    continue;
                }
                look();
                Runnable next = happened.poll(pause().toMillis(), TimeUnit.MILLISECONDS);
                for (; next != null; next = happened.poll()) {
                    next.run();
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("{} interrupted", pod.getMetadata().getName());
        } catch (IOException | RuntimeException e) {
            LOG.error("pod {}", pod.getMetadata().getName(), e);
        } finally {
            probers.values().forEach(list -> list.forEach(Prober::close));
            around.firewall().forget(address);
            around.machine().addresses().giveBack(address);
            closeRelay();
            gone.run();
        }
    }

    private void closeRelay() {
        try {
            api.close();
        } catch (IOException e) {
            LOG.warn("the way of {} to the API server", pod.getMetadata().getName(), e);
        }
    }

    private Duration pause() {
        return Stream.concat(inits.stream(), containers.stream())
                .map(PodContainer::pause)
                .filter(pause -> !pause.isNegative() && !pause.isZero())
                .min(Duration::compareTo)
                .filter(pause -> pause.compareTo(LOOK) < 0)
                .orElse(LOOK);
    }

    private void look() throws IOException {
        if (off) {
            finished = running.isEmpty();
            return;
        }
        if (pod.getMetadata().getDeletionTimestamp() != null || removed) {
            end();
        } else if (prepared()) {
            progress();
        }
        if (!removed && !finished) {
            publish();
        }
    }

    private boolean prepared() throws IOException {
        Optional<String> trouble = volumes.prepare();
        if (trouble.isEmpty()) {
            sandbox = true;
        } else if (!trouble.get().equals(problem)) {
            problem = trouble.get();
            around.recorder().warning(pod, "FailedMount", problem);
        }
        return trouble.isEmpty() || sandbox;
    }

    private void progress() {
        for (PodContainer init : inits) {
            if (!init.succeeded()) {
                advance(init);
                return;
            }
        }
        containers.forEach(this::advance);
    }

    private void advance(PodContainer container) {
        if (container.process().isPresent() || !mayRun(container)) {
            return;
        }
        if (container.pause().isPositive()) {
            if (container.phase() instanceof PodContainer.Phase.Ended) {
                String message = "back-off %ds restarting failed container=%s pod=%s_%s(%s)"
                        .formatted(
                                container.pause().toSeconds() + 1,
                                container.spec().getName(),
                                pod.getMetadata().getName(),
                                pod.getMetadata().getNamespace(),
                                pod.getMetadata().getUid());
                container.waits("CrashLoopBackOff", message);
                around.recorder()
                        .warning(
                                pod,
                                "BackOff",
                                "Back-off restarting failed container "
                                        + container.spec().getName());
            }
            return;
        }
        start(container);
    }

    private boolean mayRun(PodContainer container) {
        if (!container.ran()) {
            return true;
        }
        return switch (Optional.ofNullable(pod.getSpec().getRestartPolicy()).orElse("Always")) {
            case "Never" -> false;
            case "OnFailure" -> !container.succeeded();
            default -> true;
        };
    }

    private void start(PodContainer container) {
        try {
            ContainerStarter starter = new ContainerStarter(pod, address, folder, volumes, around, api.port());
            int run = container.restarts() + (container.ran() ? 1 : 0);
            ContainerStarter.Started started;
            try (Gate.Pass pass = volumes.start()) {
                started = starter.start(container.spec(), run);
                synchronized (running) {
                    running.put(container, started);
                }
            }
            container.runs(started.process(), started.id());
            around.recorder()
                    .normal(
                            pod,
                            "Started",
                            "Started container %s%s"
                                    .formatted(
                                            container.spec().getName(),
                                            started.image().note().isEmpty()
                                                    ? ""
                                                    : "; " + started.image().note()));
            started.process().ended().thenAccept(code -> happened.add(() -> ended(container, started, code)));
            if (container.spec().getStartupProbe() != null) {
                probe(container, started, container.spec().getStartupProbe(), this::startup);
            } else {
                probeFurther(container, started);
            }
        } catch (ContainerStarter.CannotStartException e) {
            String message = String.valueOf(e.getMessage());
            boolean repeated = container.phase() instanceof PodContainer.Phase.Waiting waiting
                    && waiting.message().contains(message);
            String reason = repeated && e.reason().equals("ErrImagePull") ? "ImagePullBackOff" : e.reason();
            if (!repeated) {
                around.recorder().warning(pod, "Failed", "Error: " + message);
            }
            container.waits(reason, message);
        }
    }

    private void ended(PodContainer container, ContainerStarter.Started started, int code) {
        synchronized (running) {
            running.remove(container, started);
        }
        Objects.requireNonNullElse(probers.remove(container), List.<Prober>of()).forEach(Prober::close);
        container.ended(code, around.timing());
    }

    /** What a probe's verdict leads to. */
    private interface Verdict {
        void on(PodContainer container, ContainerStarter.Started started, boolean holds, String why);
    }

    private void probe(PodContainer container, ContainerStarter.Started started, Probe probe, Verdict verdict) {
        probers.computeIfAbsent(container, any -> new ArrayList<>())
                .add(new Prober(
                        probe,
                        container.spec(),
                        address,
                        started::exec,
                        (holds, why) -> happened.add(() -> {
                            if (running.get(container) == started && !ending) {
                                verdict.on(container, started, holds, why);
                            }
                        }),
                        stops::get));
    }

    private void probeFurther(PodContainer container, ContainerStarter.Started started) {
        Container spec = container.spec();
        if (spec.getLivenessProbe() != null) {
            probe(container, started, spec.getLivenessProbe(), this::liveness);
        }
        if (spec.getReadinessProbe() != null) {
            probe(container, started, spec.getReadinessProbe(), this::readiness);
        }
    }

    private void startup(PodContainer container, ContainerStarter.Started started, boolean holds, String why) {
        Objects.requireNonNullElse(probers.remove(container), List.<Prober>of()).forEach(Prober::close);
        if (holds) {
            container.startedUp();
            probeFurther(container, started);
        } else {
            restart(container, started, "startup", why, container.spec().getStartupProbe());
        }
    }

    private void liveness(PodContainer container, ContainerStarter.Started started, boolean holds, String why) {
        if (!holds) {
            Objects.requireNonNullElse(probers.remove(container), List.<Prober>of())
                    .forEach(Prober::close);
            restart(container, started, "liveness", why, container.spec().getLivenessProbe());
        }
    }

    private void readiness(PodContainer container, ContainerStarter.Started started, boolean holds, String why) {
        if (!holds && container.isReady()) {
            around.recorder().warning(pod, "Unhealthy", "Readiness probe failed: " + why);
        }
        container.ready(holds);
    }

    private void restart(
            PodContainer container, ContainerStarter.Started started, String kind, String why, Probe probe) {
        around.recorder()
                .warning(
                        pod,
                        "Unhealthy",
                        kind.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + kind.substring(1) + " probe failed: "
                                + why);
        around.recorder()
                .normal(
                        pod,
                        "Killing",
                        "Container %s failed %s probe, will be restarted"
                                .formatted(container.spec().getName(), kind));
        long grace = Objects.requireNonNullElse(
                probe.getTerminationGracePeriodSeconds(),
                Objects.requireNonNullElse(pod.getSpec().getTerminationGracePeriodSeconds(), 30L));
        end(container, started, grace);
    }

    /** Ends one container: its preStop hook and its signal, within the grace period; then SIGKILL. */
    private void end(PodContainer container, ContainerStarter.Started started, long graceSeconds) {
        Thread.ofVirtual().start(() -> {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(graceSeconds);
            try {
                LifecycleHandler preStop = container.spec().getLifecycle() == null
                        ? null
                        : container.spec().getLifecycle().getPreStop();
                if (preStop != null && preStop.getExec() != null) {
                    started.exec(preStop.getExec().getCommand(), Duration.ofSeconds(graceSeconds));
                } else if (preStop != null && preStop.getSleep() != null) {
                    Thread.sleep(Duration.ofSeconds(preStop.getSleep().getSeconds()));
                }
                started.process().signal(started.image().stopSignal());
                started.process().ended().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (IOException | InterruptedException | java.util.concurrent.ExecutionException e) {
                LOG.debug("ending {}", container.spec().getName(), e);
            } catch (java.util.concurrent.TimeoutException e) {
                LOG.debug("{} does not end in {} s: SIGKILL", container.spec().getName(), graceSeconds);
            }
            started.process().kill();
        });
    }

    private void end() throws IOException {
        if (!ending) {
            ending = true;
            probers.values().forEach(list -> list.forEach(Prober::close));
            probers.clear();
            long grace = removed
                    ? 1
                    : Objects.requireNonNullElse(
                            pod.getMetadata().getDeletionGracePeriodSeconds(),
                            Objects.requireNonNullElse(pod.getSpec().getTerminationGracePeriodSeconds(), 30L));
            running.forEach((container, started) -> {
                container.ready(false);
                around.recorder()
                        .normal(
                                pod,
                                "Killing",
                                "Stopping container " + container.spec().getName());
                end(container, started, grace);
            });
        }
        if (running.isEmpty()) {
            if (!removed) {
                publish();
            }
            finished = removed || deleted();
        }
    }

    /** Nothing runs any more, so it may go; only this very pod. */
    private boolean deleted() {
        try {
            around.client()
                    .raw(
                            "/api/v1/namespaces/%s/pods/%s"
                                    .formatted(
                                            pod.getMetadata().getNamespace(),
                                            pod.getMetadata().getName()),
                            "DELETE",
                            Map.of(
                                    "kind",
                                    "DeleteOptions",
                                    "apiVersion",
                                    "v1",
                                    "gracePeriodSeconds",
                                    0,
                                    "preconditions",
                                    Map.of("uid", pod.getMetadata().getUid())));
            return true;
        } catch (KubernetesClientException e) {
            LOG.debug("deleting {}: {}", pod.getMetadata().getName(), e.getMessage());
            return e.getCode() == 404 || e.getCode() == 409;
        }
    }

    private void publish() {
        PodStatus status = statuses.of(pod, inits, containers, sandbox, around.images());
        String text = Serialization.asJson(status);
        if (text.equals(published)) {
            return;
        }
        try {
            around.client()
                    .pods()
                    .inNamespace(pod.getMetadata().getNamespace())
                    .withName(pod.getMetadata().getName())
                    .subresource("status")
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"metadata\":{\"uid\":\"%s\"},\"status\":%s}"
                                    .formatted(pod.getMetadata().getUid(), text));
            published = text;
        } catch (KubernetesClientException e) {
            LOG.debug("status of {}: {}", pod.getMetadata().getName(), e.getMessage());
        }
    }
}
