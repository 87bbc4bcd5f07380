package io.matriarch.instance.postgres;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What delays a replica's replay (manual, "Handling Query Conflicts"). Configuration alone ends none of it: the startup process reads a new
 * max_standby_streaming_delay only after its present wait, and a promotion waits with it.
 */
final class Replay {
    private static final Logger LOG = LoggerFactory.getLogger(Replay.class);

    /** If sessions delay replay by their snapshots, only the oldest snapshot's: the others may not be in the way. */
    private static final String SESSIONS = """
            WITH s AS (SELECT pid, wait_event_type AS type, wait_event AS event FROM pg_stat_activity WHERE backend_type = 'startup'),
            c AS (SELECT * FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())
            SELECT c.pid, coalesce(c.usename, ''), coalesce(c.datname, ''), c.application_name,
                   to_char(coalesce(c.xact_start, c.backend_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            FROM c, s WHERE CASE
                WHEN s.event = 'RecoveryConflictSnapshot'
                    THEN age(c.backend_xmin) = (SELECT max(age(backend_xmin)) FROM c)
                WHEN s.event IN ('RecoveryConflictTablespace', 'BufferPin') THEN c.xact_start IS NOT NULL
                WHEN s.type = 'Lock' THEN EXISTS (
                    SELECT FROM pg_locks w JOIN pg_locks h ON h.locktype = w.locktype
                        AND h.database IS NOT DISTINCT FROM w.database AND h.relation IS NOT DISTINCT FROM w.relation
                        AND h.classid IS NOT DISTINCT FROM w.classid AND h.objid IS NOT DISTINCT FROM w.objid
                    WHERE w.pid = s.pid AND NOT w.granted AND h.granted AND h.pid = c.pid)
                ELSE false END
            ORDER BY 5, 1
            """;

    private final Sql sql;

    Replay(Sql sql) {
        this.sql = sql;
    }

    private record Session(int pid, String user, String database, String application, String since) {
        private String text() {
            return "the session %d of %s in the database %s (application_name %s, since %s)"
                    .formatted(pid, user, database, application.isEmpty() ? "empty" : application, since);
        }
    }

    /** What delays replay, in words for the one who waits; empty if nothing does. */
    Optional<String> held() throws SQLException {
        if (paused()) {
            return Optional.of("replay is paused there: SELECT pg_wal_replay_resume() lets it go on");
        }
        List<Session> sessions = sessions();
        if (!sessions.isEmpty()) {
            return Optional.of("its replay waits for "
                    + sessions.stream().map(Session::text).collect(Collectors.joining(", ")));
        }
        String delay = sql.one("SELECT current_setting('recovery_min_apply_delay')", row -> row.getString(1));
        return delay.equals("0") ? Optional.empty() : Optional.of("recovery_min_apply_delay is %s".formatted(delay));
    }

    /**
     * Ends the sessions that are in the way at this moment, and a pause. The startup process continues at once, because its wait ends with a
     * signal.
     */
    void free() throws SQLException {
        if (paused()) {
            sql.one("SELECT pg_wal_replay_resume()::text", row -> row.getString(1));
        }
        for (Session session : sessions()) {
            LOG.warn("ending {}: it holds replay up", session.text());
            sql.one("SELECT pg_terminate_backend(?)", row -> row.getBoolean(1), session.pid());
        }
    }

    private boolean paused() throws SQLException {
        return sql.one(
                "SELECT CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END",
                row -> row.getBoolean(1));
    }

    private List<Session> sessions() throws SQLException {
        return sql.query(
                SESSIONS,
                row -> new Session(
                        row.getInt(1), row.getString(2), row.getString(3), row.getString(4), row.getString(5)));
    }
}
