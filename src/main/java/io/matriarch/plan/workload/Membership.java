package io.matriarch.plan.workload;

import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Affected;
import io.matriarch.plan.step.Timestamp;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.workload.Budget.Disruption;
import io.matriarch.render.Availability;
import java.util.List;
import java.util.Optional;

/**
 * How many members and pods there are on the way to {@code spec.instances}: one more or one fewer at a time. The two numbers differ because a
 * member is told to join or to leave before its pod does.
 *
 * @param members how many members the application is told to have
 * @param pods how many pods there must be
 */
public record Membership(int members, int pods) {
    public static Membership of(ClusterView view, Fitness fitness) {
        int members = members(view, fitness);
        boolean first = view.statefulSet().isEmpty() || !fitness.hasData();
        return new Membership(members, first ? members : Math.max(view.replicas(), members));
    }

    /** The member with the highest ordinal, from the moment when it has to be told to leave until its pod is removed. */
    public static Optional<Affected> leaving(ClusterView view, Fitness fitness) {
        int top = view.replicas() - 1;
        if (!fitness.hasData() || members(view, fitness) > top) {
            return Optional.empty();
        }
        String pod = view.names().pod(top);
        return view.status()
                .map(PostgresClusterStatus::leaving)
                .filter(affected -> affected.member().equals(pod))
                .or(() -> Optional.of(
                        new Affected(pod, view.member(top).map(Member::uid).orElse(null), Timestamp.of(view.now()))));
    }

    private static int members(ClusterView view, Fitness fitness) {
        int wanted = view.spec().instances();
        int replicas = view.replicas();
        if (!fitness.hasData()) {
            return wanted;
        }
        if (!fitness.knowsItsData() || replicas == 0) {
            // Any former member may have the newest data.
            return Math.max(fitness.told().orElse(wanted), wanted);
        }
        if (wanted > replicas) {
            return settled(view) ? replicas + 1 : Math.clamp(fitness.told().orElse(replicas), replicas, replicas + 1);
        }
        if (wanted < replicas) {
            boolean begun = fitness.told().orElse(replicas) < replicas;
            return begun || fitness.obstacle(replicas - 1, Disruption.Leave).isEmpty() ? replicas - 1 : replicas;
        }
        return replicas;
    }

    /** Whether every member that must run is ready: only then is another one added. */
    static boolean settled(ClusterView view) {
        int replicas = view.replicas();
        List<Integer> fenced = Availability.fenced(view.spec(), replicas);
        for (int ordinal = 0; ordinal < replicas; ordinal++) {
            if (!fenced.contains(ordinal)
                    && view.member(ordinal).filter(Member::ready).isEmpty()) {
                return false;
            }
        }
        return true;
    }
}
