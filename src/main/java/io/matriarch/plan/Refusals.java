package io.matriarch.plan;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import io.matriarch.render.Availability;
import java.util.List;
import java.util.Optional;

/** Why a command cannot be carried out as things are, as far as the operator can tell; how far a replica lags, only the members know. */
final class Refusals {
    private Refusals() {}

    static Optional<String> of(ClusterView view, Command command) {
        if (!view.bootstrapped()) {
            return Optional.of("the cluster has no database yet");
        }
        return switch (command.kind()) {
            case Switchover -> switchover(view, command);
            case Rebuild -> rebuild(view, command);
            case ForceFailover ->
                view.primary()
                        .map(primary ->
                                "%s serves as primary, so there is nothing to force; matriarch.io/switchover moves the primary without losing anything"
                                        .formatted(primary.name()));
        };
    }

    private static Optional<String> switchover(ClusterView view, Command command) {
        if (view.spec().instances() == 1 && view.replicas() == 1) {
            return Optional.of("a cluster of one instance has no replica to hand over to");
        }
        if (view.primary().isEmpty()) {
            return Optional.of(
                    "no member serves as primary, so nothing can be handed over; members elect another one by themselves, and matriarch.io/force-failover is for when they cannot");
        }
        if (command.pod().isEmpty()) {
            return candidates(view).isEmpty()
                    ? Optional.of("no replica streams, so nobody could take over")
                    : Optional.empty();
        }
        Optional<String> absent = absent(view, command.pod());
        if (absent.isPresent()) {
            return absent;
        }
        if (view.primary().map(Member::name).filter(command.pod()::equals).isPresent()) {
            return Optional.of("%s is the primary already".formatted(command.pod()));
        }
        return view.member(Names.ordinal(command.pod()))
                .filter(m -> !streams(m))
                .map(m -> "%s is %s and not ready to take over; ask again once it streams"
                        .formatted(m.name(), Readiness.state(m)));
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
        Optional<Member> primary = view.primary();
        if (primary.map(Member::name)
                .or(view::holder)
                .filter(command.pod()::equals)
                .isPresent()) {
            return Optional.of("%s is the primary; switch over to another member first".formatted(command.pod()));
        }
        return primary.isPresent()
                ? Optional.empty()
                : Optional.of("no member serves as primary, so there is nothing to clone from");
    }

    private static Optional<String> absent(ClusterView view, String pod) {
        int ordinal = Names.ordinal(pod);
        int members = members(view);
        if (ordinal < 0 || ordinal >= members || !pod.equals(view.names().pod(ordinal))) {
            return Optional.of("%s is no member of this cluster: its members are %s to %s"
                    .formatted(pod, view.names().pod(0), view.names().pod(members - 1)));
        }
        if (view.member(ordinal).filter(m -> !m.terminating()).isEmpty()) {
            return Optional.of("the pod %s is not there; ask again once it is".formatted(pod));
        }
        return Availability.fenced(view.spec(), members).contains(ordinal)
                ? Optional.of("%s is fenced; take it out of spec.fencedInstances first".formatted(pod))
                : Optional.empty();
    }

    /** How many members the agents know of. */
    private static int members(ClusterView view) {
        return view.settings().map(Settings::instances).orElse(view.replicas());
    }

    /** Replicas that could take over, as far as the operator can tell. */
    static List<Member> candidates(ClusterView view) {
        List<Integer> fenced = Availability.fenced(view.spec(), members(view));
        return view.members().stream()
                .filter(m -> view.primary().filter(m::equals).isEmpty())
                .filter(m -> m.ordinal() < members(view) && !fenced.contains(m.ordinal()) && streams(m))
                .toList();
    }

    static boolean streams(Member member) {
        return member.ready()
                && member.report()
                        .filter(r -> r.state() == State.Streaming && r.role() == MemberReport.Role.Replica)
                        .isPresent();
    }
}
