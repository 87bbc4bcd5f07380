package io.matriarch.instance.postgres;

import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.api.contract.Names;
import io.matriarch.instance.postgres.Postgres.ServerState;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Asks the server how it is, over one connection that is kept. */
final class ServerWatch {
    private static final String STATE = """
            SELECT pg_is_in_recovery(),
                   current_setting('server_version'),
                   CASE WHEN pg_is_in_recovery()
                        THEN greatest((SELECT timeline_id FROM pg_control_checkpoint()),
                                      coalesce((SELECT received_tli FROM pg_stat_wal_receiver), 0))
                        ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
                   coalesce((SELECT status = 'streaming' FROM pg_stat_wal_receiver), false)
            """;

    private final Layout layout;
    private final AtomicBoolean settingsChanged = new AtomicBoolean(true);
    private @Nullable Sql sql;
    private List<String> pendingRestart = List.of();
    private int rounds;

    ServerWatch(Layout layout) {
        this.layout = layout;
    }

    /** pg_settings is worth a look now. */
    void settingsChanged() {
        settingsChanged.set(true);
    }

    /** Whether the server lets us in. */
    boolean accepts() {
        try (Sql probe = Sql.open(layout, "postgres", Duration.ofSeconds(2))) {
            return probe.one("SELECT true", row -> row.getBoolean(1));
        } catch (SQLException e) {
            return false;
        }
    }

    synchronized ServerState observe(
            Postmaster postmaster, Duration timeout, @Nullable String revision, @Nullable Rejected rejected) {
        if (!postmaster.running()) {
            close();
            return new ServerState(
                    false,
                    false,
                    false,
                    false,
                    postmaster.walGone(),
                    0,
                    null,
                    null,
                    rejected,
                    List.of(),
                    List.of(),
                    postmaster.failure().orElse(null));
        }
        try {
            Sql open = connection(timeout);
            // A reload takes effect a moment after the signal, so look again for some rounds after a change.
            if (settingsChanged.getAndSet(false)) {
                rounds = 5;
            }
            if (rounds > 0) {
                rounds--;
                pendingRestart = open.query(
                        "SELECT name FROM pg_settings WHERE pending_restart ORDER BY name", row -> row.getString(1));
            }
            List<Integer> streaming = open
                    .query(
                            "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming' AND usename = '"
                                    + Layout.REPLICATION_ROLE + "' ORDER BY 1",
                            row -> row.getString(1))
                    .stream()
                    .filter(name -> name.startsWith(layout.cluster() + "-"))
                    .map(Names::ordinal)
                    .toList();
            return open.one(
                    STATE,
                    row -> new ServerState(
                            true,
                            true,
                            row.getBoolean(1),
                            row.getBoolean(4),
                            postmaster.walGone(),
                            row.getInt(3),
                            row.getString(2).split(" ")[0],
                            revision,
                            rejected,
                            pendingRestart,
                            streaming,
                            null));
        } catch (SQLException e) {
            close();
            return new ServerState(
                    true,
                    false,
                    false,
                    false,
                    postmaster.walGone(),
                    0,
                    null,
                    revision,
                    rejected,
                    List.of(),
                    List.of(),
                    Optional.ofNullable(e.getMessage()).orElse("no answer"));
        }
    }

    private Sql connection(Duration timeout) throws SQLException {
        if (sql == null) {
            sql = Sql.open(layout, "postgres", timeout);
            settingsChanged.set(true);
        }
        return sql;
    }

    private void close() {
        if (sql != null) {
            sql.close();
            sql = null;
        }
    }
}
