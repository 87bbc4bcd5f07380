package io.matriarch.api.contract;

import java.util.Map;

/**
 * Parameters of PostgreSQL that the cluster owns, each with the reason that the user is given. The CRD refuses them, the operator reports them in
 * a condition, and the agent writes its own values last.
 */
public final class Reserved {
    private static final String FILES = "the agent keeps the files of a member where its volumes are";
    private static final String REPLICATION = "the agents arrange replication themselves";
    private static final String RECOVERY = "a replica that stops or waits there cannot become the primary";
    private static final String SOCKET = "the agent connects over the socket";
    private static final String PASSWORDS = "pg_hba.conf asks for passwords that are stored as scram-sha-256";
    private static final String CERTIFICATES = "the operator makes and renews the certificates";

    /** Name of each parameter, and why the cluster owns it. */
    public static final Map<String, String> PARAMETERS = Map.ofEntries(
            Map.entry("data_directory", FILES),
            Map.entry("config_file", FILES),
            Map.entry("hba_file", FILES),
            Map.entry("ident_file", FILES),
            Map.entry("external_pid_file", FILES),
            Map.entry("unix_socket_directories", FILES),
            Map.entry("unix_socket_permissions", SOCKET),
            Map.entry("unix_socket_group", SOCKET),
            Map.entry("pre_auth_delay", "it delays every connection, the agent's and the replicas' too"),
            Map.entry("post_auth_delay", "it delays every connection, the agent's and the replicas' too"),
            Map.entry("ignore_system_indexes", "it slows every session down, the agent's too"),
            Map.entry("exit_on_error", "it ends every session at its first mistake"),
            Map.entry("password_encryption", PASSWORDS),
            Map.entry("db_user_namespace", PASSWORDS),
            Map.entry("lc_messages", "the agent reads the server's log, and reads English"),
            Map.entry("listen_addresses", "Services and probes rely on it"),
            Map.entry("port", "Services and probes rely on it"),
            Map.entry("cluster_name", "it is the name of the pod"),
            Map.entry("primary_conninfo", REPLICATION),
            Map.entry("primary_slot_name", REPLICATION),
            Map.entry("hot_standby", REPLICATION),
            Map.entry("synchronous_standby_names", REPLICATION),
            Map.entry("synchronized_standby_slots", "the primary names the slots of the replicas that stream"),
            Map.entry("recovery_target_timeline", REPLICATION),
            Map.entry("promote_trigger_file", REPLICATION),
            Map.entry("recovery_target", RECOVERY),
            Map.entry("recovery_target_action", RECOVERY),
            Map.entry("recovery_target_inclusive", RECOVERY),
            Map.entry("recovery_target_lsn", RECOVERY),
            Map.entry("recovery_target_name", RECOVERY),
            Map.entry("recovery_target_time", RECOVERY),
            Map.entry("recovery_target_xid", RECOVERY),
            Map.entry("recovery_end_command", RECOVERY),
            Map.entry("archive_cleanup_command", RECOVERY),
            Map.entry("wal_level", "streaming replication and logical decoding need it to be logical"),
            Map.entry("wal_log_hints", "a former primary can only be rewound with it"),
            Map.entry("full_page_writes", "without it a crash can corrupt data"),
            Map.entry("fsync", "without it a crash can corrupt data"),
            Map.entry("restart_after_crash", "the agent decides what follows a crash"),
            Map.entry("ssl", CERTIFICATES),
            Map.entry("ssl_cert_file", CERTIFICATES),
            Map.entry("ssl_key_file", CERTIFICATES),
            Map.entry("ssl_ca_file", CERTIFICATES),
            Map.entry("ssl_crl_file", CERTIFICATES),
            Map.entry("ssl_crl_dir", CERTIFICATES),
            Map.entry(
                    "logging_collector", "the log goes to the container's standard error, where kubectl logs finds it"),
            Map.entry("log_destination", "the log goes to the container's standard error, where kubectl logs finds it"),
            Map.entry("event_source", "it is Windows' own"),
            Map.entry("allow_alter_system", "settings come from the PostgresCluster"),
            Map.entry("archive_mode", "archiving is part of spec.backup"),
            Map.entry("archive_command", "archiving is part of spec.backup"),
            Map.entry("archive_library", "archiving is part of spec.backup"),
            Map.entry("matriarch.settings", "the agent asks PostgreSQL by it which settings it uses"),
            Map.entry("restore_command", "archiving is part of spec.backup"));

    private Reserved() {}
}
