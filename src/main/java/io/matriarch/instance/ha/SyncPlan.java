package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease.Sync;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The next step from the synchronous replication there is to the one that is wanted (docs/internals/protocol.md 7). The Lease says who may elect,
 * PostgreSQL's names say who acknowledges; at each moment every acknowledged commit must be on some voter of every electing set. So:
 *
 * <ol>
 *   <li>what makes elections need more (a new voter) or less be demanded (a lower W): the Lease first;
 *   <li>then the names, once no other content of the Lease can still be written;
 *   <li>what makes elections need less (a voter goes, a higher W): the Lease last, when as many replicas as the names demand have flushed all
 *       that was acknowledged under former names.
 * </ol>
 */
final class SyncPlan {
    /** Nobody is waited for. */
    static final Sync NOBODY = new Sync(0, List.of());

    private final Rules rules;

    SyncPlan(Rules rules) {
        this.rules = rules;
    }

    /** A step. */
    sealed interface Step {
        /** All is as wanted. */
        record Done() implements Step {}

        /** The Lease is to say this; null: replication is asynchronous. */
        record Lease(@Nullable Sync sync) implements Step {}

        /** synchronous_standby_names are to be this; {@code relaxes}: only when it is certain what the Lease says. */
        record Names(Sync names, boolean relaxes) implements Step {}

        /** What was acknowledged under former names must be flushed by enough of these. */
        record Confirm(Sync names) implements Step {}
    }

    /**
     * The next step.
     *
     * @param target what is wanted; null: asynchronous; nobody with W = 0 and one voter: degraded
     * @param lease what the Lease says; null: asynchronous
     * @param names in use, null if not known
     * @param confirmed whether enough have flushed what was acknowledged before those names
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
        // Never happens in this order; if it did, waiting would cost time and no commit.
        return rules.safe(target, lease) ? new Step.Names(target, relaxes) : new Step.Done();
    }
}
