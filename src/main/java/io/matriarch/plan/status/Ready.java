package io.matriarch.plan.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.postgres.Replicas;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Finding.Topic;
import io.matriarch.plan.step.Said;
import io.matriarch.plan.step.Timestamp;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.LastPrimary;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The condition Ready: whether every member that the spec wants serves now. Its reason is shown in the column Status. */
final class Ready {
    /** Reason while spec.paused is true. */
    static final String PAUSED = "Paused";

    /** Reasons that a cluster can have only if it was ready before. */
    private static final Set<String> LATER =
            Set.of("Degraded", "NoPrimary", LastPrimary.HANDING_OVER, "ScalingUp", "ScalingDown");

    private final ClusterView view;
    private final List<Finding> findings;

    Ready(ClusterView view, List<Finding> findings) {
        this.view = view;
        this.findings = findings;
    }

    Said said() {
        int wanted = view.spec().instances();
        long ready = view.members().stream()
                .filter(m -> m.ordinal() < wanted && m.ready())
                .count();
        String summary = "%d of %d members serve%s"
                .formatted(
                        ready,
                        wanted,
                        view.primary()
                                .map(p -> ", " + p.name() + " is the primary")
                                .orElse(""));
        List<Finding> notices = about(Topic.Notice);
        if (all(view)) {
            if (!notices.isEmpty()) {
                summary += "; " + Finding.messages(notices);
            }
            return view.paused()
                    ? Said.yes(PAUSED, summary + "; paused: the operator changes nothing")
                    : Said.yes("Ready", summary);
        }
        List<Finding> troubles = about(Topic.Cluster, Topic.Volumes);
        List<Finding> told = about(Topic.Cluster, Topic.Volumes, Topic.Notice);
        String reason = view.paused()
                ? PAUSED
                : troubles.stream()
                        .filter(Finding::needsUser)
                        .findFirst()
                        .or(() -> troubles.stream().findFirst())
                        .map(Finding::reason)
                        .orElseGet(this::reason);
        return Said.no(reason, told.isEmpty() ? summary : summary + "; " + Finding.messages(told));
    }

    private List<Finding> about(Topic... topics) {
        return findings.stream()
                .filter(finding -> List.of(topics).contains(finding.topic()))
                .toList();
    }

    private static boolean all(ClusterView view) {
        int wanted = view.spec().instances();
        return view.primary().isPresent()
                && view.members().size() == wanted
                && view.members().stream().allMatch(m -> m.ordinal() < wanted && m.ready())
                && view.replicas() == wanted
                && !Replicas.notYetSynchronous(view);
    }

    private String reason() {
        if (!view.served() || made(view)) {
            return "Creating";
        }
        int wanted = view.spec().instances();
        if (view.replicas() > wanted || view.members().stream().anyMatch(m -> m.ordinal() >= wanted)) {
            return "ScalingDown";
        }
        if (view.replicas() < wanted) {
            return "ScalingUp";
        }
        return view.primary().isPresent() ? "Degraded" : "NoPrimary";
    }

    /** Whether the cluster is still being created: it has never been ready, and no former operator reported it as having been. */
    static boolean made(ClusterView view) {
        return since(view).isEmpty()
                && view.condition("Ready")
                        .filter(c -> LATER.contains(c.getReason()))
                        .isEmpty();
    }

    /** When all members served for the first time. */
    static Optional<String> since(ClusterView view) {
        return view.status()
                .map(PostgresClusterStatus::readyAt)
                .or(() -> view.condition("Ready")
                        .filter(c -> "True".equals(c.getStatus()))
                        .map(Condition::getLastTransitionTime))
                .or(() -> all(view) ? Optional.of(Timestamp.of(view.now())) : Optional.empty());
    }
}
