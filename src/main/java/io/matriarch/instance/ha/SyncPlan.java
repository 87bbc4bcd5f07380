package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease.Sync;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The next step from the present synchronous replication to the wanted one (docs/internals/protocol.md 7). The Lease says which members may elect,
 * and PostgreSQL's synchronous_standby_names say which members acknowledge. At each moment every acknowledged commit must be on some voter of
 * every set that can elect. So the order is:
 *
 * <ol>
 *   <li>Changes that make elections need more votes (a new voter) or that lower W: the Lease first.
 *   <li>Then the names, once no other content of the Lease can still be written.
 *   <li>Changes that make elections need fewer votes (a voter goes, a higher W): the Lease last, once as many replicas as the names demand have
 *       flushed everything that was acknowledged under the former names.
 * </ol>
 */
final class SyncPlan {
    /** Commits wait for no replica. */
    static final Sync NOBODY = new Sync(0, List.of());

    private final Rules rules;

    SyncPlan(Rules rules) {
        this.rules = rules;
    }

    /** A step. */
    sealed interface Step {
        /** Everything is as wanted. */
        record Done() implements Step {}

        /** The Lease must say this; null: replication is asynchronous. */
        record Lease(@Nullable Sync sync) implements Step {}

        /** synchronous_standby_names must become this; {@code relaxes}: only when it is certain what the Lease says. */
        record Names(Sync names, boolean relaxes) implements Step {}

        /** Enough of these members must flush what was acknowledged under the former names. */
        record Confirm(Sync names) implements Step {}
    }

    /**
     * The next step.
     *
     * @param target what is wanted; null: asynchronous; W = 0 and one voter: degraded, commits wait for no replica
     * @param lease what the Lease says; null: asynchronous
     * @param names in use, null if not known
     * @param confirmed whether enough replicas have flushed what was acknowledged before those names
     */
    Step next(@Nullable Sync target, @Nullable Sync lease, @Nullable Sync names, boolean confirmed) {
        if (names == null) {
            return new Step.Names(lease == null || lease.acknowledgements() == 0 ? NOBODY : lease, false);
        }
        if (target == null || target.acknowledgements() == 0) {
            if (!java.util.Objects.equals(lease, target)) {
                return new Step.Lease(target);
            }
            return names.equals(NOBODY) ? new Step.Done() : new Step.Names(NOBODY, true);
        }
        if (target.equals(lease) && target.equals(names)) {
            return new Step.Done();
        }
        if (lease != null && lease.acknowledgements() > 0) {
            Sync wider = rules.wider(target, lease);
            if (!wider.equals(lease)) {
                return new Step.Lease(wider);
            }
        }
        if (!names.equals(target)) {
            return order(target, lease, names);
        }
        return confirmed ? new Step.Lease(target) : new Step.Confirm(target);
    }

    private Step order(Sync target, @Nullable Sync lease, Sync names) {
        boolean relaxes = target.acknowledgements() < names.acknowledgements()
                || !names.voters().containsAll(target.voters());
        // Never unsafe in this order; if it were, waiting would cost time, but no commit.
        return rules.safe(target, lease) ? new Step.Names(target, relaxes) : new Step.Done();
    }
}
