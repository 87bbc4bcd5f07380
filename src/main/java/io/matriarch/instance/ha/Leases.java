package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import java.util.List;

/** The Lease's content before and after each event of its life. */
final class Leases {
    private Leases() {}

    /** Taken to make, or take over, the database system. */
    static ClusterLease bootstrapping(ClusterLease state, long epoch, Me me) {
        return new ClusterLease(
                state.v(), epoch, Phase.Bootstrapping, me.address(), 0, null, List.of(me.ordinal()), state.history());
    }

    /** The database system is there and serves: from now on nobody runs initdb. */
    static ClusterLease born(ClusterLease state, String systemIdentifier, int timeline, Me me) {
        return new ClusterLease(
                state.v(),
                state.epoch(),
                Phase.Serving,
                me.address(),
                timeline,
                systemIdentifier,
                List.of(me.ordinal()),
                Protocol.history(state, new Reign(state.epoch(), timeline, "0/0", me.pod())));
    }

    /** The last primary takes office again, on the timeline it owns. */
    static ClusterLease returned(ClusterLease state, Me me) {
        long epoch = state.epoch() + 1;
        return new ClusterLease(
                state.v(),
                epoch,
                Phase.Serving,
                me.address(),
                state.timeline(),
                state.systemIdentifier(),
                state.members(),
                Protocol.history(state, new Reign(epoch, state.timeline(), "0/0", me.pod())));
    }

    static ClusterLease serving(ClusterLease state, int timeline, List<Integer> members, Me me) {
        return new ClusterLease(
                state.v(),
                state.epoch(),
                Phase.Serving,
                me.address(),
                timeline == 0 ? state.timeline() : timeline,
                state.systemIdentifier(),
                members,
                state.history());
    }

    static ClusterLease phase(ClusterLease state, Phase phase) {
        return new ClusterLease(
                state.v(),
                state.epoch(),
                phase,
                state.address(),
                state.timeline(),
                state.systemIdentifier(),
                state.members(),
                state.history());
    }
}
