package io.matriarch.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.Labels;
import io.matriarch.testkit.Faults;
import io.matriarch.testkit.node.Account;
import io.matriarch.testkit.node.AgentImage;
import io.matriarch.testkit.node.OperatorPod;
import io.matriarch.testkit.node.Outages;
import io.matriarch.testkit.node.ProcessCluster;
import io.matriarch.testkit.node.Timing;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.core.ThrowingRunnable;

/** The embedded cluster with the operator and one PostgresCluster of three, and what can be asked of it and done to it. */
final class Arena implements AutoCloseable {
    static final int INSTANCES = 3;
    private static final String NAMESPACE = "shop";
    private static final String NAME = "orders";
    private static final String OPERATORS = "node-" + (INSTANCES + 1);
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Map<String, Duration> LEASES =
            Map.of("Fast", Duration.ofSeconds(6), "Default", Duration.ofSeconds(10), "Relaxed", Duration.ofSeconds(15));
    private static final String MANIFEST = """
            apiVersion: matriarch.io/v1beta1
            kind: PostgresCluster
            metadata: {name: orders, namespace: shop}
            spec:
              instances: 3
              image: "postgres:15"
              storage: {size: 512Mi}
              postgres: {parameters: {max_wal_size: 128MB, min_wal_size: 32MB}}
            """;

    private final ProcessCluster cluster;
    private final KubernetesClient user;
    private final OperatorPod operator;
    private final SharedIndexInformer<Pod> names;
    private Duration lease = Duration.ofSeconds(10);
    private Account account = new Account("", "", "");

    Arena() throws IOException {
        cluster = new ProcessCluster(INSTANCES + 1, Timing.QUICK).withAgent(AgentImage.build());
        user = cluster.api().client("user");
        operator = new OperatorPod(user, cluster.api().url(), OPERATORS);
        names = user.pods().inNamespace(NAMESPACE).inform();
    }

