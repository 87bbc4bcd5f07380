package io.matriarch.instance.postgres;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Whether a running server uses what was written to its configuration files, as far as a session can tell; {@link ReloadLog} knows the rest. */
final class TakenFiles {
    /**
     * What the files say and the server does not use, for a reason other than that it needs a restart. The view judges from its session, which may
     * lack a conversion to an encoding that clients can have.
     */
    private static final String NOT_APPLIED = """
            SELECT coalesce(name || ': ', '') || error FROM pg_file_settings f
            WHERE error IS NOT NULL AND name IS DISTINCT FROM 'client_encoding' AND NOT EXISTS (SELECT FROM pg_settings s WHERE s.name = f.name AND pending_restart)
            """;

    /** Within this time a postmaster has logged its complaints: it reads one file after the other, and the parameters come first. */
    private static final Duration COMPLAINS_WITHIN = Duration.ofSeconds(1);

    private volatile long writtenAt = System.nanoTime() - COMPLAINS_WITHIN.toNanos();
    private long askedOf = writtenAt;
    private volatile Optional<String> complaint = Optional.empty();

    void written() {
        complaint = Optional.empty();
        writtenAt = System.nanoTime();
    }

    /** The next answer may come from another server. */
    void unknown() {
        askedOf = writtenAt - 1;
    }

    /** Whether the server has had the time to read what was written last; if so, asks it once what it does not use. */
    boolean read(Sql sql) throws SQLException {
        long written = writtenAt;
        if (System.nanoTime() - written < COMPLAINS_WITHIN.toNanos()) {
            return false;
        }
        if (askedOf != written) {
            List<String> errors = sql.query(NOT_APPLIED, row -> row.getString(1));
            complaint = errors.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", errors));
            askedOf = written;
        }
        return true;
    }

    Optional<String> complaint() {
        return complaint;
    }
}
