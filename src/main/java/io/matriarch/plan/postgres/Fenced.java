package io.matriarch.plan.postgres;

import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.plan.step.Said;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Heard;
import io.matriarch.plan.view.Member;
import io.matriarch.render.Availability;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Members that {@code spec.fencedInstances} names: whether their PostgreSQL has stopped. The spec is no evidence that it has. */
public final class Fenced {
    static final String REASON = "Fenced";

    /** Reason while a member that must be stopped has not reported that it is. */
    static final String GOING_ON = "Fencing";

    /** States without any process of PostgreSQL. A member reports {@code Stopped} while it is still stopping, too. */
    private static final Set<State> AT_REST = Set.of(State.Waiting, State.Failed);

    private Fenced() {}

    static List<String> pods(ClusterView view) {
        return Availability.fenced(view.spec(), view.replicas()).stream()
                .map(view.names()::pod)
                .toList();
    }

    /**
     * Fenced members whose PostgreSQL still runs, as far as the operator can tell: their pod is ready, or their report is still valid and names a
     * state other than Waiting or Failed.
     */
    static List<String> running(ClusterView view) {
        return Availability.fenced(view.spec(), view.replicas()).stream()
                .map(view::member)
                .flatMap(Optional::stream)
                .filter(member -> member.ready()
                        || (Heard.is(view, member)
                                && member.report()
                                        .filter(r -> !AT_REST.contains(r.state()))
                                        .isPresent()))
                .map(Member::name)
                .toList();
    }

    /** Says why a condition is Unknown when the members that could answer are fenced. */
    static Said said(String message, List<String> running) {
        return running.isEmpty()
                ? Said.unknown(REASON, message)
                : Said.unknown(
                        GOING_ON,
                        "%s; %s not stopped yet"
                                .formatted(
                                        message,
                                        String.join(", ", running) + (running.size() == 1 ? " has" : " have")));
    }
}
