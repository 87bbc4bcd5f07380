package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.fence.Killable;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL of this member, as the rest of the agent sees it. Methods block until they are done and are called from one worker thread, except
 * {@link #observe}, {@link #refreshCertificates}, {@link #kill} and {@link #stopNow}, which any thread may call at any time. If a method is killed
 * half-way, the same method, called again after a restart of the agent, completes or removes what was left.
 */
public interface Postgres extends Killable {
    /** Takes the volume, inspects it without starting anything, and removes an unfinished initdb or clone. */
    VolumeState inspect() throws PostgresException;

    /**
     * Inspects the volume like {@link #inspect}, and finds where its WAL ends; reads as much as crash recovery would. No server may be running.
     */
    VolumeState measure() throws PostgresException;

    /** Creates the database system, with roles, database and the user's SQL, and leaves it cleanly stopped. PGDATA must be empty. */
    void initdb(Settings settings, String applicationPassword, List<String> postInitSql) throws PostgresException;

    /** Makes this member a copy of the primary by pg_basebackup over this member's slot. PGDATA must be empty. */
    void cloneFrom(Settings settings, String primaryAddress, String systemIdentifier) throws PostgresException;

    /** Discards this replica's copy of the data, so that it can be cloned anew. Call this only while the primary serves. */
    void discard() throws PostgresException;

    /**
     * Starts PostgreSQL as the primary of an epoch and returns when it accepts connections. The caller must hold the Lease. If the data was a
     * replica's, it is promoted to a timeline of its own.
     */
    void startPrimary(Settings settings, long epoch) throws PostgresException;

    /** Starts PostgreSQL as a replica of {@code primaryAddress} (null: of no one yet) and returns when it accepts connections. */
    void startReplica(Settings settings, @Nullable String primaryAddress) throws PostgresException;

    /** Makes a running replica follow another address, or no one, without a restart. */
    void follow(@Nullable String primaryAddress) throws PostgresException;

    /**
     * Validates settings with PostgreSQL itself, and uses them if PostgreSQL accepts them: writes the files and reloads. If it refuses, nothing
     * that is running is touched, and {@link ServerState#rejected} contains its own words.
     */
    void apply(Settings settings) throws PostgresException;

    /** Creates missing slots for {@code ordinals} and drops those of other members; returns the ordinals that now have one. */
    List<Integer> keepSlots(List<Integer> ordinals) throws PostgresException;

    /**
     * Sets the password of an existing role, whatever it was: others may have changed it, or it may have been changed on another member. Null
     * removes it.
     */
    void password(String role, @Nullable String password) throws PostgresException;

    /** Starts to use renewed certificates, if the mounted ones changed. */
    void refreshCertificates() throws PostgresException;

    /** What the server is doing now; never blocks longer than {@code timeout}. */
    ServerState observe(Duration timeout);

    /** Whether there is a postmaster; does not query it. */
    boolean runs();

    /** Fast shutdown; after {@code patience} all processes are killed. Returns when no process is left. */
    void stop(Duration patience) throws PostgresException;
}
