package io.matriarch.plan.view;

import io.fabric8.kubernetes.api.model.Condition;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The time between two primaries: which member served last, and whether it left on request. */
public final class LastPrimary {
    /** A hand-over that takes longer than this is reported as what it is: no primary. */
    private static final Duration SHORT = Duration.ofSeconds(30);

    /** Reason while a planned hand-over is under way. */
    public static final String HANDING_OVER = "HandingOver";

    private LastPrimary() {}

    /** The member that served last. A member that took the Lease but was not seen to serve does not count: it is still being promoted. */
    public static Optional<String> of(ClusterView view) {
        Optional<RoleChange> seen = view.status().map(PostgresClusterStatus::lastRoleChange);
        return view.lease()
                .flatMap(lease -> reign(view, lease, seen.map(RoleChange::epoch).orElse(0L)))
                .or(() -> view.status().map(PostgresClusterStatus::primary))
                .or(() -> seen.map(RoleChange::to));
    }

    private static Optional<String> reign(ClusterView view, ClusterLease lease, long seen) {
        List<Reign> reigns = new ArrayList<>(lease.history());
        int timeline = lease.timeline();
        boolean promoting = !reigns.isEmpty()
                && reigns.getLast().epoch() > seen
                && view.holder().filter(reigns.getLast().holder()::equals).isPresent();
        if (promoting) {
            Reign next = reigns.removeLast();
            if (next.timeline() == timeline) {
                timeline = next.from() > 0 || reigns.isEmpty()
                        ? next.from()
                        : reigns.getLast().timeline();
            }
        }
        int of = timeline;
        return reigns.stream()
                .filter(reign -> reign.timeline() == of)
                .reduce((former, next) -> next)
                .map(Reign::holder);
    }

    /** Whether the primary left a moment ago because it was asked to. */
    public static boolean handsOver(ClusterView view) {
        boolean asked = view.lease()
                        .filter(lease -> lease.phase() == Phase.HandingOver
                                || (lease.handoff() != null && lease.phase() == Phase.Serving))
                        .isPresent()
                || view.status().map(PostgresClusterStatus::requests).orElse(List.of()).stream()
                        .anyMatch(request -> request.outcome() == Request.Outcome.Accepted
                                && (request.id().startsWith("switchover:")
                                        || request.id().startsWith(Request.SCALE_DOWN)));
        Optional<Condition> ready = view.condition("Ready").filter(c -> "False".equals(c.getStatus()));
        return asked
                && ready.filter(c -> c.getReason().equals("NoPrimary")
                                || (c.getReason().equals(HANDING_OVER)
                                        && Duration.between(Instant.parse(c.getLastTransitionTime()), view.now())
                                                        .compareTo(SHORT)
                                                > 0))
                        .isEmpty();
    }
}
