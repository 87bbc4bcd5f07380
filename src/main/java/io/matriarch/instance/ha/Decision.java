package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.MemberReport;
import java.util.List;
import java.util.Optional;

/**
 * What is to be done now.
 *
 * @param job to begin, when none is running
 * @param chore to begin, when none is running: beside the job
 * @param lease what to make of the Lease
 * @param report what this member says of itself
 * @param exit whether the agent has nothing left to do
 * @param asks what to ask of others, now and once
 * @param kill why PostgreSQL is to be killed at once, every process of it, whatever job is running
 */
public record Decision(
        Optional<Job> job,
        Optional<Chore> chore,
        LeaseWish lease,
        MemberReport report,
        boolean exit,
        List<Ask> asks,
        Optional<String> kill) {
    public Decision {
        asks = List.copyOf(asks);
    }

    /** What to make of the Lease. */
    public sealed interface LeaseWish {
        /** Look at it now and then. */
        record Watch() implements LeaseWish {}

        /** Take it, if it still has this resourceVersion. */
        record Take(String resourceVersion, ClusterLease state) implements LeaseWish {}

        /** Make the Lease that is not there any more, as its holder: by POST, which fails when it is there. */
        record Create(ClusterLease state) implements LeaseWish {}

        /** Renew it, with this content. */
        record Keep(ClusterLease state) implements LeaseWish {
            /** Whether this has news that do not wait for the next renewal: all but how far the WAL is. */
            public boolean urgent(ClusterLease present) {
                return !Leases.of(present).lsn(state.lsn()).draft().equals(state);
            }
        }

        /** Give it back, or on: phase Released or HandingOver, and nobody holds it. PostgreSQL does not run. */
        record Release(ClusterLease state) implements LeaseWish {}
    }

    /** How PostgreSQL must end, if it must (docs/internals/protocol.md 4). */
    public enum Fence {
        None,
        Stop,
        Kill
    }
}
