package io.matriarch.instance.ha;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Work on PostgreSQL that takes a while; one at a time. What each needs, does and leaves, and what is on the disk when: docs/contract.md,
 * "What an agent carries out". A job that is killed half-way is decided again, by what is found then.
 */
public sealed interface Job {
    /** Look at the volume. */
    record Inspect() implements Job {}

    /** Look at the volume, and find where its WAL ends. */
    record Measure() implements Job {}

    /** Make the database system. */
    record Initdb() implements Job {}

    /** Copy the primary. */
    record Clone(String address, String systemIdentifier) implements Job {}

    /**
     * Give the copy up that can no longer follow, or that a user wants gone.
     *
     * @param request id of the user's request, if it was one
     */
    record Discard(@Nullable String request) implements Job {
        public Discard() {
            this(null);
        }
    }

    /**
     * Start the data that this member owns.
     *
     * @param behindGate whether clients wait until enough replicas have what the crash made visible (docs/internals/postgresql.md 13)
     */
    record StartPrimary(long epoch, boolean behindGate) implements Job {
        public StartPrimary(long epoch) {
            this(epoch, false);
        }
    }

    /** Start as a replica, receiving from nobody when {@code address} is null. */
    record StartReplica(@Nullable String address) implements Job {}

    /**
     * Receive from this primary, if it has all that there is here when nobody is received from any more. Otherwise nobody is, and it is decided
     * again: a receiver that connects tells the primary how far its own WAL goes, on whatever timeline, and the primary takes that for an
     * acknowledgement.
     *
     * @param timeline of the WAL that is here
     * @param upTo where the primary left that timeline, or will leave it; 0: it is the primary's own
     */
    record Follow(String address, int timeline, long upTo) implements Job {
        /** Of the primary's own timeline. */
        public Follow(String address) {
            this(address, 0, 0);
        }
    }

    /** A disk that may have forgotten a vote: as if it had voted at this resourceVersion, so that it receives nothing before a newer one. */
    record Pledge(String resourceVersion) implements Job {}

    /**
     * Make the running replica the primary.
     *
     * @param timeline the number that its timeline must get; never one that PostgreSQL chooses
     */
    record Promote(long epoch, int timeline) implements Job {}

    /** Ask the primary where its timeline comes from. */
    record ReadHistory(String address, int timeline) implements Job {}

    /** Turn the diverged data back to where it left the primary's timeline; stops PostgreSQL first. */
    record Rewind(String address, int timeline) implements Job {}

    /** Let commits wait for these: synchronous_standby_names. */
    record Synchronize(int acknowledgements, List<Integer> voters) implements Job {}

    /** Wait until as many of these as commits wait for have everything that was acknowledged under former names. */
    record Confirm(int acknowledgements, List<Integer> voters) implements Job {}

    /**
     * Stop the primary cleanly, for a replica to go on; these members are waited for. Before it stops, one that could go on must have replayed what
     * there is: promotion ends with the replay, and until then nobody writes.
     *
     * @param members the best first
     */
    record HandOver(List<Integer> members, Terms terms) implements Job {
        /** Of a primary that must go. */
        public HandOver(List<Integer> members) {
            this(members, Terms.LEAVING);
        }
    }

    /**
     * How a primary hands over.
     *
     * @param to who must have replayed; null for any of them
     * @param endSessions whether what holds replay up there is ended: sessions, a pause, a delay
     * @param insists whether it is done even if replay does not catch up; otherwise it fails ({@code ReplayBehind}), and the primary serves on
     * @param request of the user, if it is one
     */
    record Terms(
            @Nullable Integer to,
            boolean endSessions,
            boolean insists,
            @Nullable String request) {
        public static final Terms LEAVING = new Terms(null, true, true, null);
    }

    /** Let clients in. */
    record OpenGate() implements Job {}

    /** The first write of a reign. */
    record BeginReign(long epoch, int timeline) implements Job {}

    /** Complete a checkpoint, so that others can be rewound to this timeline. */
    record Checkpoint() implements Job {}

    /** Try the settings and use them. */
    record Apply(String revision) implements Job {}

    /**
     * Have a slot for each of these members and for no other.
     *
     * @param awaited the members that consumers of logical slots wait for: they get nothing that one of these has not flushed
     */
    record KeepSlots(List<Integer> ordinals, List<Integer> awaited) implements Job {
        /** Consumers wait for nobody. */
        public KeepSlots(List<Integer> ordinals) {
            this(ordinals, List.of());
        }
    }

    /** On a replica: move the slots of the others to where the primary's stand, so that they can follow it after a promotion. */
    record CopySlots(int primary) implements Job {}

    /** Give the roles the passwords of the Secrets. */
    record SetPasswords() implements Job {}

    /** Fast shutdown. */
    record Stop() implements Job {}
}
