package io.matriarch.plan.postgres;

import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Command;
import io.matriarch.plan.view.Heard;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.workload.Budget.Disruption;
import io.matriarch.plan.workload.Budget.Obstacle;
import io.matriarch.render.Availability;
import io.matriarch.render.Validation;
import java.util.List;
import java.util.Optional;

/** Why a command cannot be carried out at present, as far as the operator can tell; only the members know how far a replica lags. */
public final class Refusals {
    private Refusals() {}

    static Optional<String> of(ClusterView view, Command command) {
        if (!view.bootstrapped()) {
            return Optional.of(
                    view.hadDatabase()
                            ? "the cluster's Lease is missing, and its members cannot take commands until it is back"
                            : "the cluster has no database yet");
        }
        List<String> problems = Validation.problems(view.rendering());
        if (!problems.isEmpty()) {
            return Optional.of(
                    "the spec is refused, and nothing is carried out until it is corrected: " + problems.getFirst());
        }
        if (command.empty()) {
            return Optional.of(empty(view, command.kind()));
        }
        return switch (command.kind()) {
            case Switchover -> switchover(view, command);
            case Rebuild -> rebuild(view, command);
            case ForceFailover -> force(view, command);
        };
    }

    private static String empty(ClusterView view, RequestKind kind) {
        String pod = view.names().pod(Math.max(view.replicas(), 1) - 1);
        return switch (kind) {
            case Switchover ->
                "the annotation is empty; give the member to move to and an id of your choice, such as %s/monday, or /monday for the best one"
                        .formatted(pod);
            case Rebuild ->
                "the annotation is empty; give the member to rebuild and an id of your choice, such as %s/monday"
                        .formatted(pod);
            case ForceFailover ->
                "the annotation is empty; give an id of your choice, such as monday. The members promote the best one; commits that it lacks are lost";
        };
    }

    private static Optional<String> force(ClusterView view, Command command) {
        Optional<Member> primary = view.primary();
        if (primary.isPresent()) {
            return Optional.of(
                    "%s serves as primary, so there is nothing to force; matriarch.io/switchover moves the primary without losing anything"
                            .formatted(primary.get().name()));
        }
        String value = command.id().substring(command.id().indexOf(':') + 1);
        String pod = value.split("/", 2)[0];
        if (Names.ordinal(pod) >= 0 && pod.equals(view.names().pod(Names.ordinal(pod)))) {
            return Optional.of(
                    "a failover cannot be forced onto a member of your choice: the members promote the best one that is available. Give only an id of your choice, such as monday, not %s"
                            .formatted(value));
        }
        int members = Standbys.members(view);
        return Availability.fenced(view.spec(), members).size() == members
                ? Optional.of(
                        "every member is fenced, so none can be promoted; remove the best ones from spec.fencedInstances first")
                : Optional.empty();
    }

    private static Optional<String> switchover(ClusterView view, Command command) {
        if (view.spec().instances() == 1 && view.replicas() == 1) {
            return Optional.of("a cluster of one instance has no replica to hand over to");
        }
        if (view.primary().isEmpty()) {
            return Optional.of(
                    "no member serves as primary, so nothing can be handed over; the members elect a primary by themselves, and matriarch.io/force-failover is for when they cannot");
        }
        if (command.pod().isEmpty()) {
            return Standbys.of(view).isEmpty()
                    ? Optional.of("no replica streams, so no member could take over")
                    : Optional.empty();
        }
        Optional<String> absent = absent(view, command.pod());
        if (absent.isPresent()) {
            return absent;
        }
        if (view.primary().map(Member::name).filter(command.pod()::equals).isPresent()) {
            return Optional.of("%s is the primary already".formatted(command.pod()));
        }
        if (Names.ordinal(command.pod()) >= view.spec().instances()) {
            return Optional.of("%s is about to be removed, because spec.instances is %d; name a member that stays"
                    .formatted(command.pod(), view.spec().instances()));
        }
        return view.member(Names.ordinal(command.pod()))
                .filter(m -> !Standbys.streams(m))
                .map(m -> "%s is %s and not ready to take over; ask again once it streams"
                        .formatted(m.name(), Heard.state(view, m)));
    }

    private static Optional<String> rebuild(ClusterView view, Command command) {
        if (command.pod().isEmpty()) {
            return Optional.of("name the member to rebuild, such as %s"
                    .formatted(view.names().pod(Math.max(view.replicas(), 1) - 1)));
        }
        Optional<String> absent = absent(view, command.pod());
        if (absent.isPresent()) {
            return absent;
        }
        String pod = command.pod();
        return new PostgresFitness(view)
                .obstacle(Names.ordinal(pod), Disruption.Rebuild)
                .map(obstacle -> cannotRebuild(view, pod, obstacle));
    }

    private static String cannotRebuild(ClusterView view, String pod, Obstacle obstacle) {
        return switch (obstacle) {
            case Leads -> "%s is the primary; switch over to another member first".formatted(pod);
            case Holds ->
                "%s holds the Lease: it is the primary, or was the last one, and may have data that no other member has. It can be rebuilt once another member is the primary"
                        .formatted(pod);
            case NoLeader -> "no member serves as primary, so there is nothing to clone from";
            case TooFewFollow, NoSuccessor, Fenced, StillMember ->
                "commits would wait until %s is cloned: %d other replicas must acknowledge each, and %d stream. Bring them back first, or set spec.replication.whenUnavailable to Degrade meanwhile"
                        .formatted(
                                pod,
                                Availability.replication(view.spec(), Standbys.members(view))
                                        .acknowledgements(),
                                Standbys.of(view).stream()
                                        .filter(m -> !m.name().equals(pod))
                                        .count());
        };
    }

    private static Optional<String> absent(ClusterView view, String pod) {
        int ordinal = Names.ordinal(pod);
        int members = Standbys.members(view);
        if (ordinal < 0 || ordinal >= members || !pod.equals(view.names().pod(ordinal))) {
            return Optional.of("%s is no member of this cluster: its members are %s to %s"
                    .formatted(pod, view.names().pod(0), view.names().pod(members - 1)));
        }
        if (view.member(ordinal).filter(m -> !m.terminating()).isEmpty()) {
            return Optional.of("the pod %s does not exist; ask again once it does".formatted(pod));
        }
        return Availability.fenced(view.spec(), members).contains(ordinal)
                ? Optional.of("%s is fenced; remove it from spec.fencedInstances first".formatted(pod))
                : Optional.empty();
    }
}
