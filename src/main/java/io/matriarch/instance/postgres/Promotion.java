package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Problem;
import io.matriarch.instance.facts.TimelineHistory;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Makes a running replica the primary (docs/internals/protocol.md 6, step 5). It requests the promotion without waiting, wakes the startup process
 * by a reload, because that may be sleeping for wal_retrieve_retry_interval, and looks every few milliseconds, whereas pg_promote itself would
 * look every 100.
 */
final class Promotion {
    private static final Duration KICK = Duration.ofMillis(20);
    private static final Duration HELD = Duration.ofMillis(60);
    private static final Duration POLL = Duration.ofMillis(10);
    private static final Duration WITHOUT_PROGRESS = Duration.ofSeconds(30);
    private static final Duration ANSWER = Duration.ofSeconds(5);

    private final Layout layout;
    private final Postmaster postmaster;
    private final ConfigurationFiles files;
    private final ServerWatch watch;

    Promotion(Layout layout, Postmaster postmaster, ConfigurationFiles files, ServerWatch watch) {
        this.watch = watch;
        this.layout = layout;
        this.postmaster = postmaster;
        this.files = files;
    }

    /**
     * Returns the history of the timeline on which the server is then a primary; a server that is a primary already stays as it is.
     *
     * @param given number that the timeline must get; 0 for the next one
     */
    TimelineHistory promote(long epoch, int given) throws PostgresException, IOException {
        try (Sql sql = Sql.open(layout, "postgres", ANSWER)) {
            if (sql.one("SELECT pg_is_in_recovery()", row -> row.getBoolean(1))) {
                int replayed = watch.replayed(ANSWER);
                new ReservedTimelines(layout.pgdata()).before(given);
                int next = TimelineFiles.newest(layout.pgdata(), replayed) + 1;
                if (given > 0 && next != given) {
                    throw failed("its timeline would be %d, and the Lease gave it %d".formatted(next, given), null);
                }
                // Write this before the first write of this epoch, not after it: the volume must never know less than
                // its data.
                reign(epoch, next);
                files.follow(null);
                files.hurry(true);
                sql.one("SELECT pg_reload_conf()", row -> row.getBoolean(1));
                sql.one("SELECT pg_promote(false)", row -> row.getBoolean(1));
                awaitPrimary(sql);
                files.hurry(false);
            }
            int timeline = sql.one(
                    "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int",
                    row -> row.getInt(1));
            reign(epoch, timeline);
            return TimelineFiles.read(layout.pgdata(), timeline);
        } catch (SQLException e) {
            throw failed(postmaster.failure().orElse(String.valueOf(e.getMessage())), e);
        }
    }

    private void reign(long epoch, int timeline) throws IOException {
        MemberFile member =
                MemberFile.read(layout.state()).orElseThrow(() -> new IOException("member.json is missing"));
        MemberFile next = member.reigning(epoch, timeline);
        if (!next.equals(member)) {
            next.write(layout.state());
        }
    }

    private void awaitPrimary(Sql sql) throws SQLException, PostgresException {
        long began = System.nanoTime();
        boolean kicked = false;
        long moved = began;
        long freed = began;
        String replayed = "";
        while (sql.one("SELECT pg_is_in_recovery()", row -> row.getBoolean(1))) {
            long now = System.nanoTime();
            if (!kicked && now - began >= KICK.toNanos()) {
                kicked = sql.one("SELECT pg_reload_conf()", row -> row.getBoolean(1));
            }
            String position = sql.one("SELECT coalesce(pg_last_wal_replay_lsn()::text, '')", row -> row.getString(1));
            if (!position.equals(replayed)) {
                replayed = position;
                moved = now;
            }
            if (now - moved > HELD.toNanos() && now - freed > HELD.toNanos()) {
                // All WAL here must be replayed before anybody can write: no report on a former replica is worth an
                // outage.
                new Replay(sql).free();
                sql.one("SELECT pg_reload_conf()", row -> row.getBoolean(1));
                freed = now;
            }
            if (now - moved > WITHOUT_PROGRESS.toNanos()) {
                throw failed("no progress beyond " + replayed + " for " + WITHOUT_PROGRESS.toSeconds() + " s", null);
            }
            Pause.of(POLL, "PostgreSQL was promoted");
        }
    }

    private static PostgresException failed(String words, @org.jspecify.annotations.Nullable Exception cause) {
        Problem problem = new Problem(Problem.Reason.PromotionFailed, "this member cannot be promoted: " + words);
        return cause == null ? new PostgresException(problem) : new PostgresException(problem, cause);
    }
}
