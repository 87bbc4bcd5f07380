package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.MemberReport;
import java.util.Optional;

/**
 * What is to be done now.
 *
 * @param job to begin, when none is running
 * @param lease what to make of the Lease
 * @param report what this member says of itself
 * @param exit whether the agent has nothing left to do
 */
public record Decision(Optional<Job> job, LeaseWish lease, MemberReport report, boolean exit) {
    /** What to make of the Lease. */
    public sealed interface LeaseWish {
        /** Look at it now and then. */
        record Watch() implements LeaseWish {}

        /** Take it, if it still has this resourceVersion. */
        record Take(String resourceVersion, ClusterLease state) implements LeaseWish {}

        /** Renew it, with this content. */
        record Keep(ClusterLease state) implements LeaseWish {}

        /** Give it back. */
        record Release(ClusterLease state) implements LeaseWish {}
    }

    /** How PostgreSQL must end, if it must (ha.md 7.4). */
    public enum Fence {
        None,
        Stop,
        Kill
    }
}
