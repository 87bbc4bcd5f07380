package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.instance.facts.End;

/**
 * Timelines get their numbers from the Lease: a member that takes it gets a number that no reign had before, and is promoted to that timeline.
 * Left to itself, PostgreSQL would give the same number to two members that are promoted independently, and could not tell them apart later
 * (docs/internals/postgresql.md 5). So a number identifies one reign, a higher number is a later reign, and of two positions the one on the higher
 * timeline has everything that was ever acknowledged on the lower one. Raft calls this the term of the last entry.
 */
public final class Timelines {
    private Timelines() {}

    /** The timeline of this member's data; 0 if it is not known. */
    static int timeline(Observation seen) {
        return seen.server().timeline() > 0
                ? seen.server().timeline()
                : seen.volume()
                        .map(volume -> volume.past().end().map(End::timeline).orElse(volume.timeline()))
                        .orElse(0);
    }

    /** The highest timeline that was ever given. */
    static int newest(ClusterLease lease) {
        return Math.max(
                lease.timeline(),
                lease.history().stream().mapToInt(Reign::timeline).max().orElse(0));
    }

    /** Whether the newest reign's timeline has been given but has not begun. */
    public static boolean pending(ClusterLease lease) {
        return lease.history().isEmpty() || lease.history().getLast().timeline() != lease.timeline();
    }
}
