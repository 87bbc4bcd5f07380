package io.matriarch.instance.ha.sim;

import io.matriarch.instance.facts.TimelineHistory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A timeline as it really is: PostgreSQL knows only its number, and two members promoted apart make two branches of one number.
 *
 * @param fork where it left its parent
 */
record Branch(int timeline, @Nullable Branch parent, long fork, int maker, long epoch) {
    /** Whether data of this branch up to {@code end} has what was written at {@code lsn} of another one. */
    boolean has(long end, Branch other, long lsn) {
        Branch branch = this;
        long upTo = end;
        while (branch != null) {
            if (branch == other) {
                return lsn <= upTo;
            }
            upTo = Math.min(upTo, branch.fork);
            branch = branch.parent;
        }
        return false;
    }

    /** Whether this is another branch's continuation, or that very one. */
    boolean descends(@Nullable Branch from) {
        return this == from || parent != null && parent.descends(from);
    }

    /** The ancestor, or this one, with a number; as PostgreSQL sees it. */
    @Nullable
    Branch numbered(int number) {
        Branch branch = this;
        while (branch != null && branch.timeline != number) {
            branch = branch.parent;
        }
        return branch;
    }

    /** Where this history leaves an ancestor's number; the longest there is for its own. */
    long leaves(int number) {
        Branch branch = this;
        long fork = Long.MAX_VALUE;
        while (branch != null && branch.timeline != number) {
            fork = branch.fork;
            branch = branch.parent;
        }
        return fork;
    }

    TimelineHistory history() {
        List<TimelineHistory.Fork> forks = new ArrayList<>();
        for (Branch branch = this; branch.parent != null; branch = branch.parent) {
            forks.addFirst(new TimelineHistory.Fork(branch.parent.timeline, branch.fork));
        }
        return new TimelineHistory(timeline, forks);
    }

    @Override
    public String toString() {
        return timeline + "@" + maker + "/" + epoch;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
