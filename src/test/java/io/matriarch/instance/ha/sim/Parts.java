package io.matriarch.instance.ha.sim;

import io.matriarch.instance.ha.Failsafe;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.ha.Timers;
import io.matriarch.instance.ha.Voter;
import java.util.Set;

/** What the simulated pods are made of: the very classes of the real ones, or a flawed set of them. */
public interface Parts {
    Protocol protocol(Me me);

    Voter voter(Me me);

    Failsafe failsafe(Me me);

    /** Whether time protects as well; if not, only what is acknowledged synchronously is checked, and only that it is not lost. */
    default boolean clocked() {
        return true;
    }

    /** Flaws of the side that carries out. */
    Set<Flaw> flaws();

    /** What carrying out can do wrong. */
    enum Flaw {
        /** A vote is given while the receiver goes on. */
        RECEIVER_GOES_ON,
        /** The answer to a request for a vote leaves before the promise is on the disk. */
        PROMISE_NOT_SYNCED,
        /** The fuse burns longer than the lease. */
        LATE_FUSE,
        /** The fuse is armed only by the second renewal. */
        UNARMED_FUSE,
        /** A clone is taken from any member. */
        CLONE_FROM_STANDBY,
        /** Time is the wall clock's. */
        WALL_CLOCK,
        /** The Lease is taken whatever its resourceVersion is by then. */
        TAKEN_AT_ANY_VERSION,
        /** The Lease is read from a cache. */
        CACHED_LEASE,
        /** The names of a new primary's standbys are not set before it is promoted. */
        NAMES_FORGOTTEN,
        /** A confirmation does not wait. */
        HASTY_CONFIRM,
        /** The position is read before the receiver is stopped. */
        POSITION_FIRST,
        /** Whether all WAL was looked at is not asked. */
        NOT_EXHAUSTED,
        /** What came from the former primary after it was decided to follow another one is not compared. */
        FOLLOWS_UNCOMPARED,
        /** A request without an answer is taken for one that was not sent. */
        SILENCE_IS_NEVER_SENT
    }

    /** The classes of the pods. */
    Parts REAL = new Parts() {
        @Override
        public Protocol protocol(Me me) {
            return new Protocol(me, Timers.DEFAULT);
        }

        @Override
        public Voter voter(Me me) {
            return new Voter(me);
        }

        @Override
        public Failsafe failsafe(Me me) {
            return new Failsafe(me);
        }

        @Override
        public Set<Flaw> flaws() {
            return Set.of();
        }
    };
}
