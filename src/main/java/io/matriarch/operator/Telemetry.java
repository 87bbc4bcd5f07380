package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The operator's metrics: passes, their errors and durations, clusters that wait for a pass; API calls by verb, resource and code; clusters by
 * state; each cluster's epoch, replication and role changes.
 */
final class Telemetry implements Metrics {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Counter reconciles = Counter.builder("matriarch.reconciles")
            .description("Passes over clusters")
            .register(registry);
    private final Counter errors = Counter.builder("matriarch.reconcile.errors")
            .description("Passes that ended with an error")
            .register(registry);
    private final Timer durations = Timer.builder("matriarch.reconcile.duration")
            .description("Time that passes took")
            .register(registry);
    private final Set<ResourceID> queue = ConcurrentHashMap.newKeySet();
    private final Map<String, String> states = new ConcurrentHashMap<>();
    private final MultiGauge clusters = MultiGauge.builder("matriarch.clusters")
            .description("Clusters, by the reason of their condition Ready")
            .register(registry);

    private final Map<String, Reign> reigns = new ConcurrentHashMap<>();
    private final MultiGauge epochs = MultiGauge.builder("matriarch.cluster.epoch")
            .description("Epoch of a cluster's Lease: grows by one each time a primary takes office")
            .register(registry);
    private final MultiGauge replication = MultiGauge.builder("matriarch.cluster.replication")
            .description(
                    "1 for the reason of a cluster's condition ReplicationHealthy, such as Quorum, Async or Blocked")
            .register(registry);

    private final MultiGauge timelines = MultiGauge.builder("matriarch.cluster.timeline")
            .description("Timeline of a cluster's primary")
            .register(registry);
    private final MultiGauge changes = MultiGauge.builder("matriarch.cluster.last.role.change.seconds")
            .description(
                    "How long a cluster's newest primary took from learning of the vacancy until it accepted writes, by the reason why it took office")
            .register(registry);

    /** What the metrics show of a cluster's primary and replicas. */
    private record Reign(Tags tags, long epoch, int timeline, String replication, Optional<RoleChange> change) {}

    Telemetry() {
        Gauge.builder("matriarch.queue.depth", queue, Set::size)
                .description("Clusters that wait for a pass")
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
    }

    /** Records which program runs: its version and the digest of its classes. */
    void version(String text) {
        Gauge.builder("matriarch.version", () -> 1)
                .description("1 for the version of the operator")
                .tag("version", text)
                .register(registry);
    }

    /** All metrics, in Prometheus' text format. */
    String scrape() {
        Map<String, Integer> counts = new TreeMap<>();
        states.values().forEach(state -> counts.merge(state, 1, Integer::sum));
        clusters.register(
                counts.entrySet().stream()
                        .map(e -> MultiGauge.Row.of(Tags.of("state", e.getKey()), e.getValue()))
                        .toList(),
                true);
        epochs.register(
                reigns.values().stream()
                        .map(r -> MultiGauge.Row.of(r.tags(), r.epoch()))
                        .toList(),
                true);
        replication.register(
                reigns.values().stream()
                        .map(r -> MultiGauge.Row.of(r.tags().and("state", r.replication()), 1))
                        .toList(),
                true);
        timelines.register(
                reigns.values().stream()
                        .filter(r -> r.timeline() > 0)
                        .map(r -> MultiGauge.Row.of(r.tags(), r.timeline()))
                        .toList(),
                true);
        changes.register(
                reigns.values().stream()
                        .flatMap(r -> r.change().stream()
                                .map(c -> MultiGauge.Row.of(r.tags().and("reason", c.reason()), seconds(c))))
                        .toList(),
                true);
        return registry.scrape();
    }

    /** The number of seconds in a duration such as {@code 1.250s}. */
    private static double seconds(RoleChange change) {
        return Double.parseDouble(change.duration().replaceAll("[^0-9.]", ""));
    }

    /** Records a cluster's epoch and replication, and whether another primary has taken office. */
    void failover(PostgresCluster cluster, Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        Tags tags = Tags.of(
                "namespace",
                cluster.getMetadata().getNamespace(),
                "cluster",
                cluster.getMetadata().getName());
        String state = Objects.requireNonNullElse(after.conditions(), List.<Condition>of()).stream()
                .filter(c -> "ReplicationHealthy".equals(c.getType()))
                .map(Condition::getReason)
                .findFirst()
                .orElse("Unknown");
        reigns.put(
                cluster.getMetadata().getNamespace() + "/"
                        + cluster.getMetadata().getName(),
                new Reign(
                        tags,
                        Objects.requireNonNullElse(after.epoch(), 0L),
                        Objects.requireNonNullElse(after.timeline(), 0),
                        state,
                        Optional.ofNullable(after.lastRoleChange())));
        Optional.ofNullable(after.lastRoleChange())
                .filter(change -> before.map(PostgresClusterStatus::lastRoleChange)
                        .filter(was -> was.epoch() == change.epoch())
                        .isEmpty())
                .ifPresent(change -> registry.counter(
                                "matriarch.cluster.role.changes", tags.and("reason", change.reason()))
                        .increment());
    }

    /** Records a cluster's state, as its column Status shows it. */
    void cluster(String name, String state) {
        states.put(name, state);
    }

    void calls(String verb, String resource, int code) {
        registry.counter(
                        "matriarch.api.calls",
                        "verb",
                        verb,
                        "resource",
                        resource,
                        "code",
                        code == 0 ? "error" : Integer.toString(code))
                .increment();
    }

    @Override
    public void reconcileCustomResource(HasMetadata resource, RetryInfo retryInfo, Map<String, Object> metadata) {
        queue.add(ResourceID.fromResource(resource));
    }

    @Override
    public void reconciliationExecutionStarted(HasMetadata resource, Map<String, Object> metadata) {
        queue.remove(ResourceID.fromResource(resource));
        reconciles.increment();
    }

    @Override
    public void failedReconciliation(HasMetadata resource, Exception exception, Map<String, Object> metadata) {
        errors.increment();
    }

    @Override
    public void cleanupDoneFor(ResourceID id, Map<String, Object> metadata) {
        queue.remove(id);
        states.remove(id.getNamespace().orElse("") + "/" + id.getName());
        reigns.remove(id.getNamespace().orElse("") + "/" + id.getName());
    }

    @Override
    public <T> T timeControllerExecution(ControllerExecution<T> execution) throws Exception {
        Timer.Sample sample = Timer.start(registry);
        try {
            return execution.execute();
        } finally {
            sample.stop(durations);
        }
    }

    /** Counts the answers of the API server. */
    Interceptor interceptor() {
        return new Interceptor() {
            @Override
            public void after(
                    HttpRequest request, HttpResponse<?> response, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
                Call call = Call.of(
                        request.method(), request.uri().getPath(), request.uri().getQuery());
                calls(call.verb(), call.resource(), response.code());
            }

            @Override
            public void afterConnectionFailure(HttpRequest request, Throwable failure) {
                Call call = Call.of(
                        request.method(), request.uri().getPath(), request.uri().getQuery());
                calls(call.verb(), call.resource(), 0);
            }
        };
    }
}
