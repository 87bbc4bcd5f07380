package io.matriarch.plan.postgres;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.Problem.Reason;
import io.matriarch.api.contract.Settings;
import io.matriarch.plan.objects.Wanted;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Said;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Heard;
import io.matriarch.plan.view.Member;
import io.matriarch.render.Availability;
import io.matriarch.render.SettingsDocument;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The settings document that the agents follow. A new request to the agents, which is a command or that a member must leave, is in the status
 * before it is in the document.
 */
public final class Configuration {
    /** States of a member whose PostgreSQL runs with the settings that it reports. */
    private static final Set<State> RUNNING = Set.of(State.Running, State.Streaming, State.Detached);

    private Configuration() {}

    public static Result step(ClusterView view) {
        ConfigMap desired = SettingsDocument.configMap(view.rendering(), wanted(view));
        List<Action> actions = Wanted.applied(view, List.of(desired));
        return actions.isEmpty()
                ? new Done()
                : Act.andGoOn(actions, List.of())
                        .remembering(
                                new Intent("requests", Requests.of(view).remembered()),
                                new Intent(
                                        "leaving", PostgresFitness.leaving(view).orElse(null)));
    }

    /**
     * The condition ConfigurationAccepted while no setting is refused: True only when every member that must run reports that it uses these
     * settings.
     */
    public static Said accepted(ClusterView view) {
        return refusedAtStart(view).or(() -> unheard(view)).orElseGet(() -> {
            String revision = wanted(view).revision();
            List<String> behind = running(view)
                    .filter(ordinal -> view.report(ordinal)
                            .filter(r -> revision.equals(r.settings()))
                            .isEmpty())
                    .mapToObj(view.names()::pod)
                    .toList();
            return behind.isEmpty()
                    ? Said.yes("Accepted", "PostgreSQL uses these settings on every member")
                    : Said.unknown(
                            "NotYetUsed",
                            "%s %s not reported yet that PostgreSQL uses these settings"
                                    .formatted(String.join(", ", behind), behind.size() == 1 ? "has" : "have"));
        });
    }

    /** A member refuses its settings and has no former ones to start with. */
    private static Optional<Said> refusedAtStart(ClusterView view) {
        return view.members().stream()
                .flatMap(member -> member.report().map(MemberReport::problem).stream())
                .filter(problem -> problem.is(Reason.SettingsRejected))
                .findFirst()
                .map(problem -> Said.no("ConfigurationRejected", problem.message() + ". Correct spec.postgres"));
    }

    /** Why it is unknown which settings every member uses; empty when every member that must run serves and its report is valid. */
    public static Optional<Said> unheard(ClusterView view) {
        if (running(view).findAny().isEmpty()) {
            return Optional.of(
                    view.replicas() > 0
                            ? Fenced.said("every member is fenced", Fenced.running(view))
                            : Said.unknown("Creating", "there are no members yet"));
        }
        List<String> silent = running(view)
                .filter(ordinal -> view.member(ordinal)
                        .filter(m -> Heard.is(view, m))
                        .flatMap(Member::report)
                        .filter(r -> RUNNING.contains(r.state()))
                        .isEmpty())
                .mapToObj(ordinal -> "%s (%s)"
                        .formatted(
                                view.names().pod(ordinal),
                                view.member(ordinal)
                                        .map(m -> Heard.state(view, m))
                                        .orElse("no pod")))
                .toList();
        return silent.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        Said.unknown("NotHeard", "PostgreSQL does not say on %s".formatted(String.join(", ", silent))));
    }

    private static IntStream running(ClusterView view) {
        List<Integer> fenced = Availability.fenced(view.spec(), view.replicas());
        return IntStream.range(0, view.replicas()).filter(ordinal -> !fenced.contains(ordinal));
    }

    public static Settings wanted(ClusterView view) {
        return SettingsDocument.of(
                view.rendering(),
                PostgresFitness.membership(view).members(),
                Bootstrapping.order(view).order(),
                Requests.of(view).asked());
    }
}
