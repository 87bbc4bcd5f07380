package io.matriarch.plan.workload;

import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Settings;
import io.matriarch.plan.postgres.HandOver;
import io.matriarch.plan.postgres.Refusals;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.render.Availability;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * More members and fewer, one after another (docs/contract.md, "Scaling").
 *
 * <ol>
 *   <li>Up: membership n+1 in the settings, the claim, then the pod; the next when that member is ready.
 *   <li>Down: if the member on top is the primary, a member that stays takes over first ({@link HandOver}); membership n-1 in the settings; the member on top stops, the primary gives up its slot and membership; only then is the pod
 *       taken away.
 * </ol>
 *
 * Before there is a database all pods are made, or taken away, at once. While there is one and its Lease is missing nobody leaves.
 */
public final class Scale {
    private static final Duration RECHECK = Duration.ofSeconds(5);

    private Scale() {}

    /** How many members the agents are told to be. */
    public static int memberships(ClusterView view) {
        int wanted = view.spec().instances();
        int replicas = view.replicas();
        if (!view.hadDatabase()) {
            return wanted;
        }
        if (!view.bootstrapped() || replicas == 0) {
            // Whoever was a member may have the newest data.
            return Math.max(told(view).orElse(wanted), wanted);
        }
        if (wanted > replicas) {
            return settled(view, replicas)
                    ? replicas + 1
                    : Math.clamp(told(view).orElse(replicas), replicas, replicas + 1);
        }
        if (wanted < replicas) {
            boolean begun = told(view).orElse(replicas) < replicas;
            return begun || obstacle(view).isEmpty() ? replicas - 1 : replicas;
        }
        return replicas;
    }

    /** How many pods there shall be now. */
    static int pods(ClusterView view) {
        if (view.statefulSet().isEmpty() || !view.hadDatabase()) {
            return memberships(view);
        }
        return Math.max(view.replicas(), memberships(view));
    }

    private static Optional<Integer> told(ClusterView view) {
        return view.settings().map(Settings::instances);
    }

    private static boolean settled(ClusterView view, int replicas) {
        List<Integer> fenced = Availability.fenced(view.spec(), replicas);
        for (int ordinal = 0; ordinal < replicas; ordinal++) {
            if (!fenced.contains(ordinal)
                    && view.member(ordinal).filter(Member::ready).isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** What keeps the member on top from leaving. */
    private static Optional<Finding> obstacle(ClusterView view) {
        String top = view.names().pod(view.replicas() - 1);
        if (view.primary().isEmpty()) {
            return Optional.of(
                    Finding.trouble("NoPrimary", "%s cannot leave while the cluster has no primary".formatted(top)));
        }
        if (view.holder().filter(top::equals).isPresent()
                || view.primary().map(Member::name).filter(top::equals).isPresent()) {
            return Optional.of(Finding.trouble("PrimaryWouldLeave", HandOver.story(view)));
        }
        int left = view.replicas() - 1;
        int needed = Availability.replication(view.spec(), left).acknowledgements();
        long streaming = Refusals.candidates(view).stream()
                .filter(m -> m.ordinal() < left)
                .count();
        return streaming >= needed
                ? Optional.empty()
                : Optional.of(Finding.trouble(
                        "QuorumWouldBreak",
                        "%s stays for now: without it %d of the replicas that remain would have to acknowledge each commit, and %d stream. Bring them back, or set spec.replication.mode to Async"
                                .formatted(top, needed, streaming)));
    }

    public static Result step(ClusterView view) {
        Optional<StatefulSet> statefulSet = view.statefulSet();
        if (statefulSet.isEmpty()) {
            return new Done();
        }
        int wanted = view.spec().instances();
        int replicas = view.replicas();
        if (wanted == replicas) {
            return new Done();
        }
        if (!view.hadDatabase()) {
            return resize(view, wanted);
        }
        if (!view.bootstrapped()) {
            return wanted > replicas
                    ? resize(view, wanted)
                    : new Wait("the Lease to be there again before a member may leave", RECHECK);
        }
        return wanted > replicas ? up(view, replicas) : down(view, replicas);
    }

    private static Result up(ClusterView view, int replicas) {
        if (!settled(view, replicas)) {
            return new Wait(
                    "every member to be ready before %s is added"
                            .formatted(view.names().pod(replicas)),
                    RECHECK);
        }
        if (told(view).orElse(0) <= replicas) {
            // The settings go first; this pass writes them.
            return new Wait("the settings for %s".formatted(view.names().pod(replicas)), RECHECK);
        }
        return resize(view, replicas + 1);
    }

    private static Result down(ClusterView view, int replicas) {
        int top = replicas - 1;
        String pod = view.names().pod(top);
        if (told(view).orElse(replicas) > top) {
            Optional<Finding> obstacle = obstacle(view);
            if (obstacle.isPresent()) {
                return new Wait("%s to be free to leave".formatted(pod), RECHECK, obstacle.get());
            }
            return new Wait("%s to be told to leave".formatted(pod), RECHECK);
        }
        if (view.holder().filter(pod::equals).isPresent()) {
            return new Wait("%s to give the Lease back".formatted(pod), RECHECK);
        }
        Optional<MemberReport> primary = view.primary().flatMap(Member::report);
        boolean left = view.lease()
                        .map(ClusterLease::members)
                        .filter(m -> !m.contains(top))
                        .isPresent()
                && !voters(view).contains(top)
                && primary.filter(report -> !report.members().contains(top)).isPresent();
        if (!left) {
            return new Wait("the primary to give up the slot and membership of %s".formatted(pod), RECHECK);
        }
        if (view.member(top)
                        .flatMap(Member::report)
                        .filter(r -> r.state() == MemberReport.State.Streaming
                                || r.state() == MemberReport.State.Cloning
                                || r.role() == MemberReport.Role.Primary)
                        .isPresent()
                && view.member(top).filter(Member::ready).isPresent()) {
            return new Wait("%s to stop".formatted(pod), RECHECK);
        }
        return resize(view, top);
    }

    /** Who acknowledges commits, as the Lease has it. */
    public static List<Integer> voters(ClusterView view) {
        return view.lease()
                .map(ClusterLease::sync)
                .map(ClusterLease.Sync::voters)
                .orElse(List.of());
    }

    private static Result resize(ClusterView view, int replicas) {
        return Act.andLook(List.of(new Action.Apply(Shape.resized(view, replicas))), List.of());
    }
}
