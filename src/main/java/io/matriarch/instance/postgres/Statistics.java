package io.matriarch.instance.postgres;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The metrics of {@code /metrics}, queried from the server at each scrape (manual, "The Cumulative Statistics System"). */
public final class Statistics {
    private static final Logger LOG = LoggerFactory.getLogger(Statistics.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private Statistics() {}

    /** One value of one metric, in Prometheus' terms. */
    public record Sample(String name, String help, boolean counter, Map<String, String> labels, double value) {}

    /** How to read the columns of a result: leading text columns are labels, the last column is the value. */
    private record Question(String name, String help, boolean counter, List<String> labels, String sql) {}

    private static final List<Question> QUESTIONS = List.of(
            gauge("matriarch_pg_in_recovery", "1 on a replica", List.of(), "SELECT pg_is_in_recovery()::int"),
            gauge(
                    "matriarch_pg_start_time_seconds",
                    "When the server started, as Unix time",
                    List.of(),
                    "SELECT extract(epoch FROM pg_postmaster_start_time())"),
            gauge(
                    "matriarch_pg_wal_position_bytes",
                    "Write position of a primary, receive position of a replica",
                    List.of(),
                    "SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END, '0/0')"),
            gauge(
                    "matriarch_pg_replay_lag_bytes",
                    "WAL received and not yet replayed by this replica",
                    List.of(),
                    "SELECT greatest(0, pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())) WHERE pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS NOT NULL"),
            gauge(
                    "matriarch_pg_replay_lag_seconds",
                    "Age of the last transaction replayed by this replica; 0 when it has replayed all it received",
                    List.of(),
                    "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0) END WHERE pg_is_in_recovery()"),
            gauge(
                    "matriarch_pg_replication_lag_bytes",
                    "WAL written here and not yet flushed by a replica",
                    List.of("replica", "state"),
                    "SELECT application_name, state, pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) FROM pg_stat_replication WHERE NOT pg_is_in_recovery() AND flush_lsn IS NOT NULL"),
            gauge(
                    "matriarch_pg_connections",
                    "Client connections",
                    List.of("database", "state"),
                    "SELECT datname, coalesce(state, 'unknown'), count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname IS NOT NULL GROUP BY 1, 2"),
            gauge(
                    "matriarch_pg_max_connections",
                    "Connections that the server accepts",
                    List.of(),
                    "SELECT setting::float8 FROM pg_settings WHERE name = 'max_connections'"),
            gauge(
                    "matriarch_pg_database_size_bytes",
                    "Size of a database",
                    List.of("database"),
                    "SELECT datname, pg_database_size(oid) FROM pg_database WHERE datallowconn"),
            counter(
                    "matriarch_pg_transactions_committed_total",
                    "Transactions committed",
                    List.of("database"),
                    "SELECT datname, xact_commit FROM pg_stat_database WHERE datname IS NOT NULL"),
            counter(
                    "matriarch_pg_transactions_rolled_back_total",
                    "Transactions rolled back",
                    List.of("database"),
                    "SELECT datname, xact_rollback FROM pg_stat_database WHERE datname IS NOT NULL"),
            counter(
                    "matriarch_pg_deadlocks_total",
                    "Deadlocks",
                    List.of("database"),
                    "SELECT datname, deadlocks FROM pg_stat_database WHERE datname IS NOT NULL"),
            counter(
                    "matriarch_pg_checksum_failures_total",
                    "Data pages whose checksum was wrong",
                    List.of("database"),
                    "SELECT datname, coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname IS NOT NULL"),
            gauge(
                    "matriarch_pg_locks",
                    "Locks",
                    List.of("mode", "granted"),
                    "SELECT mode, granted::text, count(*) FROM pg_locks GROUP BY 1, 2"),
            counter(
                    "matriarch_pg_wal_archived_total",
                    "WAL segments archived",
                    List.of(),
                    "SELECT archived_count FROM pg_stat_archiver"),
            counter(
                    "matriarch_pg_wal_archive_failures_total",
                    "WAL segments whose archiving failed",
                    List.of(),
                    "SELECT failed_count FROM pg_stat_archiver"),
            gauge(
                    "matriarch_pg_replication_slot_active",
                    "1 while somebody uses the slot",
                    List.of("slot", "type"),
                    "SELECT slot_name, slot_type, active::int FROM pg_replication_slots"),
            gauge(
                    "matriarch_pg_replication_slot_retained_bytes",
                    "WAL kept for the slot",
                    List.of("slot", "type"),
                    "SELECT slot_name, slot_type, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM pg_replication_slots WHERE restart_lsn IS NOT NULL AND NOT pg_is_in_recovery()"),
            gauge(
                    "matriarch_pg_settings_pending_restart",
                    "Parameters that wait for a restart",
                    List.of(),
                    "SELECT count(*) FROM pg_settings WHERE pending_restart"));

    private static Question gauge(String name, String help, List<String> labels, String sql) {
        return new Question(name, help, false, labels, sql);
    }

    private static Question counter(String name, String help, List<String> labels, String sql) {
        return new Question(name, help, true, labels, sql);
    }

    static List<Sample> collect(Layout layout) {
        List<Sample> samples = new ArrayList<>();
        try (Sql sql = Sql.open(layout, "postgres", PATIENCE)) {
            for (Question question : QUESTIONS) {
                try {
                    samples.addAll(sql.query(question.sql(), row -> sample(question, row)));
                } catch (SQLException e) {
                    // If one metric is unavailable (a function that fails for this role or version), the others are
                    // still reported.
                    LOG.debug("{}: {}", question.name(), e.getMessage());
                }
            }
            samples.add(new Sample("matriarch_pg_up", "1 while the server answers", false, Map.of(), 1));
        } catch (SQLException e) {
            samples.add(new Sample("matriarch_pg_up", "1 while the server answers", false, Map.of(), 0));
        }
        return samples;
    }

    private static Sample sample(Question question, ResultSet row) throws SQLException {
        Map<String, String> labels = new java.util.LinkedHashMap<>();
        int column = 1;
        for (String label : question.labels()) {
            labels.put(label, row.getString(column++));
        }
        return new Sample(question.name(), question.help(), question.counter(), labels, row.getDouble(column));
    }
}
