package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a decision is made from. Times are on one clock of this node, which also counts while the machine is suspended (BOOTTIME).
 *
 * @param leaseSeen when this resourceVersion of the Lease was first seen
 * @param proof when this member, as the holder, sent its last successful write of the Lease; absent if there was none
 * @param remembered the Lease as this member last saw it, perhaps before a restart: enough to follow, never to lead
 * @param serverGone when PostgreSQL was last seen to have ended; a primary is started only on a newer proof
 * @param volume what is on the volume; present once it was inspected, absent while a job changes it
 * @param following address that the replica follows
 * @param running the job that is running
 * @param chore the chore that is running beside it
 * @param failures tasks whose last attempt failed, the newest first
 * @param slots ordinals that have a slot, as far as known
 * @param slotsKept when that was
 * @param passwordsWanted whether a Secret holds a password that the server may not know yet
 * @param stopping whether this pod is to end
 * @param knowledge what is known besides
 */
public record Observation(
        Duration now,
        Optional<Settings> settings,
        Optional<LeaseView> lease,
        Duration leaseSeen,
        Optional<Duration> proof,
        Optional<ClusterLease> remembered,
        Duration serverGone,
        Optional<VolumeState> volume,
        ServerState server,
        @Nullable String following,
        Optional<Job> running,
        Optional<Chore> chore,
        List<Failure> failures,
        List<Integer> slots,
        Duration slotsKept,
        boolean passwordsWanted,
        boolean stopping,
        Knowledge knowledge) {
    /**
     * A task that failed.
     *
     * @param attempts in a row
     * @param settings the settings at that time: with other settings, the task may be tried again at once
     */
    public record Failure(
            Task task, int attempts, Duration at, @Nullable String settings, Problem problem) {
        private static final int LONGEST = 30;

        /** When the task may be tried again: after 1, 2, 4 … 30 seconds. */
        Duration retry() {
            return at.plusSeconds(Math.min(LONGEST, 1L << Math.min(attempts - 1, 5)));
        }
    }
}
