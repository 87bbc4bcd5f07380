package io.matriarch.plan.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.postgres.Replicas;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Finding.Topic;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.step.Said;
import io.matriarch.plan.step.Timestamp;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.workload.Shape;
import io.matriarch.plan.workload.Volumes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The conditions. Each is True or False only because of what this view shows; what cannot be seen now is Unknown. Ready, Reconciling and Stalled
 * mean what kstatus reads in them: Stalled excludes Reconciling, and an object that is neither ready nor stalled is Reconciling.
 */
public final class Conditions {
    private final ClusterView view;
    private final Plan plan;
    private final List<Finding> findings;

    Conditions(ClusterView view, Plan plan, List<Finding> findings) {
        this.view = view;
        this.plan = plan;
        this.findings = findings;
    }

    List<Condition> all() {
        Said ready = new Ready(view, findings).said();
        Said stalled = stalled();
        List<Condition> conditions = new ArrayList<>();
        conditions.add(condition("Ready", ready));
        conditions.add(condition("Reconciling", reconciling(ready, stalled)));
        conditions.add(condition("Stalled", stalled));
        conditions.add(condition("ReplicationHealthy", bad(Topic.Replication).orElseGet(() -> Replicas.healthy(view))));
        conditions.add(condition("SynchronousReplication", Replicas.promise(view)));
        conditions.add(condition("VolumesHealthy", bad(Topic.Volumes).orElseGet(() -> Volumes.healthy(view))));
        conditions.add(condition(
                "ConfigurationAccepted", bad(Topic.Configuration).orElseGet(() -> Configuration.accepted(view))));
        conditions.add(condition(
                "PendingRestart",
                pending(Topic.Restart)
                        .or(() -> Configuration.unheard(view))
                        .orElseGet(() -> Said.no("NothingPending", ""))));
        conditions.add(condition(
                "UpgradePending",
                pending(Topic.Upgrade).or(() -> Shape.unseen(view)).orElseGet(() -> Said.no("UpToDate", ""))));
        return conditions;
    }

    private Said stalled() {
        List<Finding> blocking = about(Finding::needsUser);
        return blocking.isEmpty()
                ? Said.no("NotStalled", "")
                : Said.yes(blocking.getFirst().reason(), Finding.messages(blocking));
    }

    private Said reconciling(Said ready, Said stalled) {
        String work = work();
        if (view.paused()) {
            return Said.no(Ready.PAUSED, "spec.paused is true: the operator observes, and changes nothing");
        }
        if (stalled.status().equals("True")) {
            return Said.no("Stalled", "waiting for what the condition Stalled names");
        }
        if (!plan.settled() || !ready.status().equals("True")) {
            return Said.yes("Working", work.isEmpty() ? "waiting for the members to be ready" : work);
        }
        if (!about(f -> f.topic() == Topic.Restart).isEmpty()) {
            return Said.no(
                    "RestartPending",
                    "the spec is applied. Changed parameters take effect when PostgreSQL is restarted: see the condition PendingRestart");
        }
        if (!about(f -> f.topic() == Topic.Upgrade).isEmpty()) {
            return Said.no(
                    "UpgradePending",
                    "the spec is applied. Running pods keep the former template until they are replaced: see the condition UpgradePending");
        }
        return Said.no("Settled", "everything matches the spec");
    }

    private String work() {
        if (!plan.waits().isEmpty()) {
            return "waiting for " + String.join("; ", plan.waits());
        }
        return plan.actions().isEmpty()
                ? ""
                : plan.actions().stream()
                        .map(p -> p.action().target())
                        .limit(3)
                        .collect(Collectors.joining(", ", "writing ", ""));
    }

    private Optional<Said> bad(Topic topic) {
        List<Finding> told = about(f -> f.topic() == topic);
        return told.isEmpty()
                ? Optional.empty()
                : Optional.of(Said.no(told.getFirst().reason(), Finding.messages(told)));
    }

    private Optional<Said> pending(Topic topic) {
        return bad(topic).map(said -> Said.yes(said.reason(), said.message()));
    }

    private List<Finding> about(Predicate<Finding> which) {
        return findings.stream().filter(which).toList();
    }

    private Condition condition(String type, Said said) {
        String since = view.condition(type)
                .filter(c -> said.status().equals(c.getStatus()))
                .map(Condition::getLastTransitionTime)
                .orElseGet(() -> Timestamp.of(view.now()));
        return new ConditionBuilder()
                .withType(type)
                .withStatus(said.status())
                .withReason(said.reason())
                .withMessage(said.message())
                .withObservedGeneration(
                        Objects.requireNonNullElse(view.cluster().getMetadata().getGeneration(), 0L))
                .withLastTransitionTime(since)
                .build();
    }
}
