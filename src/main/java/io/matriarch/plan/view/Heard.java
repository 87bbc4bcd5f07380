package io.matriarch.plan.view;

import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.plan.step.Timestamp;
import io.matriarch.render.PodTemplate;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Whether a member's last report is still valid. Reports are written only on change: the age of a report means nothing, but what happened to its
 * writer does. A member whose report is not valid has no role, and its report supports no condition.
 */
public final class Heard {
    /** State of a member that does not report, although its pod may be running. */
    static final String UNREACHABLE = "Unreachable";

    private Heard() {}

    /** Whether the member's report describes its present state. */
    public static boolean is(ClusterView view, Member member) {
        return member.report().isPresent()
                && !UNREACHABLE.equals(state(view, member))
                && down(member).isEmpty();
    }

    /** The present role; empty while it is unknown. */
    public static Optional<Role> role(ClusterView view, Member member) {
        return is(view, member)
                ? member.report()
                        .map(MemberReport::role)
                        .filter(role -> role != Role.Primary
                                || view.primary().filter(member::equals).isPresent())
                : Optional.empty();
    }

    /** What a member is doing, as far as it is known. */
    public static String state(ClusterView view, Member member) {
        if (PodTrouble.node(view, member).isPresent() || superseded(view, member) || fellSilent(member)) {
            return UNREACHABLE;
        }
        if (member.terminating()) {
            return "Terminating";
        }
        return down(member)
                .or(() -> member.report().map(MemberReport::state).map(Enum::name))
                .orElseGet(() -> phase(member).orElse("Pending"));
    }

    /** Since when the member has been unreachable: as the status said before, or as Kubernetes says. */
    public static Optional<String> since(ClusterView view, Member member) {
        if (!UNREACHABLE.equals(state(view, member))) {
            return Optional.empty();
        }
        return view.status()
                .map(PostgresClusterStatus::members)
                .flatMap(told -> told.stream()
                        .filter(m -> m.name().equals(member.name()) && UNREACHABLE.equals(m.state()))
                        .findFirst())
                .map(PostgresClusterStatus.Member::since)
                .or(() -> unready(member).map(PodCondition::getLastTransitionTime))
                .or(() -> Optional.of(Timestamp.of(view.now())));
    }

    /** Whether a member claims to be the primary while another one is the primary or holds the Lease. */
    static boolean superseded(ClusterView view, Member member) {
        if (member.report().filter(r -> r.role() == Role.Primary).isEmpty()) {
            return false;
        }
        return view.takenByOther(member)
                || (member.ready()
                        && view.primary().filter(p -> !p.equals(member)).isPresent());
    }

    /** Whether the pod has stopped being ready although its container is still running and the agent's last report was good. */
    private static boolean fellSilent(Member member) {
        boolean well = member.report()
                .filter(r -> r.state() == State.Running || r.state() == State.Streaming)
                .isPresent();
        Optional<Instant> started = container(member.pod())
                .map(c -> c.getState() == null ? null : c.getState().getRunning())
                .map(ContainerStateRunning::getStartedAt)
                .map(Instant::parse);
        return well
                && !member.terminating()
                && started.isPresent()
                && unready(member)
                        .map(PodCondition::getLastTransitionTime)
                        .map(Instant::parse)
                        .filter(at -> at.isAfter(started.get()))
                        .isPresent();
    }

    private static Optional<PodCondition> unready(Member member) {
        return member.pod().getStatus() == null
                ? Optional.empty()
                : member.pod().getStatus().getConditions().stream()
                        .filter(c -> "Ready".equals(c.getType()) && !"True".equals(c.getStatus()))
                        .findFirst();
    }

    /** The state of a member whose container has ended: the agent's last report no longer holds, except that it failed. */
    private static Optional<String> down(Member member) {
        Optional<String> ended = phase(member).filter(p -> p.equals("Failed") || p.equals("Succeeded"));
        if (ended.isPresent()) {
            return ended;
        }
        boolean runs = container(member.pod())
                .map(c -> c.getState() == null || c.getState().getRunning() != null)
                .orElse(true);
        return runs || member.report().isEmpty()
                ? Optional.empty()
                : member.report()
                        .map(r -> r.state() == State.Failed ? State.Failed : State.Stopped)
                        .map(Enum::name);
    }

    private static Optional<String> phase(Member member) {
        return Optional.ofNullable(member.pod().getStatus()).map(s -> s.getPhase());
    }

    private static Optional<ContainerStatus> container(Pod pod) {
        List<ContainerStatus> all = pod.getStatus() == null
                ? List.of()
                : Objects.requireNonNullElse(pod.getStatus().getContainerStatuses(), List.of());
        return all.stream()
                .filter(c -> PodTemplate.CONTAINER.equals(c.getName()))
                .findFirst();
    }
}
