package io.matriarch.plan.workload;

import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.workload.Budget.Disruption;
import io.matriarch.plan.workload.Budget.Obstacle;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Adds and removes members one after another (docs/contract.md, "Scaling").
 *
 * <ol>
 *   <li>Up: membership n+1 in the settings, the claim, then the pod; the next member when this one is ready.
 *   <li>Down: if the member with the highest ordinal leads, a member that stays takes over first. Then membership n-1 goes into the settings, the
 *       member with the highest ordinal stops, and the leader no longer counts it. Only then is its pod removed.
 * </ol>
 *
 * Before there is data, all pods are created or removed at once. While there is data and it is unknown whose counts, no member leaves.
 */
public final class Scale {
    private static final Duration RECHECK = Duration.ofSeconds(5);

    private Scale() {}

    public static Result step(ClusterView view, Fitness fitness) {
        int wanted = view.spec().instances();
        int replicas = view.replicas();
        if (view.statefulSet().isEmpty() || wanted == replicas) {
            return new Done();
        }
        if (!fitness.hasData()) {
            return resize(view, fitness, wanted);
        }
        if (!fitness.knowsItsData()) {
            return wanted > replicas
                    ? resize(view, fitness, wanted)
                    : new Wait("the Lease to be there again before a member may leave", RECHECK);
        }
        return wanted > replicas ? up(view, fitness, replicas) : down(view, fitness, replicas - 1);
    }

    private static Result up(ClusterView view, Fitness fitness, int replicas) {
        String pod = view.names().pod(replicas);
        if (!Membership.settled(view)) {
            return new Wait("every member to be ready before %s is added".formatted(pod), RECHECK);
        }
        if (fitness.told().orElse(0) <= replicas) {
            // The settings come first; this pass writes them.
            return new Wait("the settings for %s".formatted(pod), RECHECK);
        }
        return resize(view, fitness, replicas + 1);
    }

    private static Result down(ClusterView view, Fitness fitness, int top) {
        if (fitness.told().orElse(top + 1) > top) {
            String pod = view.names().pod(top);
            Optional<Obstacle> obstacle = fitness.obstacle(top, Disruption.Leave);
            return obstacle.<Result>map(o ->
                            new Wait("%s to be free to leave".formatted(pod), RECHECK, fitness.cannotLeave(top, o)))
                    .orElseGet(() -> new Wait("%s to be told to leave".formatted(pod), RECHECK));
        }
        return fitness.awaitedBeforeLeaving(top)
                .<Result>map(what -> new Wait(what, RECHECK))
                .orElseGet(() -> resize(view, fitness, top));
    }

    private static Result resize(ClusterView view, Fitness fitness, int replicas) {
        return Act.andLook(List.of(new Action.Apply(Shape.resized(view, fitness, replicas))), List.of());
    }
}