    /** Brings the operator and the cluster into being. */
    void open() {
        // The operator has a node of its own, so that members go down with theirs and it does not.
        user.nodes()
                .withName(OPERATORS)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"unschedulable\":true}}");
        operator.start();
        user.resource(Serialization.unmarshal(MANIFEST, PostgresCluster.class)).create();
        awaitReady(INSTANCES);
        account = Account.of(Objects.requireNonNull(
                user.secrets().inNamespace(NAMESPACE).withName("orders-app").get()));
        eventually(() -> account.execute(service(), Writers.TABLE));
    }

    Outages outages() {
        return cluster.outages();
    }

    Faults apiFaults() {
        return cluster.api().faults();
    }

    ProcessCluster cluster() {
        return cluster;
    }

    OperatorPod operator() {
        return operator;
    }

    Account account() {
        return account;
    }

    static String namespace() {
        return NAMESPACE;
    }

    /** Address of the Service for writes. */
    String service() {
        return cluster.serviceAddress(NAMESPACE, NAME + "-rw");
    }

    /** Addresses of all members, as a client that names all has them of a name server: known without the API server, and then perhaps old. */
    String hosts() {
        return names.getStore().list().stream()
                .filter(pod -> pod.getMetadata().getLabels().containsKey(Labels.CLUSTER) && pod.getStatus() != null)
                .map(pod -> pod.getStatus().getPodIP())
                .filter(Objects::nonNull)
                .sorted()
                .collect(Collectors.joining(","));
    }

    String address(String member) {
        return Objects.requireNonNull(
                        user.pods().inNamespace(NAMESPACE).withName(member).get())
                .getStatus()
                .getPodIP();
    }

    List<Pod> pods() {
        return user.pods().inNamespace(NAMESPACE).withLabel(Labels.CLUSTER, NAME).list().getItems().stream()
                .filter(pod -> pod.getStatus() != null)
                .sorted(Comparator.comparing(pod -> pod.getMetadata().getName()))
                .toList();
    }

    /** Deletes a pod. @param graceSeconds null for the pod's own */
    void delete(String member, @org.jspecify.annotations.Nullable Long graceSeconds) {
        var pod = user.pods().inNamespace(NAMESPACE).withName(member);
        if (graceSeconds == null) {
            pod.delete();
        } else {
            pod.withGracePeriod(graceSeconds).delete();
        }
    }

    PostgresClusterStatus status() {
        return Objects.requireNonNull(live().getStatus());
    }

    private PostgresCluster live() {
        return Objects.requireNonNull(user.resources(PostgresCluster.class)
                .inNamespace(NAMESPACE)
                .withName(NAME)
                .get());
    }

    /** Who holds the Lease, if somebody does. */
    Optional<String> holder() {
        return Optional.ofNullable(
                        user.leases().inNamespace(NAMESPACE).withName(NAME).get())
                .map(lease -> lease.getSpec().getHolderIdentity())
                .filter(identity -> !identity.isEmpty())
                .map(identity -> identity.split("/")[0]);
    }

    void deleteLease() {
        user.leases().inNamespace(NAMESPACE).withName(NAME).delete();
    }

    String primary() {
        return await().atMost(PATIENCE).until(this::holder, Optional::isPresent).orElseThrow();
    }

    List<String> replicas() {
        String primary = primary();
        return pods().stream()
                .map(pod -> pod.getMetadata().getName())
                .filter(name -> !name.equals(primary))
                .toList();
    }

    /** Settles how it replicates, and how long a lease is: {@code Fast}, {@code Default} or {@code Relaxed}. */
    void configure(boolean asynchronous, String profile) {
        patch("{\"failover\": {\"profile\": \"%s\"}, \"replication\": {\"mode\": \"%s\"}}"
                .formatted(profile, asynchronous ? "Async" : "Quorum"));
        eventually(() -> assertThat(says(asynchronous ? "Async" : "Quorum"))
                .as("the mode of replication has changed")
                .isTrue());
        awaitConverged(INSTANCES);
        lease = LEASES.getOrDefault(profile, lease);
    }

    /** How long a lease lasts. */
    Duration lease() {
        return lease;
    }

    /** Changes the spec by a merge patch. */
    void patch(String spec) {
        user.resources(PostgresCluster.class)
                .inNamespace(NAMESPACE)
                .withName(NAME)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":%s}".formatted(spec));
    }

    /** Gives a command. */
    void command(String annotation, String value) {
        user.resources(PostgresCluster.class)
                .inNamespace(NAMESPACE)
                .withName(NAME)
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"metadata\":{\"annotations\":{\"%s\":\"%s\"}}}".formatted(annotation, value));
    }

    void eventually(ThrowingRunnable assertion) {
        eventually(PATIENCE, assertion);
    }

    /** Fails with all that a person would look at. */
    void eventually(Duration patience, ThrowingRunnable assertion) {
        try {
            await().atMost(patience)
                    .pollInterval(Duration.ofMillis(100))
                    .ignoreExceptions()
                    .untilAsserted(assertion);
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + evidence(), e);
        }
    }

    String evidence() {
        try {
            return Serialization.asYaml(status())
                    + Serialization.asYaml(
                            user.leases().inNamespace(NAMESPACE).withName(NAME).get())
                    + cluster.evidence(NAMESPACE);
        } catch (RuntimeException e) {
            return "no evidence, as the API server does not answer: " + e;
        }
    }

    /** All members are there, serve, and protect commits as the spec says. */
    void awaitReady(int instances) {
        eventually(() -> {
            PostgresClusterStatus status = status();
            assertThat(status.observedGeneration())
                    .isEqualTo(live().getMetadata().getGeneration());
            assertThat(status.readyInstances()).isEqualTo(instances);
            assertThat(status.conditions())
                    .filteredOn(c -> c.getType().matches("Ready|ReplicationHealthy"))
                    .allMatch(c -> c.getStatus().equals("True"));
            assertThat(pods()).hasSize(instances);
        });
    }

    /** All members are on one timeline, at one position, with the same rows; answers these. */
    Set<String> awaitConverged(int instances) {
        awaitReady(instances);
        Set<String> rows = new HashSet<>();
        eventually(() -> {
            PostgresClusterStatus status = status();
            assertThat(status.members())
                    .hasSize(instances)
                    .allMatch(
                            member -> Objects.equals(member.timeline(), status.timeline()),
                            "on the primary's timeline");
            Set<String> states = new HashSet<>();
            for (Pod pod : pods()) {
                states.addAll(
                        account.query(
                                pod.getStatus().getPodIP(),
                                "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END || ' '"
                                        + " || (SELECT coalesce(md5(string_agg(writer || ' ' || n, ',' ORDER BY writer, n)), '') FROM ledger)"));
            }
            assertThat(states).as("position and rows of the members").hasSize(1);
            rows.clear();
            rows.addAll(account.query(
                    address(Objects.requireNonNull(status.primary())), "SELECT writer || ' ' || n FROM ledger"));
        });
        return rows;
    }

    void truncate() {
        eventually(() -> account.execute(service(), "TRUNCATE ledger"));
    }

    /** Whether a condition of the cluster has this reason. */
    boolean says(String reason) {
        return Optional.ofNullable(status().conditions()).orElse(List.of()).stream()
                .anyMatch(condition -> reason.equals(condition.getReason()));
    }

    /** A session of a client of the Service. */
    void execute(String sql) throws SQLException {
        account.execute(service(), sql);
    }

    @Override
    public void close() throws IOException {
        names.close();
        user.close();
        cluster.close();
    }
}
