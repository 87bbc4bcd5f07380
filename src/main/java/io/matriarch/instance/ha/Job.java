package io.matriarch.instance.ha;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Work on PostgreSQL, one job at a time. A job's type says what it does to the server: a new job has to choose a type, and the compiler then
 * checks every switch. For what each job needs, does and leaves behind, and what is on the disk when, see docs/contract.md, "What an agent carries
 * out". If a job is killed half-way, the protocol decides again from what it then finds.
 */
public sealed interface Job extends Task {
    /** Whether PostgreSQL is running because of this job once it has succeeded. */
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

    /** Whether the job leaves the server as it is, running or stopped. */
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

    /** Whether no process of a former primary is left once the job has succeeded. */
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

    /** Whether there is no server to query, and no data to inspect, while the job runs. */
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

    /**
     * Whether the job may be interrupted when the pod has to end: after the next start it is repeated from its beginning, or continues where it
     * was.
     */
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

    /** Changes files or settings: a running server keeps running, a stopped one is not started. */
    sealed interface Tunes extends Job {}

    /** A primary runs afterwards. */
    sealed interface StartsPrimary extends Job {}

    /** A replica runs afterwards, and no process of a former primary is left. */
    sealed interface StartsReplica extends Job {}

    /** No server runs afterwards. */
    sealed interface EndsServer extends Job {}

    /** Creates data where there is none: no server runs before or afterwards. */
    sealed interface FillsVolume extends Job {}

    /** Ends the server, then changes the data that exists: no server runs afterwards. */
    sealed interface ReplacesData extends Job {}

    /** Look at the volume. */
    record Inspect() implements Looks {}

    /** Look at the volume, and find the end of its WAL. */
    record Measure() implements Looks {}

    /** Create the database system. */
    record Initdb() implements FillsVolume {}

    /** Copy the primary. */
    record Clone(String address, String systemIdentifier) implements FillsVolume {}

    /**
     * Discard a copy that can no longer follow, or that a user wants to be rid of.
     *
     * @param request id of the user's request, if there was one
     */
    record Discard(@Nullable String request) implements ReplacesData {
        public Discard() {
            this(null);
        }
    }

    /**
     * Start as the primary on the data that this member owns.
     *
     * @param behindGate whether clients wait until enough replicas have what the crash made visible (docs/internals/postgresql.md 13)
     */
    record StartPrimary(long epoch, boolean behindGate) implements StartsPrimary {
        public StartPrimary(long epoch) {
            this(epoch, false);
        }
    }

    /** Start as a replica; with a null {@code address}, it receives from nobody. */
    record StartReplica(@Nullable String address) implements StartsReplica {}

    /**
     * Stop receiving, then receive from this primary if it has everything that is here. Otherwise receive from nobody, and let the protocol decide
     * again: a receiver that connects tells the primary how far its own WAL goes, on whatever timeline, and the primary takes that for an
     * acknowledgement.
     *
     * @param timeline of the WAL that is here
     * @param upTo where the primary left that timeline, or will leave it; 0: it is the primary's own
     */
    record Follow(String address, int timeline, long upTo) implements Tunes {
        /** Follow on the primary's own timeline. */
        public Follow(String address) {
            this(address, 0, 0);
        }
    }

    /**
     * For a disk that may have forgotten a vote: behave as if it had voted at this resourceVersion, so that it receives nothing before a newer
     * one.
     */
    record Pledge(String resourceVersion) implements Tunes {}

    /**
     * Make the running replica the primary.
     *
     * @param timeline the number that its timeline must get; PostgreSQL never chooses it
     */
    record Promote(long epoch, int timeline) implements StartsPrimary {}

    /** Ask the primary which timelines its own one comes from. */
    record ReadHistory(String address, int timeline) implements Looks {}

    /** Rewind the diverged data to where it left the primary's timeline; stops PostgreSQL first. */
    record Rewind(String address, int timeline) implements ReplacesData {}

    /** Make commits wait for these members: synchronous_standby_names. */
    record Synchronize(int acknowledgements, List<Integer> voters) implements Tunes {}

    /**
     * Wait until enough of these members, as many as commits wait for, have everything that was acknowledged under earlier values of
     * synchronous_standby_names.
     */
    record Confirm(int acknowledgements, List<Integer> voters) implements Waits {}

    /**
     * Stop the primary cleanly so that a replica takes over, and wait for these members. Before the stop, one of the possible successors must have
     * replayed all WAL: a promotion ends only after the replay, and until then nobody can write.
     *
     * @param members the best first
     */
    record HandOver(List<Integer> members, Terms terms) implements EndsServer {
        /** Hand-over of a primary that must go. */
        public HandOver(List<Integer> members) {
            this(members, Terms.LEAVING);
        }
    }

    /**
     * How a primary hands over.
     *
     * @param to the member that must have replayed everything; null for any of them
     * @param endSessions whether to end what delays replay on that member: sessions, a pause, a delay
     * @param insists whether to hand over even if replay does not catch up; otherwise the job fails ({@code ReplayBehind}), and the primary keeps
     *     serving
     * @param request id of the user's request, if there is one
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

    /** Make the first write of a reign. */
    record BeginReign(long epoch, int timeline) implements Tunes {}

    /** Validate the settings, then use them. */
    record Apply(String revision) implements Tunes {}

    /**
     * Keep a slot for each of these members and for no other.
     *
     * @param awaited the members that consumers of logical slots wait for: they get only what all of these have flushed
     */
    record KeepSlots(List<Integer> ordinals, List<Integer> awaited) implements Tunes {}

    /**
     * On a replica: move the other members' slots to the positions that they have on the primary, so that those members can follow it after a
     * promotion.
     */
    record CopySlots(int primary) implements Tunes {}

    /** Set the roles' passwords to those in the Secrets. */
    record SetPasswords() implements Tunes {}

    /** Stop PostgreSQL with a fast shutdown. */
    record Stop() implements EndsServer {}
}
