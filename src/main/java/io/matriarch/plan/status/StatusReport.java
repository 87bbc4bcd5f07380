package io.matriarch.plan.status;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import io.matriarch.api.PostgresClusterStatus.Volume;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.plan.postgres.PostgresFitness;
import io.matriarch.plan.postgres.Replicas;
import io.matriarch.plan.postgres.Requests;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.step.Timestamp;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Heard;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.view.PodTrouble;
import io.matriarch.plan.workload.Repair;
import io.matriarch.plan.workload.Volumes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Builds the status from what was seen and what the steps returned. The same view gives the same status, times included. */
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

    /**
     * The status.
     *
     * @param more findings from carrying out the plan
     */
    public static PostgresClusterStatus of(ClusterView view, Plan plan, List<Finding> more) {
        PostgresClusterStatus status = new StatusReport(view, plan, more).status();
        return view.paused() ? status : Intent.onto(status, plan.remember(), PostgresClusterStatus.class);
    }

    private PostgresClusterStatus status() {
        Optional<PostgresClusterStatus> before = view.status();
        Optional<MemberReport> primary = view.primary().flatMap(Member::report);
        List<PostgresClusterStatus.Request> requests = view.paused()
                ? Requests.paused(view)
                        .or(() -> before.map(PostgresClusterStatus::requests))
                        .orElse(List.of())
                : Requests.of(view).told();
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
                new Conditions(view, plan, findings).all(),
                Ready.since(view).orElse(null),
                Repair.replacing(view, new PostgresFitness(view)).orElse(null),
                PostgresFitness.leaving(view).orElse(null),
                Events.announced(findings));
    }

    /** The last change of the primary, as the primary reports it; its time is when the operator first saw it. */
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
                                seconds(change.millis()),
                                Timestamp.of(view.now()),
                                change.message(),
                                seconds(change.millis()),
                                change.outage() == null ? null : seconds(change.outage()))))
                .or(() -> before);
    }

    private static String seconds(long millis) {
        return String.format(Locale.ROOT, "%.3fs", millis / MILLIS);
    }

    private PostgresClusterStatus.Member member(Member member) {
        Optional<MemberReport> report = member.report().filter(r -> Heard.is(view, member));
        return new PostgresClusterStatus.Member(
                member.name(),
                Heard.role(view, member).map(Enum::name).orElse(null),
                Heard.state(view, member),
                member.report().map(MemberReport::timeline).filter(t -> t > 0).orElse(null),
                Replicas.acknowledges(view, member).orElse(null),
                member.ready(),
                report.map(r -> !r.pendingRestart().isEmpty()).orElse(null),
                member.revision().isEmpty() ? null : member.revision(),
                PodTrouble.of(view, member).map(PodTrouble::message).orElse(null),
                Heard.since(view, member).orElse(null));
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
}
