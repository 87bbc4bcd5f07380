package io.matriarch.instance.postgres;

import java.sql.SQLException;
import java.time.Duration;

/**
 * The table of the former primaries: {@code matriarch.reigns} in the database postgres. Its row is the first write of each reign, so that any copy
 * of the data shows whose it is (docs/internals/protocol.md 6, step 6).
 */
final class Reigns {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private Reigns() {}

    static void begin(Layout layout, long epoch, int timeline) throws SQLException {
        try (Sql sql = Sql.open(layout, "postgres", PATIENCE)) {
            boolean made = sql.one("SELECT to_regclass('matriarch.reigns') IS NOT NULL", row -> row.getBoolean(1));
            if (!made) {
                sql.execute("""
                        CREATE SCHEMA IF NOT EXISTS matriarch;
                        CREATE TABLE IF NOT EXISTS matriarch.reigns (
                            epoch bigint PRIMARY KEY,
                            timeline int NOT NULL,
                            holder text NOT NULL,
                            began timestamptz NOT NULL DEFAULT now())
                        """);
            }
            // The row exists already if an epoch continues after a restart of the server.
            sql.execute(
                    "INSERT INTO matriarch.reigns (epoch, timeline, holder) VALUES (%d, %d, %s) ON CONFLICT (epoch) DO NOTHING"
                            .formatted(epoch, timeline, Sql.literal(layout.pod())));
        }
    }
}
