package io.matriarch.api.contract;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a member reports about itself: annotation {@link Labels#REPORT} of its pod, and part of {@code /status}. It holds states, never figures
 * that change by themselves, because it is written only on change.
 *
 * @param v version of this document's format
 * @param agent version of the running agent, such as {@code 0.1.0+3f2a81c09b4e}, with the digest of its jars; after a {@code !} the digest of the
 *     jars on disk, if they differ. For people: neither side compares it (agents of the first release say {@code 0.1.0})
 * @param incarnation of the agent's process: new with each start of the container; a report of another incarnation is out of date
 * @param role of the member
 * @param state what the member is doing
 * @param epoch of the Lease that it last saw
 * @param timeline it is on; 0 when it has no data
 * @param volume what is on its volume
 * @param systemIdentifier of the data on its volume
 * @param major version of the data on its volume, such as 17
 * @param owner {@code namespace/cluster} that the volume's data belongs to
 * @param lsn where the WAL on the volume ends, on {@code timeline}; present only while the cluster waits for bootstrap, and only once the member
 *     has looked for it
 * @param primaryEpoch the last epoch in which the member on this volume was the primary; 0 for never
 * @param serverVersion as the running server reports it, such as {@code 17.6}
 * @param settings revision of {@link Settings} in use
 * @param rejected revision that PostgreSQL refused, with its own words
 * @param pendingRestart parameters that need a restart of PostgreSQL
 * @param members of the cluster that have a slot or a membership; only the primary reports them
 * @param problem why the member cannot continue, if it cannot
 * @param answers to the requests in {@link Settings#requests}; kept while the request is in the settings
 * @param synchronous how commits are acknowledged; only the primary reports it
 * @param change how the newest reign began; only the primary reports it
 * @param connected ordinals of the members that stream from here, and its own; only the primary reports them, empty from an agent of an older
 *     version
 * @param slots users' replication slots that are in trouble, or were dropped here in the last minutes; empty from an agent of an older version
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record MemberReport(
        int v,
        String agent,
        String incarnation,
        Role role,
        State state,
        long epoch,
        int timeline,
        VolumeContent volume,
        @Nullable String systemIdentifier,
        @Nullable Integer major,
        @Nullable String owner,
        @Nullable String lsn,
        long primaryEpoch,
        @Nullable String serverVersion,
        @Nullable String settings,
        @Nullable Rejected rejected,
        List<String> pendingRestart,
        List<Integer> members,
        @Nullable Problem problem,
        List<Answer> answers,
        @Nullable Synchronous synchronous,
        @Nullable RoleChange change,
        List<Integer> connected,
        List<Slot> slots) {
    public static final int VERSION = 1;

    public MemberReport {
        agent = agent == null ? "" : agent;
        incarnation = incarnation == null ? "" : incarnation;
        pendingRestart = pendingRestart == null ? List.of() : List.copyOf(pendingRestart);
        members = members == null ? List.of() : List.copyOf(members);
        answers = answers == null ? List.of() : List.copyOf(answers);
        connected = connected == null ? List.of() : List.copyOf(connected);
        slots = slots == null ? List.of() : List.copyOf(slots);
    }

    /** A report without {@code connected} and {@code slots}. */
    public MemberReport(
            int v,
            String agent,
            String incarnation,
            Role role,
            State state,
            long epoch,
            int timeline,
            VolumeContent volume,
            @Nullable String systemIdentifier,
            @Nullable Integer major,
            @Nullable String owner,
            @Nullable String lsn,
            long primaryEpoch,
            @Nullable String serverVersion,
            @Nullable String settings,
            @Nullable Rejected rejected,
            List<String> pendingRestart,
            List<Integer> members,
            @Nullable Problem problem,
            List<Answer> answers,
            @Nullable Synchronous synchronous,
            @Nullable RoleChange change) {
        this(
                v,
                agent,
                incarnation,
                role,
                state,
                epoch,
                timeline,
                volume,
                systemIdentifier,
                major,
                owner,
                lsn,
                primaryEpoch,
                serverVersion,
                settings,
                rejected,
                pendingRestart,
                members,
                problem,
                answers,
                synchronous,
                change,
                List.of(),
                List.of());
    }

    /** This report with how the newest reign began. */
    public MemberReport with(RoleChange next) {
        return new MemberReport(
                v,
                agent,
                incarnation,
                role,
                state,
                epoch,
                timeline,
                volume,
                systemIdentifier,
                major,
                owner,
                lsn,
                primaryEpoch,
                serverVersion,
                settings,
                rejected,
                pendingRestart,
                members,
                problem,
                answers,
                synchronous,
                next,
                connected,
                slots);
    }

    /** The report before there is anything to report. */
    public static MemberReport none() {
        return new MemberReport(
                VERSION,
                "",
                "",
                Role.None,
                State.Waiting,
                0,
                0,
                VolumeContent.Unknown,
                null,
                null,
                null,
                null,
                0,
                null,
                null,
                null,
                List.of(),
                List.of(),
                null,
                List.of(),
                null,
                null);
    }

    /** Role of a member. */
    public enum Role {
        Primary,
        Replica,
        None
    }

    /** What a member is doing. */
    public enum State {
        /** It waits for settings, for permission, or for a primary. */
        Waiting,
        /** It runs initdb and what belongs to it. */
        Initializing,
        /** It runs pg_basebackup. */
        Cloning,
        /** PostgreSQL is starting or recovering. */
        Starting,
        /** A replica that receives from the primary. */
        Streaming,
        /** A replica that serves reads without a primary to follow. */
        Detached,
        /** A primary that serves. */
        Running,
        /** PostgreSQL is stopping, or was stopped on purpose. */
        Stopped,
        /** See the problem. */
        Failed
    }

    /** What is on a member's volume. */
    public enum VolumeContent {
        Unknown,
        Empty,
        /** The remains of an initdb or clone that was killed; the agent removes them by itself. */
        Unfinished,
        Data,
        /** Data of another cluster, of another major version, or of an unknown kind. */
        Foreign
    }

    /** Settings that PostgreSQL refused. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Rejected(String revision, String message) {}

    /** What became of a user's replication slot. */
    public enum SlotState {
        /** The slot was created while this member was the primary, and no consumer can advance it here: the agent dropped it. */
        Dropped,
        /** No consumer reads it, and it keeps more WAL than max_wal_size. */
        HoldsWal,
        /** Its WAL is gone, or PostgreSQL has invalidated it: no consumer can read it any more. */
        Lost
    }

    /** A replication slot of a user. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Slot(String name, SlotState state) {}

    /** What became of a request. */
    public enum Outcome {
        Done,
        /** Nothing was done; the message says why. */
        Refused,
        /** The request was begun and undone; the message says why. */
        Aborted
    }

    /** Answer to a {@link Settings.Request}. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Answer(String id, Outcome outcome, String message) {}

    /** How commits are acknowledged now. */
    public enum SyncState {
        /** The primary alone acknowledges commits, as the user wants it. */
        Async,
        /** Enough replicas acknowledge commits. */
        Quorum,
        /** Too few replicas are connected: commits wait. */
        Blocked,
        /** Too few replicas are connected: the primary alone acknowledges commits, as the user allows it. */
        Degraded
    }

    /**
     * Synchronous replication as the primary uses it.
     *
     * @param acknowledgements W in use
     * @param voters ordinals, the primary's included
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Synchronous(SyncState state, int acknowledgements, List<Integer> voters) {
        public Synchronous {
            voters = voters == null ? List.of() : List.copyOf(voters);
        }
    }

    /**
     * How a reign began.
     *
     * @param from pod that was the primary before; null for the first
     * @param reason one word in CamelCase: Bootstrap, Restart, Switchover, PrimaryStopped, PrimaryTerminated, LeaseExpired, Forced
     * @param millis from the moment when the new primary learned of the vacancy until it accepted writes
     * @param message the story in one line: why the former primary was given up, who voted at which position, and who did not vote and why
     * @param outage milliseconds from the last sign that the former primary served, as far as the new one saw it, until the new one accepted
     *     writes; null if it saw none
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record RoleChange(
            long epoch,
            @Nullable String from,
            String reason,
            long millis,
            String message,
            @Nullable Long outage) {
        /** A role change without a known sign of the former primary. */
        public RoleChange(long epoch, @Nullable String from, String reason, long millis, String message) {
            this(epoch, from, reason, millis, message, null);
        }
    }
}
