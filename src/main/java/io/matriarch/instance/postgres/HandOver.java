package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Problem;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops a primary so that a replica can continue where it ended, without losing anything (docs/internals/protocol.md 8, steps 2 to 5):
 *
 * <ol>
 *   <li>A checkpoint, while clients still work, so that the shutdown's own checkpoint is short.
 *   <li>It ends walsenders that would delay the shutdown: those that do not belong to these members, and those of members that do not keep up.
 *   <li>Fast shutdown, watched in pg_control: the postmaster itself may wait for an archiver for long (docs/internals/postgresql.md 14).
 * </ol>
 */
final class HandOver {
    private static final Logger LOG = LoggerFactory.getLogger(HandOver.class);
    private static final Duration CHECKPOINT = Duration.ofMinutes(10);
    private static final Duration SHORT_CHECKPOINT = Duration.ofSeconds(2);
    private static final Duration KEEPS_UP = Duration.ofSeconds(1);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final Duration LONGEST = Duration.ofSeconds(8);

    private final Layout layout;
    private final Postmaster postmaster;
    private final Binaries binaries;

    HandOver(Layout layout, Postmaster postmaster, Binaries binaries) {
        this.layout = layout;
        this.postmaster = postmaster;
        this.binaries = binaries;
    }

    /**
     * Returns the position of the shutdown checkpoint: a member that has flushed beyond it has everything. Processes that no longer write may be
     * left.
     *
     * @param members whose walsenders may continue to the end
     */
    long stop(List<Integer> members) throws PostgresException, IOException {
        try (Sql sql = Sql.open(layout, "postgres", CHECKPOINT)) {
            long began = System.nanoTime();
            sql.execute("CHECKPOINT");
            if (System.nanoTime() - began > SHORT_CHECKPOINT.toNanos()) {
                sql.execute("CHECKPOINT");
            }
            endSenders(sql, members);
        } catch (SQLException e) {
            throw new PostgresException(
                    new Problem(
                            Problem.Reason.HandOverFailed, "the checkpoint before the hand-over: " + e.getMessage()),
                    e);
        }
        postmaster.stopNow();
        long end = System.nanoTime() + LONGEST.toNanos();
        while (System.nanoTime() < end) {
            boolean running = postmaster.running();
            if (!running || ControlData.looksShutDown(layout.pgdata())) {
                Optional<ControlData> control = ControlData.read(binaries, layout.pgdata());
                if (control.filter(ControlData::shutDown).isPresent()) {
                    return Lsn.parse(control.get().checkpoint());
                }
            }
            if (!running) {
                throw new PostgresException(new Problem(
                        Problem.Reason.HandOverFailed,
                        "PostgreSQL ended without a shutdown checkpoint: "
                                + postmaster.failure().orElse("")));
            }
            Pause.of(POLL, "PostgreSQL stopped");
        }
        postmaster.kill();
        throw new PostgresException(new Problem(
                Problem.Reason.HandOverFailed,
                "PostgreSQL did not stop within %d s and was killed".formatted(LONGEST.toSeconds())));
    }

    private void endSenders(Sql sql, List<Integer> members) throws SQLException, PostgresException {
        String flushed = sql.one("SELECT pg_current_wal_flush_lsn()::text", row -> row.getString(1));
        long end = System.nanoTime() + KEEPS_UP.toNanos();
        List<Long> behind = behind(sql, members, flushed);
        while (!behind.isEmpty() && System.nanoTime() < end) {
            Pause.of(POLL, "replicas caught up");
            behind = behind(sql, members, flushed);
        }
        for (long pid : behind) {
            LOG.info("ending the walsender {}: the hand-over does not wait for it", pid);
            sql.query("SELECT pg_terminate_backend(?::int)", row -> row.getBoolean(1), pid);
        }
        for (long pid : others(sql, members)) {
            sql.query("SELECT pg_terminate_backend(?::int)", row -> row.getBoolean(1), pid);
        }
    }

    private record Sender(long pid, String name, String role, boolean there) {}

    private static List<Sender> senders(Sql sql, String flushed) throws SQLException {
        return sql.query(
                "SELECT pid, application_name, usename, coalesce(flush_lsn >= ?::pg_lsn, false) FROM pg_stat_replication",
                row -> new Sender(row.getLong(1), row.getString(2), row.getString(3), row.getBoolean(4)),
                flushed);
    }

    private List<Long> behind(Sql sql, List<Integer> members, String flushed) throws SQLException {
        return senders(sql, flushed).stream()
                .filter(sender -> ofMember(sender, members) && !sender.there())
                .map(Sender::pid)
                .toList();
    }

    private List<Long> others(Sql sql, List<Integer> members) throws SQLException {
        return senders(sql, "0/0").stream()
                .filter(sender -> !ofMember(sender, members))
                .map(Sender::pid)
                .toList();
    }

    private boolean ofMember(Sender sender, List<Integer> members) {
        return Layout.REPLICATION_ROLE.equals(sender.role())
                && layout.member(sender.name()).stream().anyMatch(members::contains);
    }
}
