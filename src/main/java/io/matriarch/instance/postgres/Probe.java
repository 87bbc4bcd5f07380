package io.matriarch.instance.postgres;

import io.matriarch.instance.facts.Pulse;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Whether a primary still does its work: accepts a new connection, and writes. With a hung disk, queries are still answered, and only a commit
 * reveals it (docs/internals/postgresql.md 2).
 */
final class Probe {
    /** SQLSTATE too_many_connections: the server answered. */
    private static final String TOO_MANY = "53300";

    private final Layout layout;
    private String flushed = "";

    Probe(Layout layout) {
        this.layout = layout;
    }

    /** Probes once; each step may take {@code timeout}. The write is left out if others' writes have succeeded since the last probe. */
    Pulse take(Duration timeout) {
        Sql sql;
        try {
            sql = Sql.open(layout, "postgres", timeout);
        } catch (SQLException e) {
            return TOO_MANY.equals(e.getSQLState()) ? Pulse.Good : Pulse.NoConnection;
        }
        try (sql) {
            String now = flushed(sql);
            if (now.equals(flushed)) {
                // commits, locally, and leaves nothing behind
                sql.one("SELECT pg_logical_emit_message(true, 'matriarch', 'probe')::text", row -> row.getString(1));
                now = flushed(sql);
            }
            flushed = now;
            return Pulse.Good;
        } catch (SQLException e) {
            return Pulse.NoWrite;
        }
    }

    private static String flushed(Sql sql) throws SQLException {
        return sql.one("SELECT pg_current_wal_flush_lsn()::text", row -> row.getString(1));
    }
}
