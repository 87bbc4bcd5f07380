package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Problem;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/**
 * Which commits wait for which replicas (docs/internals/protocol.md 7; manual, "Synchronous Replication"). A change is confirmed in two steps:
 * {@link #change} returns the position from which on it holds, {@link #flushed} whether enough replicas have that position.
 */
final class Synchronous {
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration IN_EFFECT = Duration.ofSeconds(5);
    /**
     * Each walsender reads its configuration when the reload wakes it, and releases commits by it; nothing shows when the last walsender has done
     * so.
     */
    private static final Duration WALSENDERS = Duration.ofMillis(500);

    private final Layout layout;
    private final Postmaster postmaster;
    private final ConfigurationFiles files;

    Synchronous(Layout layout, Postmaster postmaster, ConfigurationFiles files) {
        this.layout = layout;
        this.postmaster = postmaster;
        this.files = files;
    }

    /**
     * Writes synchronous_standby_names; a running server puts it into effect.
     *
     * @return on a primary, a position after which every acknowledged commit obeyed it; otherwise 0
     */
    long change(int acknowledgements, List<Integer> voters) throws PostgresException, IOException {
        files.synchronous(acknowledgements, voters);
        if (files.isStandby()) {
            // Once promoted, this server must let no consumer run ahead of the members that may be elected next, even
            // before it knows which of them stream.
            await(
                    acknowledgements == 0
                            ? List.of()
                            : voters.stream()
                                    .filter(voter -> voter != Names.ordinal(layout.pod()))
                                    .toList());
        }
        if (!postmaster.running()) {
            return 0;
        }
        String wanted = Configuration.synchronousNames(layout.cluster(), acknowledgements, voters);
        try (Sql sql = Sql.open(layout, "postgres", IN_EFFECT)) {
            sql.one("SELECT pg_reload_conf()", row -> row.getBoolean(1));
            long end = System.nanoTime() + IN_EFFECT.toNanos();
            while (!current(sql).equals(wanted)) {
                if (System.nanoTime() > end) {
                    throw new PostgresException(new Problem(
                            Problem.Reason.SynchronousFailed,
                            "synchronous_standby_names is %s and should be %s".formatted(current(sql), wanted)));
                }
                Pause.of(POLL, "synchronous replication changed");
            }
            if (sql.one("SELECT pg_is_in_recovery()", row -> row.getBoolean(1))) {
                return 0;
            }
            Pause.of(WALSENDERS, "synchronous replication changed");
            // Without a commit of the agent's own, an idle primary would have nothing that replicas could flush.
            sql.one("SELECT pg_logical_emit_message(true, 'matriarch', 'synchronous')::text", row -> row.getString(1));
            return Lsn.parse(sql.one("SELECT pg_current_wal_flush_lsn()::text", row -> row.getString(1)));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    /** Makes consumers of failover slots wait for these replicas. */
    void await(List<Integer> ordinals) throws PostgresException, IOException {
        if (files.awaited(ordinals) && postmaster.running()) {
            postmaster.reload();
        }
    }

    private static String current(Sql sql) throws SQLException {
        return sql.one("SELECT current_setting('synchronous_standby_names')", row -> row.getString(1));
    }

    /** The voters that have flushed everything up to {@code lsn}. */
    List<Integer> flushed(List<Integer> voters, long lsn, Duration timeout) throws PostgresException {
        try (Sql sql = Sql.open(layout, "postgres", timeout)) {
            return sql
                    .query(
                            "SELECT DISTINCT application_name FROM pg_stat_replication WHERE usename = ? AND flush_lsn >= ?::pg_lsn",
                            row -> row.getString(1),
                            Layout.REPLICATION_ROLE,
                            Lsn.text(lsn))
                    .stream()
                    .flatMapToInt(name -> layout.member(name).stream())
                    .boxed()
                    .filter(voters::contains)
                    .sorted()
                    .toList();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    private static PostgresException failed(SQLException e) {
        return new PostgresException(
                new Problem(
                        Problem.Reason.SynchronousFailed, "cannot arrange synchronous replication: " + e.getMessage()),
                e);
    }
}
