package io.matriarch.instance.postgres;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL of this member, as the rest of the agent sees it. Methods block until they are done, are interruptible, and are called from
 * one worker thread, except {@link #observe}, {@link #kill} and {@link #stopNow}, which any thread may call at any time. A method that is
 * killed half-way leaves something that the same method, called again after a restart of the agent, completes or clears away.
 */
public interface Postgres {
    /** Looks at the volume without starting anything: what is there, whose, and up to where. Clears an unfinished initdb or clone away. */
    VolumeState inspect() throws PostgresException;

    /** Makes the database system, with roles, database and the user's SQL, and leaves it stopped cleanly. PGDATA must be empty. */
    void initdb(Settings settings, String applicationRole, String applicationPassword, List<String> postInitSql)
            throws PostgresException;

    /** Makes this member a copy of the primary by pg_basebackup. PGDATA must be empty. */
    void cloneFrom(String primaryAddress, int slotOrdinal) throws PostgresException;

    /** Starts PostgreSQL as the primary and returns when it accepts connections. The caller holds the Lease. */
    void startPrimary(Settings settings) throws PostgresException;

    /** Starts PostgreSQL as a replica of {@code primaryAddress} (absent: of nobody, yet) and returns when it accepts connections. */
    void startReplica(Settings settings, @Nullable String primaryAddress) throws PostgresException;

    /** Lets a running replica follow another address, or nobody, without a restart. */
    void follow(@Nullable String primaryAddress) throws PostgresException;

    /**
     * Tries settings with PostgreSQL itself, without touching what runs.
     *
     * @return PostgreSQL's own words of refusal, or empty when it accepts them
     */
    Optional<String> check(Settings settings) throws PostgresException;

    /** Writes checked settings and reloads; what needs a restart is in {@link ServerState#pendingRestart} afterwards. */
    void apply(Settings settings) throws PostgresException;

    /** Makes missing slots for {@code ordinals} and drops slots of other members, ending their walsender if need be; returns the ordinals that have one now. */
    List<Integer> keepSlots(List<Integer> ordinals) throws PostgresException;

    /** Sets the password of a role that exists; null takes it away. Does nothing when it is the same already. */
    void password(String role, @Nullable String password) throws PostgresException;

    /**
     * Writes to the volume, fsynced, the highest epoch this member has seen and, when it is about to be the primary of that epoch, that it
     * owns its timeline in it. Called before {@link #startPrimary}; {@link VolumeState#epoch} tells it after a restart.
     */
    void remember(long epoch, boolean primary) throws PostgresException;

    /** What the server is doing now; never blocks longer than {@code timeout}. */
    ServerState observe(Duration timeout);

    /** Fast shutdown; after {@code patience} everything is killed. Returns when no process is left. */
    void stop(Duration patience) throws PostgresException;

    /** SIGINT to the postmaster, at once, without waiting. */
    void stopNow();

    /** SIGKILLs every process of PostgreSQL until none is left (ha.md section 0, 1: the postmaster alone is not enough). */
    void kill();

    /**
     * What is on the volume.
     *
     * @param epoch the highest epoch this volume has seen
     * @param lsn end of the data by pg_control, in PostgreSQL's notation, such as {@code 0/3000148}
     */
    record VolumeState(
            MemberReport.VolumeContent content,
            @Nullable String systemIdentifier,
            @Nullable Integer major,
            @Nullable String owner,
            int timeline,
            long epoch,
            @Nullable String lsn,
            MemberReport.@Nullable Problem problem) {}

    /**
     * A running server, or that there is none.
     *
     * @param process whether a postmaster is there
     * @param accepting whether it answered a query
     * @param receiving whether its WAL receiver is streaming
     * @param streaming on a primary: ordinals of the members whose walsender is in state streaming (by slot {@code m_n})
     * @param lsn end of WAL on a primary, last replayed on a replica; null when it did not answer
     * @param lagBytes of a replica: what the primary told it of minus what it replayed; null when unknown or on a primary
     * @param exit why the postmaster ended, from its log, when it ended by itself
     */
    record ServerState(
            boolean process,
            boolean accepting,
            boolean inRecovery,
            boolean receiving,
            int timeline,
            @Nullable String version,
            @Nullable String settingsRevision,
            List<String> pendingRestart,
            List<Integer> streaming,
            @Nullable String lsn,
            @Nullable Long lagBytes,
            @Nullable String exit) {
        /** No postmaster is there. */
        public static ServerState none(@Nullable String exit) {
            return new ServerState(false, false, false, false, 0, null, null, List.of(), List.of(), null, null, exit);
        }
    }
}
