package io.matriarch.playground;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.Labels;
import io.matriarch.testkit.node.Account;
import io.matriarch.testkit.node.AgentImage;
import io.matriarch.testkit.node.Images;
import io.matriarch.testkit.node.OperatorPod;
import io.matriarch.testkit.node.Outages;
import io.matriarch.testkit.node.ProcessCluster;
import io.matriarch.testkit.node.Timing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/** What is on stage: the embedded cluster, the operator as a pod in it, and one PostgresCluster from an example. */
final class Theatre implements AutoCloseable {
    static final String NAMESPACE = "default";
    private static final Path EXAMPLE = Path.of("examples/quickstart.yaml");
    private static final String STAR = "orders";

    /** The operator that leads renews its Lease each few seconds. */
    private static final Duration RENEWED = Duration.ofSeconds(10);

    private final ProcessCluster cluster;
    private final KubernetesClient user;
    private final Path kubeconfig;
    private boolean apiOn = true;

    /** @param apiPort of the API server, on 127.0.0.1; 0 for any */
    Theatre(int nodes, int apiPort) throws IOException, Refusal {
        if (Images.installed().isEmpty()) {
            throw new Refusal(
                    "no PostgreSQL from 14 to 18 in /usr/lib/postgresql: install one (apt-get install postgresql)");
        }
        Path image = AgentImage.build();
        cluster = new ProcessCluster(nodes, Timing.QUICK, apiPort).withAgent(image);
        user = cluster.api().client("playground");
        kubeconfig = cluster.api().kubeconfig(cluster.folder().resolve("kubeconfig"));
        Files.setPosixFilePermissions(kubeconfig, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
    }

    /** Two, on two nodes, of which one leads: as the chart has it. */
    void startOperator() {
        for (String node :
                outages().nodes().subList(0, Math.min(2, outages().nodes().size()))) {
            new OperatorPod(user, cluster.api().url(), node).oneOfSeveral().start();
        }
    }

    /** For how long no operator has renewed its Lease, when that is longer than usual. */
    Optional<Duration> withoutOperator() {
        return Optional.ofNullable(user.resources(Lease.class)
                        .inNamespace(OperatorPod.NAMESPACE)
                        .withName(OperatorPod.LEASE)
                        .get())
                .map(lease -> lease.getSpec().getRenewTime())
                .map(renewed -> Duration.between(renewed, ZonedDateTime.now()))
                .filter(age -> age.compareTo(RENEWED) > 0);
    }

    /** {@code kubectl apply} of the example. */
    void apply() throws IOException {
        try (var manifest = Files.newInputStream(EXAMPLE)) {
            user.load(manifest).inNamespace(NAMESPACE).forceConflicts().serverSideApply();
        }
    }

    ProcessCluster cluster() {
        return cluster;
    }

    KubernetesClient user() {
        return user;
    }

    Path kubeconfig() {
        return kubeconfig;
    }

    Outages outages() {
        return cluster.outages();
    }

    /** The PostgresCluster on stage, if there is one: the example's, or else the first. */
    Optional<PostgresCluster> star() {
        List<PostgresCluster> all = clusters();
        return all.stream()
                .filter(cluster -> cluster.getMetadata().getName().equals(STAR))
                .findFirst()
                .or(() -> all.stream().findFirst());
    }

    /** Names of the other ones. */
    String others() {
        Optional<String> shown = star().map(cluster -> cluster.getMetadata().getName());
        return clusters().stream()
                .map(cluster -> cluster.getMetadata().getName())
                .filter(name -> !Optional.of(name).equals(shown))
                .collect(Collectors.joining(", "));
    }

    private List<PostgresCluster> clusters() {
        return user.resources(PostgresCluster.class)
                .inNamespace(NAMESPACE)
                .list()
                .getItems();
    }

    /** The pod that is the primary, as the members say. */
    Optional<String> primary() {
        return star().map(cluster -> cluster.getMetadata().getName())
                .flatMap(name -> members(name).stream()
                        .filter(pod ->
                                "primary".equals(pod.getMetadata().getLabels().get(Labels.ROLE)))
                        .map(pod -> pod.getMetadata().getName())
                        .findFirst());
    }

    Optional<PostgresClusterStatus> status() {
        return star().map(PostgresCluster::getStatus);
    }

    /** Those of the PostgresCluster on stage. */
    List<Pod> members() {
        return star().map(cluster -> members(cluster.getMetadata().getName())).orElse(List.of());
    }

    List<Pod> members(String cluster) {
        return user.pods().inNamespace(NAMESPACE).withLabel(Labels.CLUSTER, cluster).list().getItems().stream()
                .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
                .toList();
    }

    void scale(int instances) {
        star().ifPresent(live -> user.resources(PostgresCluster.class)
                .inNamespace(NAMESPACE)
                .withName(live.getMetadata().getName())
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"instances\":%d}}".formatted(instances)));
    }

    /** Switches the API server off or on. */
    void toggleApi() throws IOException {
        if (apiOn) {
            cluster.api().halt();
        } else {
            cluster.api().resume();
        }
        apiOn = !apiOn;
    }

    boolean apiOn() {
        return apiOn;
    }

    /** Switches a node off or on. */
    void toggleNode(String node) {
        if (outages().nodeIsOn(node)) {
            outages().stopNode(node);
        } else {
            outages().startNode(node);
        }
    }

    Account account(String clusterName) {
        return Account.of(Objects.requireNonNull(user.secrets()
                .inNamespace(NAMESPACE)
                .withName(clusterName + "-app")
                .get()));
    }

    String address(String service) {
        return cluster.serviceAddress(NAMESPACE, service);
    }

    @Override
    public void close() throws IOException {
        user.close();
        cluster.close();
    }
}
