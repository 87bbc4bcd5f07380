package io.matriarch.playground;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
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
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What is on stage: the embedded cluster, the operator as a pod in it, and one PostgresCluster from an example. */
final class Theatre implements AutoCloseable {
    static final String NAMESPACE = "default";
    private static final Path EXAMPLE = Path.of("examples/quickstart.yaml");

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

    void startOperator() {
        new OperatorPod(user, cluster.api().url()).start();
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

    /** The PostgresCluster on stage, if there is one. */
    Optional<PostgresCluster> star() {
        return user.resources(PostgresCluster.class).inNamespace(NAMESPACE).list().getItems().stream()
                .findFirst();
    }

    Optional<PostgresClusterStatus> status() {
        return star().map(PostgresCluster::getStatus);
    }

    List<Pod> members() {
        return user
                .pods()
                .inNamespace(NAMESPACE)
                .withLabel(io.matriarch.api.contract.Labels.CLUSTER)
                .list()
                .getItems()
                .stream()
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
