package io.matriarch.plan;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import io.matriarch.api.PostgresClusterStatus.Volume;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.plan.Finding.Topic;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The status, from what was seen and what the steps said. The same view gives the same status, times included. */
public final class StatusReport {
    private static final double MILLIS = 1000;

    private final ClusterView view;
    private final Plan plan;
    private final List<Finding> findings;

    private StatusReport(ClusterView view, Plan plan, List<Finding> more) {
        this.view = view;
        this.plan = plan;
        List<Finding> all = new ArrayList<>(plan.findings());
        all.addAll(more);
        this.findings = all.stream().distinct().toList();
    }

    /** The status of a paused cluster, when somebody asked for something: as it was, and that it is refused. */
    public static Optional<PostgresClusterStatus> paused(PostgresCluster cluster, Instant now) {
        return Requests.paused(cluster, now).map(requests -> {
            PostgresClusterStatus was = Optional.ofNullable(cluster.getStatus())
                    .orElse(new PostgresClusterStatus(
                            null, null, null, null, null, null, null, null, null, null, null, null, null, null));
            return new PostgresClusterStatus(
                    was.observedGeneration(),
                    was.instances(),
                    was.readyInstances(),
                    was.selector(),
                    was.primary(),
                    was.timeline(),
                    was.epoch(),
                    was.version(),
                    was.systemIdentifier(),
                    was.members(),
                    was.volumes(),
                    was.lastRoleChange(),
                    requests,
                    was.conditions());
        });
    }

    /**
     * The status.
     *
     * @param more what carrying the plan out has taught
     */
    public static PostgresClusterStatus of(ClusterView view, Plan plan, List<Finding> more) {
        return new StatusReport(view, plan, more).status();
    }

    private PostgresClusterStatus status() {
        Optional<PostgresClusterStatus> before = view.status();
        Optional<MemberReport> primary = view.primary().flatMap(Member::report);
        List<PostgresClusterStatus.Request> requests = Requests.of(view).told();
        return new PostgresClusterStatus(
                view.cluster().getMetadata().getGeneration(),
                view.members().size(),
                (int) view.members().stream().filter(Member::ready).count(),
                Labels.CLUSTER + "=" + view.names().cluster(),
                view.primary().map(Member::name).orElse(null),
                primary.map(MemberReport::timeline)
                        .or(() -> view.lease().map(ClusterLease::timeline).filter(t -> t > 0))
                        .orElse(null),
                view.lease().map(ClusterLease::epoch).filter(e -> e > 0).orElse(null),
                primary.map(MemberReport::serverVersion)
                        .or(() -> before.map(PostgresClusterStatus::version))
                        .orElse(null),
                view.lease()
                        .map(ClusterLease::systemIdentifier)
                        .or(() -> before.map(PostgresClusterStatus::systemIdentifier))
                        .orElse(null),
                view.members().stream().map(this::member).toList(),
                view.claims().stream().map(this::volume).toList(),
                lastRoleChange().orElse(null),
                requests.isEmpty() ? null : requests,
                conditions());
    }

    /** As the primary tells it; when it was is when it was seen first. */
    private Optional<RoleChange> lastRoleChange() {
        Optional<RoleChange> before = view.status().map(PostgresClusterStatus::lastRoleChange);
        return view.primary()
                .flatMap(primary -> primary.report()
                        .map(MemberReport::change)
                        .filter(change ->
                                before.filter(b -> b.epoch() >= change.epoch()).isEmpty())
                        .map(change -> new RoleChange(
                                change.epoch(),
                                change.from(),
                                primary.name(),
                                change.reason(),
                                String.format(Locale.ROOT, "%.3fs", change.millis() / MILLIS),
                                Requests.time(view.now()),
                                change.message())))
                .or(() -> before);
    }

    private PostgresClusterStatus.Member member(Member member) {
        Optional<MemberReport> report = member.report();
        return new PostgresClusterStatus.Member(
                member.name(),
                report.map(r -> r.role().name()).orElse(null),
                Readiness.state(member),
                report.map(MemberReport::timeline).filter(t -> t > 0).orElse(null),
                Replicas.acknowledges(view, member).orElse(null),
                member.ready(),
                report.map(r -> !r.pendingRestart().isEmpty()).orElse(null),
                member.revision().isEmpty() ? null : member.revision(),
                PodTrouble.of(view, member).map(PodTrouble::message).orElse(null));
    }

    private Volume volume(PersistentVolumeClaim claim) {
        String condition = null;
        if (view.ordinalOf(claim) >= Math.max(view.spec().instances(), view.replicas())) {
            condition = claim.getMetadata().getDeletionTimestamp() != null ? "Deleting" : "Retained";
        } else if (claim.getStatus() != null
                && !"Bound".equals(claim.getStatus().getPhase())) {
            condition = claim.getStatus().getPhase();
        } else if (Volumes.growing(claim)) {
            condition = "Growing";
        }
        return new Volume(
                claim.getMetadata().getName(),
                Volumes.requested(claim).toString(),
                Volumes.actual(claim).map(Quantity::toString).orElse(null),
                condition);
    }

