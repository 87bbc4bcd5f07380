package io.matriarch.plan.workload;

import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * One pod is replaced by one of the newest template, and no other one can be meanwhile.
 *
 * <ol>
 *   <li>Unlock: strategy OnDelete, and which pod it is for, in one write.
 *   <li>When the StatefulSet's controller has seen it: delete that pod, as it was seen.
 *   <li>When its successor is there: lock again.
 * </ol>
 *
 * It is locked again, too, when the pod is not to be replaced any more, or does not end, or when no successor can be made.
 *
 * @param uid of the pod
 */
record Replacement(String uid) {
    private static final Duration RECHECK = Duration.ofSeconds(5);

    /** How long after the end of its grace period a pod is waited for. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** What comes next. */
    enum Stage {
        Unlock,
        Delete,
        /** The pod is on its way out. */
        AwaitEnd,
        AwaitSuccessor,
        Lock
    }

    static Replacement of(Member member) {
        return new Replacement(member.uid());
    }

    /** The one for which the StatefulSet is unlocked. */
    static Optional<Replacement> underWay(ClusterView view) {
        return view.statefulSet().flatMap(Shape::unlocked).map(Replacement::new);
    }

    /**
     * What comes next.
     *
     * @param wanted whether a pod is still to be replaced
     */
    Stage stage(ClusterView view, Predicate<Member> wanted) {
        if (view.statefulSet().flatMap(Shape::unlocked).filter(uid::equals).isEmpty()) {
            return Stage.Unlock;
        }
        Optional<Member> member =
                view.members().stream().filter(m -> m.uid().equals(uid)).findFirst();
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
            case Unlock -> apply(Shape.unlockedFor(view, uid));
            case Delete -> delete(member(view), "broken, and made from a template that was changed since");
            case AwaitEnd -> new Wait(member(view).name() + " to end", RECHECK);
            case AwaitSuccessor -> new Wait("the pod that replaces a broken one", RECHECK);
            case Lock -> apply(Shape.locked(view, fitness));
        };
    }

    private Member member(ClusterView view) {
        return view.members().stream()
                .filter(m -> m.uid().equals(uid))
                .findFirst()
                .orElseThrow();
    }

    /** Deletes a pod as it was seen. */
    static Result delete(Member member, String why) {
        return Act.andLook(List.of(new Action.Delete(member.pod(), why)), List.of());
    }

    private static Result apply(StatefulSet statefulSet) {
        return Act.andLook(List.of(new Action.Apply(statefulSet)), List.of());
    }
}
