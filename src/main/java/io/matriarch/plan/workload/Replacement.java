package io.matriarch.plan.workload;

import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Affected;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.step.Timestamp;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Replaces one pod by one of the newest template, while no other pod can be replaced.
 *
 * <ol>
 *   <li>Remember in the status which pod it is.
 *   <li>Unlock the StatefulSet: set the strategy OnDelete and the pod that it is for, in one write.
 *   <li>When the StatefulSet's controller has seen that, delete the pod, as it was seen.
 *   <li>When its successor exists, lock again.
 * </ol>
 *
 * After a crash the operator continues from the status and the StatefulSet. It also locks the StatefulSet again if the pod no longer needs to be
 * replaced, or does not end, or if no successor can be created.
 *
 * @param affected the member, as the status has it
 */
record Replacement(Affected affected) {
    private static final Duration RECHECK = Duration.ofSeconds(5);

    /** How long after the end of its grace period the operator waits for a pod to end. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** What comes next. */
    enum Stage {
        Unlock,
        Delete,
        /** The pod is terminating. */
        AwaitEnd,
        AwaitSuccessor,
        Lock
    }

    static Replacement of(Member member, Instant now) {
        return new Replacement(new Affected(member.name(), member.uid(), Timestamp.of(now)));
    }

    /**
     * The replacement that the status remembers, until it is over: the StatefulSet is unlocked for it, or can still be.
     *
     * @param wanted whether a pod still needs to be replaced
     */
    static Optional<Replacement> remembered(ClusterView view, Predicate<Member> wanted) {
        return view.status()
                .map(PostgresClusterStatus::replacing)
                .map(Replacement::new)
                .filter(r -> r.unlocked(view)
                        || r.member(view)
                                .filter(m -> !m.terminating() && wanted.test(m))
                                .isPresent());
    }

    private boolean unlocked(ClusterView view) {
        return view.statefulSet()
                .flatMap(Shape::unlocked)
                .filter(uid -> uid.equals(affected.uid()))
                .isPresent();
    }

    private Optional<Member> member(ClusterView view) {
        return view.members().stream()
                .filter(m -> m.uid().equals(affected.uid()))
                .findFirst();
    }

    /**
     * What comes next.
     *
     * @param wanted whether a pod still needs to be replaced
     */
    Stage stage(ClusterView view, Predicate<Member> wanted) {
        if (!unlocked(view)) {
            return Stage.Unlock;
        }
        Optional<Member> member = member(view);
        if (member.isEmpty()) {
            boolean refused = view.notice("StatefulSet", view.names().statefulSet(), "FailedCreate")
                    .isPresent();
            return view.members().size() < view.replicas() && !refused ? Stage.AwaitSuccessor : Stage.Lock;
        }
        if (!member.get().terminating()) {
            return wanted.test(member.get()) ? Stage.Delete : Stage.Lock;
        }
        Instant due = Instant.parse(member.get().pod().getMetadata().getDeletionTimestamp());
        return view.now().isAfter(due.plus(PATIENCE)) ? Stage.Lock : Stage.AwaitEnd;
    }

    /** The next step. */
    Result next(ClusterView view, Fitness fitness, Predicate<Member> wanted) {
        return switch (stage(view, wanted)) {
            case Unlock ->
                apply(Shape.unlockedFor(view, member(view).orElseThrow().uid()))
                        .remembering(new Intent("replacing", affected));
            case Delete ->
                delete(member(view).orElseThrow(), "broken, and made from a template that was changed since");
            case AwaitEnd -> new Wait(affected.member() + " to end", RECHECK);
            case AwaitSuccessor -> new Wait("the pod that replaces a broken one", RECHECK);
            case Lock -> lock(view, fitness);
        };
    }

    /** Locks the StatefulSet: no pod is replaced any more. */
    static Result lock(ClusterView view, Fitness fitness) {
        return apply(Shape.locked(view, fitness));
    }

    /** Deletes a pod as it was seen. */
    static Result delete(Member member, String why) {
        return Act.andLook(List.of(new Action.Delete(member.pod(), why)), List.of());
    }

    private static Act apply(StatefulSet statefulSet) {
        return Act.andLook(List.of(new Action.Apply(statefulSet)), List.of());
    }
}
