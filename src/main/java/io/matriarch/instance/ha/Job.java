package io.matriarch.instance.ha;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Work on PostgreSQL, one at a time. What it does to the server is its type: a new job has to choose, and whoever tells them apart is asked by the
 * compiler. What each needs, does and leaves, and what is on the disk when: docs/contract.md,
 * "What an agent carries out". A job that is killed half-way is decided again, by what is found then.
 */
public sealed interface Job extends Task {
    /** Whether PostgreSQL runs when the job has succeeded, because of it. */
    default boolean starts() {
        return switch (this) {
            case StartsPrimary primary -> true;
            case StartsReplica replica -> true;
            case Looks looks -> false;
            case Waits waits -> false;
            case Tunes tunes -> false;
            case EndsServer ends -> false;
            case FillsVolume fills -> false;
            case ReplacesData replaces -> false;
        };
    }

    /** Whether the server goes on as it is, or stays away as it is. */
    default boolean leavesTheServerAlone() {
        return switch (this) {
            case Looks looks -> true;
            case Waits waits -> true;
            case Tunes tunes -> true;
            case StartsPrimary primary -> false;
            case StartsReplica replica -> false;
            case EndsServer ends -> false;
            case FillsVolume fills -> false;
            case ReplacesData replaces -> false;
        };
    }

    /** Whether no process of a former primary is left when the job has succeeded. */
    default boolean endsPrimary() {
        return switch (this) {
            case EndsServer ends -> true;
            case StartsReplica replica -> true;
            case ReplacesData replaces -> true;
            case StartsPrimary primary -> false;
            case Looks looks -> false;
            case Waits waits -> false;
            case Tunes tunes -> false;
            case FillsVolume fills -> false;
        };
    }

    /** Whether there is no server to ask, and no data to look at, while it is done. */
    default boolean changesTheData() {
        return switch (this) {
            case FillsVolume fills -> true;
            case ReplacesData replaces -> true;
            case StartsPrimary primary -> false;
            case StartsReplica replica -> false;
            case Looks looks -> false;
            case Waits waits -> false;
            case Tunes tunes -> false;
            case EndsServer ends -> false;
        };
    }

    /** Whether it may be interrupted when the pod is to end: it is done again from its beginning, or goes on where it was, after the next start. */
    default boolean mayBeCutShort() {
        return switch (this) {
            case FillsVolume fills -> true;
            case StartsPrimary primary -> true;
            case StartsReplica replica -> true;
            case Waits waits -> true;
            case Looks looks -> false;
            case Tunes tunes -> false;
            case EndsServer ends -> false;
            case ReplacesData replaces -> false;
        };
    }

    /** Changes nothing here. */
    sealed interface Looks extends Job {}

    /** Changes nothing here, and waits for other members. */
    sealed interface Waits extends Job {}

    /** Changes files or settings; a server that runs goes on, one that does not is not started. */
    sealed interface Tunes extends Job {}

    /** A primary runs afterwards. */
    sealed interface StartsPrimary extends Job {}

    /** A replica runs afterwards, and nothing of a former primary. */
    sealed interface StartsReplica extends Job {}

    /** No server runs afterwards. */
    sealed interface EndsServer extends Job {}

    /** Makes data where there is none: no server runs before or afterwards. */
    sealed interface FillsVolume extends Job {}

    /** Ends the server, and then changes what data there is: no server runs afterwards. */
    sealed interface ReplacesData extends Job {}

    /** Look at the volume. */
    record Inspect() implements Looks {}

    /** Look at the volume, and find where its WAL ends. */
    record Measure() implements Looks {}

    /** Make the database system. */
    record Initdb() implements FillsVolume {}

    /** Copy the primary. */
    record Clone(String address, String systemIdentifier) implements FillsVolume {}

    /**
     * Give the copy up that can no longer follow, or that a user wants gone.
     *
     * @param request id of the user's request, if it was one
     */
    record Discard(@Nullable String request) implements ReplacesData {
        public Discard() {
            this(null);
        }
    }

    /**
     * Start the data that this member owns.
     *
     * @param behindGate whether clients wait until enough replicas have what the crash made visible (docs/internals/postgresql.md 13)
     */
    record StartPrimary(long epoch, boolean behindGate) implements StartsPrimary {
        public StartPrimary(long epoch) {
            this(epoch, false);
        }
    }

    /** Start as a replica, receiving from nobody when {@code address} is null. */
    record StartReplica(@Nullable String address) implements StartsReplica {}

    /**
     * Receive from this primary, if it has all that there is here when nobody is received from any more. Otherwise nobody is, and it is decided
     * again: a receiver that connects tells the primary how far its own WAL goes, on whatever timeline, and the primary takes that for an
     * acknowledgement.
     *
     * @param timeline of the WAL that is here
     * @param upTo where the primary left that timeline, or will leave it; 0: it is the primary's own
     */
    record Follow(String address, int timeline, long upTo) implements Tunes {
        /** Of the primary's own timeline. */
        public Follow(String address) {
            this(address, 0, 0);
        }
    }

    /** A disk that may have forgotten a vote: as if it had voted at this resourceVersion, so that it receives nothing before a newer one. */
    record Pledge(String resourceVersion) implements Tunes {}

    /**
     * Make the running replica the primary.
     *
     * @param timeline the number that its timeline must get; never one that PostgreSQL chooses
     */
    record Promote(long epoch, int timeline) implements StartsPrimary {}

    /** Ask the primary where its timeline comes from. */
    record ReadHistory(String address, int timeline) implements Looks {}

    /** Turn the diverged data back to where it left the primary's timeline; stops PostgreSQL first. */
    record Rewind(String address, int timeline) implements ReplacesData {}

    /** Let commits wait for these: synchronous_standby_names. */
    record Synchronize(int acknowledgements, List<Integer> voters) implements Tunes {}

    /** Wait until as many of these as commits wait for have everything that was acknowledged under former names. */
    record Confirm(int acknowledgements, List<Integer> voters) implements Waits {}

    /**
     * Stop the primary cleanly, for a replica to go on; these members are waited for. Before it stops, one that could go on must have replayed what
     * there is: promotion ends with the replay, and until then nobody writes.
     *
     * @param members the best first
     */
    record HandOver(List<Integer> members, Terms terms) implements EndsServer {
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
    record OpenGate() implements Tunes {}

    /** The first write of a reign. */
    record BeginReign(long epoch, int timeline) implements Tunes {}

    /** Try the settings and use them. */
    record Apply(String revision) implements Tunes {}

    /**
     * Have a slot for each of these members and for no other.
     *
     * @param awaited the members that consumers of logical slots wait for: they get nothing that one of these has not flushed
     */
    record KeepSlots(List<Integer> ordinals, List<Integer> awaited) implements Tunes {
        /** Consumers wait for nobody. */
        public KeepSlots(List<Integer> ordinals) {
            this(ordinals, List.of());
        }
    }

    /** On a replica: move the slots of the others to where the primary's stand, so that they can follow it after a promotion. */
    record CopySlots(int primary) implements Tunes {}

    /** Give the roles the passwords of the Secrets. */
    record SetPasswords() implements Tunes {}

    /** Fast shutdown. */
    record Stop() implements EndsServer {}
}
