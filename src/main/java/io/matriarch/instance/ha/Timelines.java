package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.instance.facts.End;

/**
 * Timelines have their numbers from the Lease: whoever takes it gets one that no reign had before, and is promoted to that one. PostgreSQL by
 * itself would give the same number to two members that are promoted apart, and could not tell them apart later (docs/internals/postgresql.md 5). So
 * a number names one reign, a higher one is a later one, and of two positions the one on the higher timeline has all that was ever acknowledged on
 * the lower one: what Raft calls the term of the last entry.
 */
public final class Timelines {
    private Timelines() {}

    /** The one that this member's data is on; 0 when that is not known. */
    static int timeline(Observation seen) {
        return seen.server().timeline() > 0
                ? seen.server().timeline()
                : seen.volume()
                        .map(volume -> volume.past().end().map(End::timeline).orElse(volume.timeline()))
                        .orElse(0);
    }

    /** The highest that was ever given. */
    static int newest(ClusterLease lease) {
        return Math.max(
                lease.timeline(),
                lease.history().stream().mapToInt(Reign::timeline).max().orElse(0));
    }

    /** Whether the newest reign's timeline is given and not begun. */
    public static boolean pending(ClusterLease lease) {
        return lease.history().isEmpty() || lease.history().getLast().timeline() != lease.timeline();
    }
}
