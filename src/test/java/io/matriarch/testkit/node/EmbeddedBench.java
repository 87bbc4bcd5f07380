package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.contract.Labels;
import io.matriarch.testkit.Embedded;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** {@code bench/embedded}: how fast the embedded Kubernetes begins, runs pods, writes and tells, and makes PostgreSQL clusters. */
public final class EmbeddedBench {
    private static final int WRITES = 5_000;
    private static final int WRITERS = 8;
    private static final double SECOND = 1e9;

    private EmbeddedBench() {}

    public static void main(String[] arguments) throws Exception {
        int pods = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000;
        start();
        api();
        pods(pods);
        postgres();
    }

    private static void figure(String what, double value, String unit, String compared) {
        System.out.printf("%-58s %10.1f %-9s %s%n", what, value, unit, compared);
    }

    private static void start() throws IOException {
        List<Double> seconds = new ArrayList<>();
        for (int run = 0; run < 5; run++) {
            long began = System.nanoTime();
            try (ProcessCluster cluster = new ProcessCluster(3, Timing.QUICK);
                    KubernetesClient client = cluster.api().client("bench")) {
                client.pods().inNamespace("default").list();
                seconds.add((System.nanoTime() - began) / SECOND);
            }
        }
        figure("start without pods, three nodes, the first time", seconds.getFirst(), "s", "aim: under 2 s");
        figure("start without pods, once the classes are warm (median)", median(seconds), "s", "aim: under 2 s");
    }

    private static double median(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    /** Writes of objects of their own from some threads, and how long after each write's beginning a watch told of it. */
    private static void api() throws Exception {
        try (Embedded cluster = new Embedded(false, 0);
                KubernetesClient client = cluster.api().client("bench")) {
            Map<String, Long> sent = new ConcurrentHashMap<>();
            List<Double> latencies = Collections.synchronizedList(new ArrayList<>());
            CountDownLatch told = new CountDownLatch(WRITES);
            try (Watch watch = client.configMaps().inNamespace("default").watch(new Watcher<ConfigMap>() {
                        @Override
                        public void eventReceived(Action action, ConfigMap map) {
                            Long began = sent.get(map.getMetadata().getName());
                            if (began != null && action == Action.ADDED) {
                                latencies.add((System.nanoTime() - began) / 1e6);
                                told.countDown();
                            }
                        }

                        @Override
                        public void onClose(WatcherException cause) {}
                    });
                    ExecutorService writers = Executors.newFixedThreadPool(WRITERS)) {
                long began = System.nanoTime();
                for (int number = 0; number < WRITES; number++) {
                    String name = "m" + number;
                    writers.execute(() -> {
                        ConfigMap map = new ConfigMapBuilder()
                                .withNewMetadata()
                                .withNamespace("default")
                                .withName(name)
                                .endMetadata()
                                .addToData("a", name)
                                .build();
                        sent.put(name, System.nanoTime());
                        client.resource(map).create();
                    });
                }
                writers.shutdown();
                if (!writers.awaitTermination(5, TimeUnit.MINUTES) || !told.await(1, TimeUnit.MINUTES)) {
                    throw new IllegalStateException("not every write was told of");
                }
                figure(
                        "writes by " + WRITERS + " clients",
                        WRITES * SECOND / (System.nanoTime() - began),
                        "writes/s",
                        "each an object of its own, over HTTP");
                figure("from a write's sending to a watch's telling (median)", median(latencies), "ms", "");
                figure("  the slowest", Collections.max(latencies), "ms", "");
            }
        }
    }

    /** Clusters of three instances one after another, each from its apply until its condition Ready. */
    private static void postgres() throws IOException {
        try (ProcessCluster cluster = new ProcessCluster(3, Timing.QUICK).withAgent(AgentImage.build());
                KubernetesClient client = cluster.api().client("bench")) {
            new OperatorPod(client, cluster.api().url()).start();
            List<Double> seconds = new ArrayList<>();
            for (int run = 0; run < 4; run++) {
                PostgresCluster wanted = Serialization.unmarshal(
                        "---\n{apiVersion: matriarch.io/v1beta1, kind: PostgresCluster, metadata: {namespace: default, name: c%d}, spec: {image: 'postgres:17', instances: 3, storage: {size: 1Gi}}}"
                                .formatted(run),
                        PostgresCluster.class);
                long began = System.nanoTime();
                client.resource(wanted).create();
                client.resource(wanted).waitUntilCondition(EmbeddedBench::ready, 3, TimeUnit.MINUTES);
                seconds.add((System.nanoTime() - began) / SECOND);
                client.resource(wanted).delete();
                client.pods()
                        .inNamespace("default")
                        .withLabel(Labels.CLUSTER, "c" + run)
                        .informOnCondition(List::isEmpty)
                        .orTimeout(1, TimeUnit.MINUTES)
                        .join();
            }
            figure("three-instance PostgreSQL cluster ready, the first", seconds.getFirst(), "s", "aim: under 8 s");
            figure("the same, later ones (median)", median(seconds.subList(1, 4)), "s", "aim: under 8 s");
        }
    }

    private static boolean ready(@Nullable PostgresCluster live) {
        return live != null
                && live.getStatus() != null
                && Optional.ofNullable(live.getStatus().conditions()).orElse(List.of()).stream()
                        .anyMatch(c ->
                                c.getType().equals("Ready") && c.getStatus().equals("True"));
    }

    private static void pods(int count) throws IOException, InterruptedException {
        try (ProcessCluster cluster = new ProcessCluster(3, Timing.QUICK);
                KubernetesClient client = cluster.api().client("bench")) {
            cluster.images().add("shell", Image.ofThisMachine());
            long began = System.nanoTime();
            for (int number = 0; number < count; number++) {
                client.resource(pod("p" + number)).create();
            }
            long running = 0;
            long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(10);
            while (running < count) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException(
                            "after 10 minutes only %d of %d pods run".formatted(running, count));
                }
                Thread.sleep(200);
                running = client.pods().inNamespace("default").list().getItems().stream()
                        .filter(pod -> "Running".equals(pod.getStatus().getPhase()))
                        .count();
            }
            figure(
                    count + " pods of one process each, until all run",
                    count * SECOND / (System.nanoTime() - began),
                    "pods/s",
                    "three nodes of one machine");
        }
    }

    private static Pod pod(String name) {
        return new PodBuilder()
                .withNewMetadata()
                .withNamespace("default")
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("main")
                .withImage("shell")
                .withCommand("sleep", "1000")
                .endContainer()
                .endSpec()
                .build();
    }
}
