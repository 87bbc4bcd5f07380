package io.matriarch.plan.workload;

import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.PostgresClusterSpec.PodManagementPolicy;
import io.matriarch.api.PostgresClusterStatus.Affected;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.view.PodTrouble;
import io.matriarch.plan.workload.Budget.Disruption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Replaces pods that are broken and not what the newest template would create (docs/internals/workload.md 3). They are down already, so replacing
 * them costs nothing; pods that work are never touched. For how one is replaced, see {@link Replacement}.
 *
 * Before the cluster has data, nothing is locked, and an outdated pod is simply deleted.
 */
public final class Repair {
    private static final Duration RECHECK = Duration.ofSeconds(5);

    private Repair() {}

    public static Result step(ClusterView view, Fitness fitness) {
        Optional<StatefulSet> statefulSet = view.statefulSet();
        if (statefulSet.isEmpty()) {
            return new Done();
        }
        if (!Shape.observed(statefulSet.get())) {
            return new Wait("the StatefulSet's controller", RECHECK);
        }
        if (!fitness.hasData()) {
            return outdated(view, fitness)
                    .findFirst()
                    .map(m -> Replacement.delete(m, "made from a template that was corrected since"))
                    .orElse(new Done());
        }
        Optional<Replacement> current = current(view, fitness);
        if (current.isEmpty() && Shape.unlocked(statefulSet.get()).isPresent()) {
            // The StatefulSet is unlocked, and the status does not say for which pod.
            return Replacement.lock(view, fitness);
        }
        return current.or(() -> outdated(view, fitness)
                        .filter(m -> mayGo(view, fitness, m))
                        .findFirst()
                        .map(m -> Replacement.of(m, view.now())))
                .map(replacement -> replacement.next(view, fitness, m -> mayGo(view, fitness, m)))
                .orElse(new Done());
    }

    private static Optional<Replacement> current(ClusterView view, Fitness fitness) {
        return Replacement.remembered(view, m -> mayGo(view, fitness, m));
    }

    /** The member whose pod is being replaced. */
    public static Optional<Affected> replacing(ClusterView view, Fitness fitness) {
        return current(view, fitness).map(Replacement::affected);
    }

    private static Stream<Member> outdated(ClusterView view, Fitness fitness) {
        Optional<String> revision = Shape.updateRevision(view);
        List<Member> outdated = view.members().stream()
                .filter(m -> !m.terminating())
                .filter(m -> revision.filter(r -> !r.equals(m.revision())).isPresent())
                .toList();
        // Under OrderedReady nothing above a broken pod is created: start with the lowest. Otherwise start at the top,
        // as a StatefulSet does. The member that leads comes last.
        List<Member> order =
                view.spec().podManagementPolicy() == PodManagementPolicy.OrderedReady ? outdated : outdated.reversed();
        return Stream.concat(
                order.stream().filter(m -> !fitness.leads(m.ordinal())),
                order.stream().filter(m -> fitness.leads(m.ordinal())));
    }

    /** Whether a pod is broken, and nothing that the cluster needs runs in it. */
    private static boolean mayGo(ClusterView view, Fitness fitness, Member member) {
        return PodTrouble.of(view, member).filter(PodTrouble::broken).isPresent()
                && fitness.obstacle(member.ordinal(), Disruption.Replace).isEmpty();
    }
}
