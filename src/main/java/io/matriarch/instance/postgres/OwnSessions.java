package io.matriarch.instance.postgres;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the agent's own sessions set in their startup message. A value there overrides postgresql.conf, ALTER ROLE and ALTER DATABASE (manual, "How
 * Parameters Interact"), so the agent's sessions work whatever a user sets for all sessions: they are needed to apply a correction.
 */
final class OwnSessions {
    private static final int SCRAM_ITERATIONS_SINCE = 16;
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    /**
     * The major version of the server in this image. An unknown parameter in the startup message is refused, so the newest parameters depend on
     * it.
     */
    private static volatile int major;

    private OwnSessions() {}

    static void serverIs(int version) {
        major = version;
    }

    /** Parameters that any role may set, for every role and for replication connections too. */
    private static Map<String, String> ofEveryRole() {
        Map<String, String> values = new LinkedHashMap<>();
        // A session that is let in late, or is ended while it is idle, is useless.
        values.put("post_auth_delay", "0");
        values.put("idle_session_timeout", "0");
        values.put("idle_in_transaction_session_timeout", "0");
        values.put("lock_timeout", "0");
        values.put("tcp_keepalives_idle", "5");
        values.put("tcp_keepalives_interval", "2");
        values.put("tcp_keepalives_count", "3");
        values.put("tcp_user_timeout", "0");
        values.put("client_connection_check_interval", "0");
        if (major >= TRANSACTION_TIMEOUT_SINCE) {
            values.put("transaction_timeout", "0");
        }
        // Avoids "FATAL: conversion between MULE_INTERNAL and UTF8 is not supported", before the first query.
        values.put("client_encoding", "UTF8");
        // A replica refuses every query of a serializable transaction; a deferrable one may wait for a snapshot.
        values.put("default_transaction_isolation", "read\\ committed");
        values.put("default_transaction_deferrable", "off");
        // The agent parses the answers, so their form and meaning must be fixed.
        values.put("role", "none");
        values.put("standard_conforming_strings", "on");
        values.put("transform_null_equals", "off");
        values.put("DateStyle", "ISO");
        values.put("IntervalStyle", "postgres");
        values.put("bytea_output", "hex");
        values.put("row_security", "on");
        values.put("client_min_messages", "warning");
        values.put("exit_on_error", "off");
        // pg_hba.conf accepts no other kind, and a password that the agent stores is used for log-ins after the next
        // change of roles.
        values.put("password_encryption", "scram-sha-256");
        if (major >= SCRAM_ITERATIONS_SINCE) {
            values.put("scram_iterations", "4096");
        }
        // A small query must stay cheap: no compilation, no other processes.
        values.put("ignore_system_indexes", "off");
        values.put("jit", "off");
        values.put("max_parallel_workers_per_gather", "0");
        values.put("enable_seqscan", "on");
        // These would write the tree of a statement with a password into the log.
        values.put("debug_print_parse", "off");
        values.put("debug_print_rewritten", "off");
        values.put("debug_print_plan", "off");
        values.put("local_preload_libraries", "");
        return values;
    }

    /** Parameters that only a superuser may set. */
    private static Map<String, String> ofSuperuser() {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("session_preload_libraries", "");
        values.put("lc_messages", "C");
        values.put("session_replication_role", "origin");
        values.put("temp_file_limit", "-1");
        values.put("log_statement", "none");
        values.put("log_duration", "off");
        values.put("log_min_duration_statement", "-1");
        values.put("log_min_duration_sample", "-1");
        values.put("log_transaction_sample_rate", "0");
        if (major >= TRANSACTION_TIMEOUT_SINCE) {
            // A login trigger could refuse the agent (manual, "Event Trigger Behavior").
            values.put("event_triggers", "off");
        }
        return values;
    }

    /** {@code options} of the superuser's sessions: they wait for no replica, and a statement ends once the agent no longer waits for it. */
    static String superuser(Duration timeout) {
        Map<String, String> values = ofEveryRole();
        values.putAll(ofSuperuser());
        values.put("search_path", "pg_catalog");
        values.putAll(user(timeout));
        return options(values);
    }

    /** {@code options} of a session that runs a user's statements, in which the user's settings apply. */
    static String forUser(Duration timeout) {
        return options(user(timeout));
    }

    private static Map<String, String> user(Duration timeout) {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("synchronous_commit", "local");
        values.put("default_transaction_read_only", "off");
        values.put("lock_timeout", "0");
        values.put("idle_session_timeout", "0");
        values.put("statement_timeout", Long.toString(Math.max(1000, timeout.toMillis())));
        return values;
    }

    /** {@code options} of connections to another member, by the role that replicates. */
    static String replication() {
        Map<String, String> values = ofEveryRole();
        values.put("statement_timeout", "0");
        values.put("search_path", "pg_catalog");
        return options(values);
    }

    /**
     * The same for primary_conninfo, limited to what reaches a walsender: PostgreSQL silently keeps only 1023 bytes of it (walreceiver.h,
     * MAXCONNINFO).
     */
    static String walReceiver() {
        Map<String, String> values = ofEveryRole();
        values.keySet().retainAll(List.of("idle_session_timeout", "tcp_user_timeout", "client_encoding"));
        return options(values);
    }

    private static String options(Map<String, String> values) {
        return values.entrySet().stream()
                .map(entry -> "-c " + entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(" "));
    }
}
