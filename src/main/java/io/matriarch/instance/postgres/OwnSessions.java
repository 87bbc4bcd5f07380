package io.matriarch.instance.postgres;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the agent's own sessions set in their first message. A value there wins over postgresql.conf and over ALTER ROLE and ALTER DATABASE
 * (manual, "How Parameters Interact"), so whatever a user gives to all sessions, these work: they are the way that a correction takes.
 */
final class OwnSessions {
    private static final int SCRAM_ITERATIONS_SINCE = 16;
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    /** Of the server in this image. An unknown parameter in the first message is refused, so the newest ones need it. */
    private static volatile int major;

    private OwnSessions() {}

    static void serverIs(int version) {
        major = version;
    }

    /** For every role, over replication connections too: parameters that any role may set. */
    private static Map<String, String> ofEveryRole() {
        Map<String, String> values = new LinkedHashMap<>();
        // A session that is let in late, or ended while it has nothing to say, is no session.
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
        // "FATAL: conversion between MULE_INTERNAL and UTF8 is not supported", before the first question.
        values.put("client_encoding", "UTF8");
        // A replica refuses every question of a serializable transaction; a deferrable one may wait for a snapshot.
        values.put("default_transaction_isolation", "read\\ committed");
        values.put("default_transaction_deferrable", "off");
        // Answers are read by what they mean.
        values.put("role", "none");
        values.put("standard_conforming_strings", "on");
        values.put("transform_null_equals", "off");
        values.put("DateStyle", "ISO");
        values.put("IntervalStyle", "postgres");
        values.put("bytea_output", "hex");
        values.put("row_security", "on");
        values.put("client_min_messages", "warning");
        values.put("exit_on_error", "off");
        // pg_hba.conf takes no other, and what a session of ours stores is asked for after the next change of roles.
        values.put("password_encryption", "scram-sha-256");
        if (major >= SCRAM_ITERATIONS_SINCE) {
            values.put("scram_iterations", "4096");
        }
        // A small question must stay cheap: no compilation, no other processes.
        values.put("ignore_system_indexes", "off");
        values.put("jit", "off");
        values.put("max_parallel_workers_per_gather", "0");
        values.put("enable_seqscan", "on");
        // A statement with a password has a tree of it in the log.
        values.put("debug_print_parse", "off");
        values.put("debug_print_rewritten", "off");
        values.put("debug_print_plan", "off");
        values.put("local_preload_libraries", "");
        return values;
    }

    /** What only a superuser may set. */
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
            // A trigger on log-in could refuse the agent (manual, "Event Trigger Behavior").
            values.put("event_triggers", "off");
        }
        return values;
    }

    /** {@code options} of the superuser's sessions: no replica is waited for, and what nobody waits for any longer ends. */
    static String superuser(Duration timeout) {
        Map<String, String> values = ofEveryRole();
        values.putAll(ofSuperuser());
        values.put("search_path", "pg_catalog");
        values.putAll(user(timeout));
        return options(values);
    }

    /** {@code options} of a session that runs a user's statements, which mean what the user's settings say. */
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

    /** {@code options} of connections to another member, of the role that replicates. */
    static String replication() {
        Map<String, String> values = ofEveryRole();
        values.put("statement_timeout", "0");
        values.put("search_path", "pg_catalog");
        return options(values);
    }

    /** The same for primary_conninfo, of which PostgreSQL silently keeps 1023 bytes (walreceiver.h, MAXCONNINFO): what reaches a walsender. */
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
