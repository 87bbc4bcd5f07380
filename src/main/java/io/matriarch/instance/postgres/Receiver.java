package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Problem;
import io.matriarch.instance.facts.Position;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Ends a replica's WAL receiver, and finds what it has flushed. A receiver that is gone is a promise: the former primary gets no acknowledgement
 * from here any more (docs/internals/postgresql.md 3).
 */
final class Receiver {
    /**
     * How long the receiver may take to end by itself, when the startup process tells it to. If replay lags or is paused, the startup process does
     * not tell it.
     */
    private static final Duration GENTLY = Duration.ofMillis(60);

    private static final Duration ANSWER = Duration.ofSeconds(1);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final Duration SETTLE = Duration.ofMillis(15);

    /** Cheap for a session that has just begun: it uses functions instead of the views over them. */
    private static final String WAL = """
            SELECT pg_is_in_recovery(),
                   coalesce(pg_last_wal_receive_lsn()::text, ''),
                   coalesce(pg_last_wal_replay_lsn()::text, ''),
                   coalesce((SELECT wait_event IN ('RecoveryRetrieveRetryInterval', 'RecoveryWalStream')
                             FROM pg_stat_get_activity(NULL) WHERE backend_type = 'startup'), false),
                   pg_is_in_recovery() AND pg_is_wal_replay_paused(),
                   current_setting('recovery_min_apply_delay') <> '0',
                   pg_size_bytes(current_setting('wal_segment_size'))
            """;

    /**
     * Before 17.9 and 18.3 a promotion waits for the process that synchronizes slots, and that process waits for the primary's answer: a primary
     * that hangs, or whose node is gone, would delay the promotion until TCP gives up (findings/slot-sync-worker-holds-up-a-promotion.sh).
     */
    private static final String LET_GO = """
            SELECT pg_reload_conf(), (SELECT count(pg_terminate_backend(pid)) FROM pg_stat_get_activity(NULL)
                                      WHERE backend_type = 'slotsync worker')
            """;

    private final Layout layout;
    private final ConfigurationFiles files;
    private final ServerWatch watch;

    Receiver(Layout layout, ConfigurationFiles files, ServerWatch watch) {
        this.layout = layout;
        this.files = files;
        this.watch = watch;
    }

    private record Wal(
            boolean inRecovery,
            @Nullable String received,
            String replayed,
            boolean waiting,
            boolean paused,
            boolean delayed,
            long segment) {}

    /** Ends the receiver until {@link Postgres#follow}, and then reads the position; both within {@code patience}. */
    Position stop(Duration patience, Binaries binaries) throws PostgresException {
        long end = System.nanoTime() + patience.toNanos();
        try (Sql sql = Sql.open(layout, "postgres", patience)) {
            files.follow(null);
            sql.one(LET_GO, row -> row.getBoolean(1));
            awaitGone(sql, end);
            Wal wal = read(sql);
            while (wal.received() == null && !wal.waiting() && System.nanoTime() < end) {
                Pause.of(POLL, "the WAL receiver ended");
                wal = read(sql);
            }
            Position position = position(sql, wal, binaries);
            if (!pids(sql).isEmpty()) {
                throw new PostgresException(new Problem(
                        Problem.Reason.ReceiverNotStopped, "a WAL receiver came back while its end was waited for"));
            }
            return position;
        } catch (SQLException | IOException e) {
            throw unknown(e);
        }
    }

    private static PostgresException unknown(Exception e) {
        return new PostgresException(
                new Problem(
                        Problem.Reason.PositionUnknown, "cannot tell how much WAL is flushed here: " + e.getMessage()),
                e);
    }

    /** The receiver is gone once two looks found none, because one that was requested just before may still be starting. */
    private void awaitGone(Sql sql, long end) throws SQLException, PostgresException {
        long began = System.nanoTime();
        boolean gone = false;
        while (true) {
            List<Long> pids = pids(sql);
            if (pids.isEmpty() && gone) {
                return;
            }
            gone = pids.isEmpty();
            if (System.nanoTime() > end) {
                throw new PostgresException(
                        new Problem(Problem.Reason.ReceiverNotStopped, "the WAL receiver did not end in time"));
            }
            if (System.nanoTime() - began > GENTLY.toNanos()) {
                // PostgreSQL's own functions cannot signal it, because it is not a backend.
                pids.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroy));
            }
            Pause.of(gone ? SETTLE : POLL, "the WAL receiver ended");
        }
    }

    private static List<Long> pids(Sql sql) throws SQLException {
        return sql.query(
                "SELECT pid FROM pg_stat_get_activity(NULL) WHERE backend_type = 'walreceiver'", row -> row.getLong(1));
    }

    private static Wal read(Sql sql) throws SQLException {
        return sql.one(
                WAL,
                row -> new Wal(
                        row.getBoolean(1),
                        row.getString(2).isEmpty() ? null : row.getString(2),
                        row.getString(3),
                        row.getBoolean(4),
                        row.getBoolean(5),
                        row.getBoolean(6),
                        row.getLong(7)));
    }

    private Position position(Sql sql, Wal wal, Binaries binaries) throws SQLException, IOException, PostgresException {
        if (!wal.inRecovery()) {
            throw new PostgresException(new Problem(Problem.Reason.NotAReplica, "this member is a primary"));
        }
        int timeline = watch.replayed(ANSWER);
        String received = wal.received();
        long replayed = Lsn.parse(wal.replayed());
        long lsn = received == null ? replayed : Math.max(Lsn.parse(received), replayed);
        if (lsn > replayed) {
            timeline = Math.max(timeline, timelineOf(sql, lsn, wal.segment()));
        }
        return new Position(
                timeline,
                lsn,
                (received != null || wal.waiting()) && !(wal.paused() && tooSmall(sql, binaries)),
                wal.paused() || wal.delayed());
    }

    /** IDENTIFY_SYSTEM knows the timeline that is replayed. What was received beyond that may be on a newer timeline: its file's name says so. */
    private static int timelineOf(Sql sql, long lsn, long segmentSize) throws SQLException {
        long segment = (lsn - 1) / segmentSize;
        long perLog = 0x100000000L / segmentSize;
        String name = "%08X%08X".formatted(segment / perLog, segment % perLog);
        return sql.one(
                "SELECT coalesce(max(('x' || substr(name, 1, 8))::bit(32)::int), 0) FROM pg_ls_waldir() WHERE length(name) = 24 AND substr(name, 9) = ?",
                row -> row.getInt(1),
                name);
    }

    /**
     * Replay pauses if the primary has more connections and the like than this server, and a promotion then ends the server (manual, "Hot
     * Standby").
     */
    private boolean tooSmall(Sql sql, Binaries binaries) throws SQLException, IOException {
        Optional<ControlData> control = ControlData.read(binaries, layout.pgdata());
        if (control.isEmpty()) {
            return true;
        }
        for (Map.Entry<String, Integer> needed : control.get().settings().entrySet()) {
            long here = sql.one(
                    "SELECT setting::bigint FROM pg_settings WHERE name = ?", row -> row.getLong(1), needed.getKey());
            if (here < needed.getValue()) {
                return true;
            }
        }
        return false;
    }
}
