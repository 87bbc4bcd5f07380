package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.MemberReport;
import java.util.List;
import java.util.Optional;

/**
 * What to do now.
 *
 * @param job to start, when none is running
 * @param chore to start, when none is running; runs beside the job
 * @param lease what to do with the Lease
 * @param report what this member reports about itself
 * @param exit whether the agent has nothing left to do
 * @param asks what to ask other members, now and once
 * @param kill why every process of PostgreSQL must be killed at once, whatever job is running
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

    /** What to do with the Lease. */
    public sealed interface LeaseWish {
        /** Look at it from time to time. */
        record Watch() implements LeaseWish {}

        /** Take it, if it still has this resourceVersion. */
        record Take(String resourceVersion, ClusterLease state) implements LeaseWish {}

        /** Recreate the Lease that no longer exists, as its holder: by POST, which fails if the Lease exists. */
        record Create(ClusterLease state) implements LeaseWish {}

        /** Renew it, with this content. */
        record Keep(ClusterLease state) implements LeaseWish {
            /** Whether this content has news that cannot wait for the next renewal: anything but the WAL position. */
            public boolean urgent(ClusterLease present) {
                return !Leases.of(present).lsn(state.lsn()).draft().equals(state);
            }
        }

        /** Give it back or hand it over: the phase is Released or HandingOver, and nobody holds it. PostgreSQL is not running. */
        record Release(ClusterLease state) implements LeaseWish {}
    }

    /** How PostgreSQL must end, if it must (docs/internals/protocol.md 4). */
    public enum Fence {
        None,
        Stop,
        Kill
    }
}
