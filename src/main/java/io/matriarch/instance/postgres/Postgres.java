package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.fence.Killable;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL of this member, as the rest of the agent sees it. Methods block until they are done and are called from one worker thread,
 * except {@link #observe}, {@link #refreshCertificates}, {@link #kill} and {@link #stopNow}, which any thread may call at any time. A method
 * that is killed half-way leaves something that the same method, called again after a restart of the agent, completes or clears away.
 */
public interface Postgres extends Killable {
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

    /** Sets the password of a role that exists, whatever it was: it may have been changed by others, or on another member. Null takes it away. */
    void password(String role, @Nullable String password) throws PostgresException;

    /** Takes renewed certificates into use, if the mounted ones changed. */
    void refreshCertificates() throws PostgresException;

    /** What the server is doing now; never blocks longer than {@code timeout}. */
    ServerState observe(Duration timeout);

    /** Whether a postmaster is there; asks it nothing. */
    boolean runs();

    /** Fast shutdown; after {@code patience} everything is killed. Returns when no process is left. */
    void stop(Duration patience) throws PostgresException;
}
