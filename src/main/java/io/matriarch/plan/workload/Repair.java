package io.matriarch.plan.workload;

import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.PostgresClusterSpec.PodManagementPolicy;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.plan.postgres.Refusals;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.view.PodTrouble;
import io.matriarch.render.Availability;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Pods that are broken and not what the newest template would make (rollout.md section 0 and 2.5, design C). They are down already, so that
 * replacing them costs nothing; pods that work are never touched.
 *
 * <ol>
 *   <li>Unlock: strategy OnDelete, and which pod it is for, in one write.
 *   <li>When the StatefulSet's controller has seen it: delete that pod, as it was seen.
 *   <li>When its successor is there: lock again.
 * </ol>
 *
 * Before the cluster has a database nothing is locked, and an outdated pod is simply deleted.
 */
public final class Repair {
    /** Annotation on the StatefulSet: uid of the pod that is being replaced. */
    public static final String UNLOCKED = "matriarch.io/unlocked-for";

    private static final Duration RECHECK = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Repair() {}

    public static Result step(ClusterView view) {
        Optional<StatefulSet> statefulSet = view.statefulSet();
        if (statefulSet.isEmpty()) {
            return new Done();
        }
        if (!Shape.observed(statefulSet.get())) {
            return new Wait("the StatefulSet's controller", RECHECK);
        }
        if (!view.hadDatabase()) {
            return outdated(view)
                    .findFirst()
                    .<Result>map(m -> delete(m, "made from a template that was corrected since"))
                    .orElse(new Done());
        }
        Optional<String> unlocked = Shape.unlocked(statefulSet.get());
        if (unlocked.isPresent()) {
            return replace(view, unlocked.get());
        }
        return outdated(view)
                .filter(m -> mayGo(view, m))
                .findFirst()
                .<Result>map(m -> Act.andLook(List.of(new Action.Apply(Shape.unlockedFor(view, m.uid()))), List.of()))
                .orElse(new Done());
    }

    private static Stream<Member> outdated(ClusterView view) {
        Optional<String> revision = Shape.updateRevision(view);
        List<Member> outdated = view.members().stream()
                .filter(m -> !m.terminating())
                .filter(m -> revision.filter(r -> !r.equals(m.revision())).isPresent())
                .toList();
        // OrderedReady makes nothing above a broken pod: the lowest first. Otherwise from the top, as a StatefulSet
        // does. Who holds the Lease is the last.
        List<Member> order =
                view.spec().podManagementPolicy() == PodManagementPolicy.OrderedReady ? outdated : outdated.reversed();
        return Stream.concat(
                order.stream().filter(m -> !holds(view, m)), order.stream().filter(m -> holds(view, m)));
    }

    /**
     * Whether a pod is broken, and nothing that the cluster needs runs in it. Where only a sidecar is broken PostgreSQL may run: then somebody else
     * must be the primary, or, for the primary itself, be ready to take over when it is told to end.
     */
    private static boolean mayGo(ClusterView view, Member member) {
        if (PodTrouble.of(view, member).filter(PodTrouble::broken).isEmpty()) {
            return false;
        }
        if (!PodTrouble.mayServe(view, member) || view.replicas() == 1) {
            return true;
        }
        if (Availability.fenced(view.spec(), view.replicas()).contains(member.ordinal())) {
            return false;
        }
        return holds(view, member)
                ? !Refusals.candidates(view).isEmpty()
                : view.members().stream()
                        .anyMatch(m -> m.servesAsPrimary() || (claims(m) && PodTrouble.mayServe(view, m)));
    }

    private static boolean holds(ClusterView view, Member member) {
        return claims(member) || view.holder().filter(member.name()::equals).isPresent();
    }

    private static boolean claims(Member member) {
        return member.report()
                .filter(r -> r.role() == MemberReport.Role.Primary)
                .isPresent();
    }

    private static Result replace(ClusterView view, String uid) {
        Optional<Member> member =
                view.members().stream().filter(m -> m.uid().equals(uid)).findFirst();
        if (member.isEmpty()) {
            return view.members().size() < view.replicas()
                            && view.notice("StatefulSet", view.names().statefulSet(), "FailedCreate")
                                    .isEmpty()
                    ? new Wait("the pod that replaces a broken one", RECHECK)
                    : lock(view);
        }
        if (!member.get().terminating()) {
            return mayGo(view, member.get())
                    ? delete(member.get(), "broken, and made from a template that was changed since")
                    : lock(view);
        }
        Instant due = Instant.parse(member.get().pod().getMetadata().getDeletionTimestamp());
        return view.now().isAfter(due.plus(PATIENCE))
                ? lock(view)
                : new Wait(member.get().name() + " to end", RECHECK);
    }

    private static Result delete(Member member, String why) {
        return Act.andLook(List.of(new Action.Delete(member.pod(), why)), List.of());
    }

    private static Result lock(ClusterView view) {
        return Act.andLook(List.of(new Action.Apply(Shape.locked(view))), List.of());
    }
}
