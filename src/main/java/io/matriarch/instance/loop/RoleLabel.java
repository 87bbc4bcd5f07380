package io.matriarch.instance.loop;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Timelines;
import io.matriarch.instance.peers.Deposition;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What this pod's label tells the Services. A primary that ended keeps its label for a while, until a successor removes it ({@link Deposition}):
 * the pod's address refuses clients at once. Clients of a Service without endpoints, however, get their refusals from the node's kernel, which
 * sends one a second ({@code icmp_ratelimit}), so they wait for a second and more (docs/decisions/0007).
 */
public final class RoleLabel {
    /** How long to wait for a successor. */
    private static final Duration KEPT = Duration.ofSeconds(10);

    private final Me me;
    /** Since when this pod has had no role to show. */
    private @Nullable Duration without;

    /** Whether this pod was the primary at that time, as far as it is known. */
    private Optional<Boolean> led = Optional.empty();

    RoleLabel(Me me) {
        this.me = me;
    }

    /**
     * The label that the pod must have; empty to leave the present one.
     *
     * @param usable whether a replica has received what the others have
     */
    Optional<String> of(Role role, boolean usable, Optional<LeaseView> lease, Duration now) {
        boolean serves =
                lease.map(view -> view.state().phase() == Phase.Serving).orElse(false);
        return switch (role) {
            case Primary -> serves ? kept(Labels.PRIMARY) : left(lease, now);
            case Replica -> kept(usable ? Labels.REPLICA : Labels.UNHEALTHY);
            case None -> left(lease, now);
        };
    }

    /** Whether this member's reign begins: clients may already connect while its first row is written. */
    boolean begins(LeaseView lease) {
        ClusterLease state = lease.state();
        return lease.holder().equals(me.identity()) && state.phase() == Phase.Serving && !Timelines.pending(state);
    }

    private Optional<String> kept(String role) {
        without = null;
        return Optional.of(role);
    }

    private Optional<String> left(Optional<LeaseView> lease, Duration now) {
        if (without == null) {
            without = now;
            led = Optional.empty();
        }
        // An agent that has just started knows neither the Lease yet nor what its pod was.
        led = led.or(() -> lease.map(this::isOfMine));
        boolean waits = led.orElse(true) && now.minus(without).compareTo(KEPT) < 0;
        return waits ? Optional.empty() : Optional.of(Labels.UNHEALTHY);
    }

    /** Whether the last reign was this pod's, and no other member holds the Lease. */
    private boolean isOfMine(LeaseView lease) {
        List<Reign> history = lease.state().history();
        return (lease.holder().isEmpty() || me.isMyName(lease.holder()))
                && !history.isEmpty()
                && history.getLast().holder().equals(me.pod());
    }
}
