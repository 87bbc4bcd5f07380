package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.processing.event.source.informer.TransformingItemStore;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.view.ClusterView.OperatorIdentity;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The reconciliation itself, as the leader runs it: informers, the queue, a few threads. */
final class Controllers implements AutoCloseable {
    private static final int THREADS = 4;
    private static final Duration STOP = Duration.ofSeconds(10);
    private static final Duration SYNC = Duration.ofMinutes(1);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LAST_RETRY = Duration.ofMinutes(1);
    private static final double GROWTH = 1.7;

    private final Operator operator;

    /**
     * Prepares the reconciliation.
     *
     * @param namespaces to watch; all if empty
     */
    Controllers(
            KubernetesClient client,
            InstantSource clock,
            OperatorIdentity identity,
            Set<String> namespaces,
            Telemetry telemetry) {
        this(client, clock, identity, namespaces, telemetry, FIRST_RETRY);
    }

    /**
     * Prepares the reconciliation with another pace.
     *
     * @param firstRetry the first pause after an error
     */
    Controllers(
            KubernetesClient client,
            InstantSource clock,
            OperatorIdentity identity,
            Set<String> namespaces,
            Telemetry telemetry,
            Duration firstRetry) {
        operator = new Operator(overrider -> overrider
                .withKubernetesClient(client)
                .withCloseClientOnStop(false)
                .checkingCRDAndValidateLocalModel(false)
                .withConcurrentReconciliationThreads(THREADS)
                .withConcurrentWorkflowExecutorThreads(1)
                .withPreviousAnnotationForDependentResources(false)
                .withParseResourceVersions(true)
                .withUseSSAToPatchPrimaryResource(true)
                .withStopOnInformerErrorDuringStartup(true)
                .withCacheSyncTimeout(SYNC)
                .withReconciliationTerminationTimeout(STOP)
                .withMetrics(telemetry));
        register(new ClusterReconciler(client, clock, identity, telemetry), namespaces, firstRetry);
    }

    /** Registers passes over one kind of object. */
    private <P extends CustomResource<?, ?>> void register(
            Pass<P, ?, ?> pass, Set<String> namespaces, Duration firstRetry) {
        operator.register(pass, configuration -> {
            configuration
                    .withFieldManager(Labels.FIELD_MANAGER)
                    .withGenerationAware(false)
                    .withOnUpdateFilter(Controllers::concerns)
                    .withItemStore(new TransformingItemStore<P>(Sources::pruned))
                    .withRetry(new GenericRetry()
                            .setInitialInterval(firstRetry.toMillis())
                            .setIntervalMultiplier(GROWTH)
                            .setMaxInterval(LAST_RETRY.toMillis())
                            .withoutMaxAttempts());
            if (namespaces.isEmpty()) {
                configuration.watchingAllNamespaces();
            } else {
                configuration.settingNamespaces(namespaces);
            }
        });
    }

    /**
     * Whether an update needs a pass: a changed spec, or a changed command annotation, which does not change the generation; but never a status,
     * which only the operator writes.
     */
    private static boolean concerns(HasMetadata now, HasMetadata before) {
        return !Objects.equals(
                        now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
                || !commands(now).equals(commands(before));
    }

    private static Map<String, String> commands(HasMetadata object) {
        Map<String, String> commands =
                new HashMap<>(Objects.requireNonNullElse(object.getMetadata().getAnnotations(), Map.of()));
        commands.keySet().retainAll(Labels.COMMANDS);
        return commands;
    }

    void start() {
        operator.start();
    }

    boolean started() {
        return operator.getRuntimeInfo().isStarted();
    }

    /** Whether every watch is open: a watch that ended delivers nothing more, and only a restart opens it again. */
    boolean healthy() {
        return !started() || operator.getRuntimeInfo().allEventSourcesAreHealthy();
    }

    @Override
    public void close() {
        operator.stop();
    }
}