    private List<Condition> conditions() {
        boolean waits = !plan.settled();
        String work = plan.waits().isEmpty()
                ? plan.actions().stream()
                        .map(p -> p.action().target())
                        .limit(3)
                        .collect(Collectors.joining(", ", "writing ", ""))
                : "waiting for " + String.join("; ", plan.waits());
        List<Finding> blocking = findings.stream().filter(Finding::needsUser).toList();
        List<Condition> conditions = new ArrayList<>();
        conditions.add(ready());
        conditions.add(condition(
                "Reconciling", waits, waits ? "Working" : "Settled", waits ? work : "everything is as the spec says"));
        conditions.add(condition(
                "Stalled",
                !blocking.isEmpty(),
                blocking.isEmpty() ? "NotStalled" : blocking.getFirst().reason(),
                blocking.isEmpty() ? "" : messages(blocking)));
        conditions.add(bad(Topic.Replication, "ReplicationHealthy", Replicas.reason(view), Replicas.text(view)));
        conditions.add(bad(Topic.Volumes, "VolumesHealthy", "Healthy", "every volume is as it shall be"));
        conditions.add(
                bad(Topic.Configuration, "ConfigurationAccepted", "Accepted", "PostgreSQL accepts the settings"));
        conditions.add(pending(Topic.Restart, "PendingRestart", "NothingPending"));
        conditions.add(pending(Topic.Upgrade, "UpgradePending", "UpToDate"));
        return conditions;
    }

    private Condition ready() {
        int wanted = view.spec().instances();
        long ready = view.members().stream()
                .filter(m -> m.ordinal() < wanted && m.ready())
                .count();
        boolean serves = view.primary().isPresent();
        boolean all = serves
                && ready == wanted
                && view.members().size() == wanted
                && view.replicas() == wanted
                && !Replicas.notYetSynchronous(view);
        String summary = "%d of %d members serve%s"
                .formatted(
                        ready,
                        wanted,
                        view.primary()
                                .map(p -> ", " + p.name() + " is the primary")
                                .orElse(""));
        List<Finding> notices = about(f -> f.topic() == Topic.Notice);
        if (all) {
            return condition("Ready", true, "Ready", notices.isEmpty() ? summary : summary + "; " + messages(notices));
        }
        List<Finding> troubles =
                about(f -> f.topic() == Topic.Cluster || f.topic() == Topic.Volumes || f.topic() == Topic.Notice);
        String reason = troubles.stream()
                .filter(Finding::needsUser)
                .findFirst()
                .or(() ->
                        troubles.stream().filter(f -> f.topic() != Topic.Notice).findFirst())
                .map(Finding::reason)
                .orElseGet(() -> reason(serves));
        return condition("Ready", false, reason, troubles.isEmpty() ? summary : summary + "; " + messages(troubles));
    }

    private String reason(boolean serves) {
        if (!view.served()) {
            return "Creating";
        }
        if (view.replicas() > view.spec().instances()) {
            return "ScalingDown";
        }
        if (view.replicas() < view.spec().instances()) {
            return "ScalingUp";
        }
        return serves ? "Degraded" : "NoPrimary";
    }

    private Condition bad(Topic topic, String type, String good, String text) {
        List<Finding> told = about(f -> f.topic() == topic);
        return told.isEmpty()
                ? condition(type, true, good, text)
                : condition(type, false, told.getFirst().reason(), messages(told));
    }

    private Condition pending(Topic topic, String type, String good) {
        List<Finding> told = about(f -> f.topic() == topic);
        return told.isEmpty()
                ? condition(type, false, good, "")
                : condition(type, true, told.getFirst().reason(), messages(told));
    }

    private List<Finding> about(Predicate<Finding> which) {
        return findings.stream().filter(which).toList();
    }

    private static String messages(List<Finding> told) {
        return told.stream().map(Finding::message).distinct().collect(Collectors.joining("; "));
    }

    private Condition condition(String type, boolean status, String reason, String message) {
        String value = status ? "True" : "False";
        String since = view.status()
                .map(PostgresClusterStatus::conditions)
                .flatMap(old -> old.stream()
                        .filter(c -> type.equals(c.getType()) && value.equals(c.getStatus()))
                        .findFirst())
                .map(Condition::getLastTransitionTime)
                .orElseGet(() -> Requests.time(view.now()));
        return new ConditionBuilder()
                .withType(type)
                .withStatus(value)
                .withReason(reason)
                .withMessage(message)
                .withObservedGeneration(
                        Objects.requireNonNullElse(view.cluster().getMetadata().getGeneration(), 0L))
                .withLastTransitionTime(since)
                .build();
    }
}
