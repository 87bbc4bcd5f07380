package io.matriarch.plan.objects;

import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Step;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.view.ClusterView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The Services, and the PodDisruptionBudget, which exists as long as there are, or are to be, more than one member. */
public final class Exposure {
    private Exposure() {}

    public static Result step(ClusterView view) {
        List<Action> actions = new ArrayList<>(Wanted.applied(view, Wanted.services(view.rendering())));
        Optional<PodDisruptionBudget> budget =
                Wanted.disruptionBudget(view.rendering(), Math.max(view.spec().instances(), view.replicas()));
        if (budget.isPresent()) {
            actions.addAll(Wanted.applied(view, List.of(budget.get())));
        } else {
            view.find(PodDisruptionBudget.class, view.names().podDisruptionBudget())
                    .filter(live -> Wanted.ours(view.cluster(), live))
                    .ifPresent(live -> actions.add(new Action.Delete(live, "not wanted any more")));
        }
        return Step.actOrDone(actions, List.of());
    }
}
