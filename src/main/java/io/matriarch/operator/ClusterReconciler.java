package io.matriarch.operator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.ClusterPlan;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.status.UnreadableReport;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.ClusterView.OperatorIdentity;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** One pass over one cluster: observe, plan, act, report. A paused cluster is observed and reported, and nothing of it is changed. */
@ControllerConfiguration(name = "postgrescluster")
final class ClusterReconciler implements Reconciler<PostgresCluster> {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterReconciler.class);
    private static final PostgresClusterStatus NOTHING = new PostgresClusterStatus(
            null, null, null, null, null, null, null, null, null, null, null, null, null, null);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final KubernetesClient client;
    private final Observer observer;
    private final Actor actor;
    private final Announcer announcer;
    private final Telemetry telemetry;
    private final Pace pace;
    private final Recheck recheck = new Recheck();
    private final InstantSource clock;

    ClusterReconciler(KubernetesClient client, InstantSource clock, OperatorIdentity identity, Telemetry telemetry) {
        this.client = client;
        this.observer = new Observer(client, clock, identity);
        this.actor = new Actor(client);
        this.announcer = new Announcer(client, clock);
        this.telemetry = telemetry;
        this.pace = new Pace(clock);
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, PostgresCluster>> prepareEventSources(EventSourceContext<PostgresCluster> context) {
        return Sources.of(context);
    }

    @Override
    public UpdateControl<PostgresCluster> reconcile(PostgresCluster cluster, Context<PostgresCluster> context) {
        String name = cluster.getMetadata().getNamespace() + "/"
                + cluster.getMetadata().getName();
        try (MDC.MDCCloseable line = MDC.putCloseable("cluster", name)) {
            if (cluster.getMetadata().getDeletionTimestamp() != null) {
                return UpdateControl.noUpdate();
            }
            Optional<String> unreadable = Unreadable.why(cluster);
            if (unreadable.isPresent()) {
                return leave(cluster, unreadable.get(), name);
            }
            return pass(cluster, context, name);
        }
    }

    /** Nothing is done for a cluster whose object cannot be read; its user is told. */
    private UpdateControl<PostgresCluster> leave(PostgresCluster cluster, String why, String name) {
        Finding finding = UnreadableReport.finding(why);
        LOG.error("{}", finding.message());
        telemetry.cluster(name, finding.reason());
        Optional<PostgresClusterStatus> before = Optional.ofNullable(cluster.getStatus());
        Optional<PostgresClusterStatus> status = UnreadableReport.of(cluster, why, clock.instant());
        announcer.announce(cluster, before, status.or(() -> before).orElse(NOTHING), List.of(finding), List.of());
        status.filter(told -> differs(before, told)).ifPresent(told -> tell(cluster, told));
        return UpdateControl.noUpdate();
    }

    /** An API server that does not ratchet (before Kubernetes 1.30) refuses any write of an invalid object: then the Event alone tells. */
    private void tell(PostgresCluster cluster, PostgresClusterStatus status) {
        try {
            client.resource(fresh(cluster, status))
                    .subresource("status")
                    .patch(new PatchContext.Builder()
                            .withPatchType(PatchType.SERVER_SIDE_APPLY)
                            .withFieldManager(Labels.FIELD_MANAGER)
                            .withForce(true)
                            .build());
        } catch (KubernetesClientException e) {
            LOG.warn("the status cannot be written: {}", e.getMessage());
        }
    }

    private UpdateControl<PostgresCluster> pass(
            PostgresCluster cluster, Context<PostgresCluster> context, String name) {
        List<HasMetadata> cached = new ArrayList<>();
        for (Class<? extends HasMetadata> kind : Sources.KINDS) {
            cached.addAll(context.getSecondaryResources(kind));
        }
        ClusterView view = observer.observe(cluster, cached);
        Plan plan = ClusterPlan.of(view);
        Actor.Outcome outcome = actor.carryOut(view.paused() ? List.of() : plan.actions());
        PostgresClusterStatus status = StatusReport.of(view, plan, outcome.refusals());
        Optional<PostgresClusterStatus> before = Optional.ofNullable(cluster.getStatus());
        List<Finding> findings = new ArrayList<>(plan.findings());
        findings.addAll(outcome.refusals());
        boolean news = differs(before, status);
        Duration rest = news ? pace.rest(cluster, before, status) : Duration.ZERO;
        if (rest.isZero()) {
            announcer.announce(cluster, before, status, findings, outcome.done());
        }
        if (news && rest.isZero()) {
            write(cluster, status, context);
            pace.written(cluster, status);
        }
        telemetry.cluster(name, readyReason(status));
        telemetry.failover(cluster, before, status);
        Duration next = view.paused() ? Recheck.IDLE : recheck.after(view, plan, outcome, status);
        return UpdateControl.<PostgresCluster>noUpdate()
                .rescheduleAfter((rest.isZero() || next.compareTo(rest) < 0 ? next : rest).toMillis());
    }

    private static void write(PostgresCluster cluster, PostgresClusterStatus status, Context<PostgresCluster> context) {
        PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(cluster, fresh(cluster, status), context);
    }

    private static PostgresCluster fresh(PostgresCluster cluster, PostgresClusterStatus status) {
        PostgresCluster fresh = new PostgresCluster();
        fresh.setMetadata(new ObjectMetaBuilder()
                .withNamespace(cluster.getMetadata().getNamespace())
                .withName(cluster.getMetadata().getName())
                .withUid(cluster.getMetadata().getUid())
                .build());
        fresh.setStatus(status);
        return fresh;
    }

    private static boolean differs(Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        JsonNode old = before.<JsonNode>map(JSON::valueToTree).orElseGet(JSON::createObjectNode);
        return !old.equals(JSON.valueToTree(after));
    }

    private static String readyReason(PostgresClusterStatus status) {
        return ready(status).map(Condition::getReason).orElse("Unknown");
    }

    private static Optional<Condition> ready(PostgresClusterStatus status) {
        return Optional.ofNullable(status.conditions()).orElse(List.of()).stream()
                .filter(c -> "Ready".equals(c.getType()))
                .findFirst();
    }
}
