package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.ClusterPlan;
import io.matriarch.plan.status.Events;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.status.UnreadableReport;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.step.Told;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.ClusterView.OperatorIdentity;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes over PostgresClusters. */
@ControllerConfiguration(name = "postgrescluster")
final class ClusterReconciler extends Pass<PostgresCluster, PostgresClusterStatus, ClusterView>
        implements Reconciler<PostgresCluster> {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterReconciler.class);

    private final Observer observer;
    private final Telemetry telemetry;
    private final Pace pace;

    ClusterReconciler(KubernetesClient client, InstantSource clock, OperatorIdentity identity, Telemetry telemetry) {
        super(client, clock, PostgresCluster.class, PostgresClusterStatus.class);
        this.observer = new Observer(client, clock, identity);
        this.telemetry = telemetry;
        this.pace = new Pace(clock);
    }

    @Override
    public List<EventSource<?, PostgresCluster>> prepareEventSources(EventSourceContext<PostgresCluster> context) {
        return Sources.of(context);
    }

    @Override
    ClusterView observe(PostgresCluster cluster, Context<PostgresCluster> context) {
        List<HasMetadata> cached = new ArrayList<>();
        for (Class<? extends HasMetadata> kind : Sources.KINDS) {
            cached.addAll(context.getSecondaryResources(kind));
        }
        return observer.observe(cluster, cached);
    }

    @Override
    Plan plan(ClusterView view) {
        return ClusterPlan.of(view);
    }

    @Override
    boolean paused(ClusterView view) {
        return view.paused();
    }

    @Override
    PostgresClusterStatus report(ClusterView view, Plan plan, List<Finding> more) {
        return StatusReport.of(view, plan, more);
    }

    @Override
    List<Told> story(Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        return Story.of(before, after);
    }

    @Override
    Duration rest(PostgresCluster cluster, Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        return pace.rest(cluster, before, after);
    }

    @Override
    void written(PostgresCluster cluster, PostgresClusterStatus after) {
        pace.written(cluster, after);
    }

    /** The next pass removes from the settings those commands whose outcome the status remembers now. */
    @Override
    boolean again(Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        return !before.map(PostgresClusterStatus::requests)
                .orElse(List.of())
                .equals(Optional.ofNullable(after.requests()).orElse(List.of()));
    }

    @Override
    void over(PostgresCluster cluster, Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        String ready = Optional.ofNullable(after.conditions()).orElse(List.of()).stream()
                .filter(c -> "Ready".equals(c.getType()))
                .findFirst()
                .map(Condition::getReason)
                .orElse("Unknown");
        telemetry.cluster(name(cluster), ready);
        telemetry.failover(cluster, before, after);
    }

    /** Does nothing for a cluster whose object cannot be read, except to tell its user. */
    @Override
    Optional<UpdateControl<PostgresCluster>> instead(PostgresCluster cluster) {
        Optional<String> why = Unreadable.why(cluster);
        why.ifPresent(words -> leave(cluster, words));
        return why.map(words -> UpdateControl.noUpdate());
    }

    private void leave(PostgresCluster cluster, String why) {
        Finding finding = UnreadableReport.finding(why);
        LOG.error("{}", finding.message());
        telemetry.cluster(name(cluster), finding.reason());
        Optional<PostgresClusterStatus> before = Optional.ofNullable(cluster.getStatus());
        announcer.say(cluster, Events.of(before, List.of(finding)));
        UnreadableReport.of(cluster, why, clock.instant())
                .filter(told -> differs(before, told))
                .ifPresent(told -> tell(cluster, told));
    }

    /**
     * An API server that does not ratchet validation (before Kubernetes 1.30) refuses any write to an invalid object: then only the Event tells
     * the user.
     */
    private void tell(PostgresCluster cluster, PostgresClusterStatus status) {
        try {
            patch(cluster, status, false);
        } catch (KubernetesClientException e) {
            LOG.warn("the status cannot be written: {}", e.getMessage());
        }
    }
}
