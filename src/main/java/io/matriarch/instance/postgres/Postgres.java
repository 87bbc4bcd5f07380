package io.matriarch.instance.postgres;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Settings;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL of this member, as the rest of the agent sees it. Methods block until they are done and are called from one worker thread,
 * except {@link #observe}, {@link #refreshCertificates}, {@link #kill} and {@link #stopNow}, which any thread may call at any time. A method
 * that is killed half-way leaves something that the same method, called again after a restart of the agent, completes or clears away.
 */
public interface Postgres {
    /** Takes the volume, looks at it without starting anything, and clears an unfinished initdb or clone away. */
    VolumeState inspect() throws PostgresException;

    /** Looks at the volume like {@link #inspect}, and finds where its WAL ends; reads as much as crash recovery would. No server runs. */
    VolumeState measure() throws PostgresException;

    /** Makes the database system, with roles, database and the user's SQL, and leaves it stopped cleanly. PGDATA must be empty. */
    void initdb(Settings settings, String applicationPassword, List<String> postInitSql) throws PostgresException;

    /** Makes this member a copy of the primary by pg_basebackup over this member's slot. PGDATA must be empty. */
    void cloneFrom(Settings settings, String primaryAddress, String systemIdentifier) throws PostgresException;

    /** Throws this replica's copy of the data away, so that it can be cloned anew. Only while the primary serves. */
    void discard() throws PostgresException;

    /**
     * Starts PostgreSQL as the primary of an epoch and returns when it accepts connections. The caller holds the Lease. Data that was a
     * replica's is promoted, to a timeline of its own.
     */
    void startPrimary(Settings settings, long epoch) throws PostgresException;

    /** Starts PostgreSQL as a replica of {@code primaryAddress} (absent: of nobody, yet) and returns when it accepts connections. */
    void startReplica(Settings settings, @Nullable String primaryAddress) throws PostgresException;

    /** Lets a running replica follow another address, or nobody, without a restart. */
    void follow(@Nullable String primaryAddress) throws PostgresException;

    /**
     * Tries settings with PostgreSQL itself, and uses them when it accepts them: writes the files and reloads. When it refuses, nothing that
     * runs is touched, and {@link ServerState#rejected} has its own words.
     */
    void apply(Settings settings) throws PostgresException;

    /** Makes missing slots for {@code ordinals} and drops those of other members; returns the ordinals that have one now. */
    List<Integer> keepSlots(List<Integer> ordinals) throws PostgresException;

    /** Sets the password of a role that exists; null takes it away. Does nothing when it is the same already. */
    void password(String role, @Nullable String password) throws PostgresException;

    /** Takes renewed certificates into use, if the mounted ones changed. */
    void refreshCertificates() throws PostgresException;

    /** What the server is doing now; never blocks longer than {@code timeout}. */
    ServerState observe(Duration timeout);

    /** Whether a postmaster is there; asks it nothing. */
    boolean runs();

    /** Fast shutdown; after {@code patience} everything is killed. Returns when no process is left. */
    void stop(Duration patience) throws PostgresException;

    /** Asks for a fast shutdown, at once, without waiting. */
    void stopNow();

    /** SIGKILLs every process of PostgreSQL until none is left (ha.md section 0, 1: the postmaster alone is not enough). */
    void kill();

    /**
     * What is on the volume.
     *
     * @param primaryEpoch the last epoch in which this member was the primary; 0 for never
     * @param lsn end of the data by pg_control, in PostgreSQL's notation, such as {@code 0/3000148}; of a primary that was shut down, the end
     *     of its last record
     * @param past what the data was
     */
    record VolumeState(
            MemberReport.VolumeContent content,
            @Nullable String systemIdentifier,
            @Nullable Integer major,
            @Nullable String owner,
            int timeline,
            long primaryEpoch,
            @Nullable String lsn,
            MemberReport.@Nullable Problem problem,
            Past past) {
        /** Of which the past is not known. */
        public VolumeState(
                MemberReport.VolumeContent content,
                @Nullable String systemIdentifier,
                @Nullable Integer major,
                @Nullable String owner,
                int timeline,
                long primaryEpoch,
                @Nullable String lsn,
                MemberReport.@Nullable Problem problem) {
            this(content, systemIdentifier, major, owner, timeline, primaryEpoch, lsn, problem, Past.NONE);
        }

        /** With the end of its WAL. */
        public VolumeState ending(End end) {
            return new VolumeState(
                    content,
                    systemIdentifier,
                    major,
                    owner,
                    timeline,
                    primaryEpoch,
                    lsn,
                    problem,
                    new Past(past.standby(), past.clean(), past.timelines(), past.rewound(), Optional.of(end)));
        }
    }

    /**
     * What the data was.
     *
     * @param standby whether it is a replica's: whether it would start as one
     * @param clean whether it was shut down, so that {@link VolumeState#lsn} is its very end
     * @param timelines which timeline each epoch of this member owned, as far as the data still has them
     * @param rewound whether it was rewound and has not come up since: it needs WAL of whom it was rewound to before it does
     * @param end where its WAL ends; only after {@link #measure}
     */
    record Past(
            boolean standby, boolean clean, SortedMap<Long, Integer> timelines, boolean rewound, Optional<End> end) {
        static final Past NONE = new Past(false, false, Collections.emptySortedMap());

        /** Of which the end was not looked for. */
        public Past(boolean standby, boolean clean, SortedMap<Long, Integer> timelines) {
            this(standby, clean, timelines, false, Optional.empty());
        }
    }

    /**
     * Where WAL ends: each reign has a timeline of its own, so the greater timeline has more, and of two on the same the further one.
     *
     * @param lsn as {@link Lsn#parse} gives it: behind the last whole record
     */
    record End(int timeline, long lsn) {}

    /**
     * A running server, or that there is none.
     *
     * @param process whether a postmaster is there
     * @param accepting whether it answered a query
     * @param receiving whether its WAL receiver is streaming
     * @param walGone whether the primary said that it no longer has the WAL that this replica needs
     * @param settings revision in use
     * @param rejected revision that PostgreSQL refused
     * @param streaming ordinals of members that stream from here
     * @param exit why the postmaster ended by itself
     * @param wal where it is in the WAL
     */
    record ServerState(
            boolean process,
            boolean accepting,
            boolean inRecovery,
            boolean receiving,
            boolean walGone,
            int timeline,
            @Nullable String version,
            @Nullable String settings,
            MemberReport.@Nullable Rejected rejected,
            List<String> pendingRestart,
            List<Integer> streaming,
            @Nullable String exit,
            Wal wal) {
        /** Of which it is not known where it is in the WAL. */
        public ServerState(
                boolean process,
                boolean accepting,
                boolean inRecovery,
                boolean receiving,
                boolean walGone,
                int timeline,
                @Nullable String version,
                @Nullable String settings,
                MemberReport.@Nullable Rejected rejected,
                List<String> pendingRestart,
                List<Integer> streaming,
                @Nullable String exit) {
            this(
                    process,
                    accepting,
                    inRecovery,
                    receiving,
                    walGone,
                    timeline,
                    version,
                    settings,
                    rejected,
                    pendingRestart,
                    streaming,
                    exit,
                    Wal.UNKNOWN);
        }

        /** No server, and none expected. */
        public static ServerState none() {
            return new ServerState(false, false, false, false, false, 0, null, null, null, List.of(), List.of(), null);
        }
    }

    /**
     * Where a server is in the WAL; positions as {@link Lsn#parse} gives them, 0 for unknown.
     *
     * @param end of what is flushed here; of a replica, as far as it can know without its receiver stopped
     * @param replayed by a replica
     * @param delayed whether a replica replays late on purpose, or is paused
     * @param upstream the address that a replica's receiver is connected to, or empty
     * @param receiving timeline that the receiver is on; 0 without one
     * @param upstreamEnd end of WAL that the upstream last told of
     * @param senders the members that read from here
     */
    record Wal(
            long end,
            long replayed,
            boolean delayed,
            String upstream,
            int receiving,
            long upstreamEnd,
            List<Sender> senders) {
        public static final Wal UNKNOWN = new Wal(0, 0, false, "", 0, 0, List.of());
    }

    /**
     * A member that reads WAL from here.
     *
     * @param address of its pod
     * @param streaming whether it has caught up once; otherwise it still reads what is behind
     */
    record Sender(int ordinal, String address, boolean streaming, long flushed, long replayed) {}

    /** What a probe of a primary came to. */
    enum Pulse {
        Good,
        /** Nobody new gets in. */
        NoConnection,
        /** A commit does not come back. */
        NoWrite
    }
}
