package io.matriarch.instance.postgres;

import java.sql.SQLException;
import java.time.Duration;

/**
 * A walsender for the agent itself: only a walsender certainly knows the timeline that a replica replays (manual, "Streaming Replication
 * Protocol", IDENTIFY_SYSTEM). It takes a process, so callers in a hurry use it only if nothing else tells.
 */
final class Walsender {
    private Walsender() {}

    /** The timeline that is replayed, or written, at the moment of the call. */
    static int timeline(Layout layout, Duration timeout) throws SQLException {
        try (Sql connection = Sql.openReplication(layout, timeout)) {
            return connection.one("IDENTIFY_SYSTEM", row -> row.getInt(2));
        }
    }
}
