package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Reserved;
import io.matriarch.api.contract.Settings;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Builds the texts of PostgreSQL's configuration files, without any I/O. In postgresql.conf the last value wins: first the agent's defaults, then
 * the user's parameters, then those that the cluster owns ({@link Reserved}).
 */
final class Configuration {
    /** Included by postgresql.conf: which member to follow. It is a file of its own so that it can change without the rest. */
    static final String UPSTREAM_FILE = "matriarch.upstream.conf";

    /** Included by postgresql.conf: what initdb chose from the locale. Clones get it from the primary. */
    static final String LOCALE_FILE = "matriarch.locale.conf";

    /** Included by postgresql.conf: synchronous_standby_names, which changes step by step with the Lease (docs/internals/protocol.md 7). */
    static final String SYNCHRONOUS_FILE = "matriarch.synchronous.conf";

    /** Included by postgresql.conf of 17 and later: synchronized_standby_slots, which changes with the replicas that stream. */
    static final String AWAITED_FILE = "matriarch.awaited.conf";

    /** The version since which a replica synchronizes the slots of consumers that request it (manual, "Replication Slot Synchronization"). */
    static final int FAILOVER_SLOTS_SINCE = 17;

    static final String INCLUDE_LOCALE = "include_if_exists '" + LOCALE_FILE + "'\n";

    static final String INCLUDE_SYNCHRONOUS = "include_if_exists '" + SYNCHRONOUS_FILE + "'\n";

    static final String INCLUDE_AWAITED = "include_if_exists '" + AWAITED_FILE + "'\n";

    private static final Pattern LOCALE_LINE =
            Pattern.compile("(datestyle|lc_monetary|lc_numeric|lc_time|default_text_search_config) *=.*");

    /** The parameter that shows which settings a server uses, by its own word: a session sees what its postmaster accepted. */
    static final String REVISION = "matriarch.settings";

    private static final String RAISED = "\n# the primary's, as pg_control knows them\n";

    private static final int MEMBERS_AND_TOOLS = 20;
    private static final long MEGABYTE = 1024 * 1024;

    private Configuration() {}

    /**
     * The text of postgresql.conf.
     *
     * @param walSpace bytes of the file system that pg_wal is on; 0 if unknown
     * @param atLeast values of the primary's hot-standby parameters; a standby must not have less (manual, "Hot Standby Parameter Reference")
     */
    static String postgresql(Layout layout, Settings settings, int major, long walSpace, Map<String, Integer> atLeast) {
        StringBuilder text = new StringBuilder(
                "# Written by Matriarch's agent. Change spec.postgres of the PostgresCluster instead.\n");
        text.append(INCLUDE_LOCALE);
        text.append("\n# defaults\n");
        Map<String, String> defaults = defaults();
        if (major >= FAILOVER_SLOTS_SINCE) {
            // Slot synchronization needs feedback, and without it complains in the log again and again.
            defaults.put("sync_replication_slots", feedback(settings) ? "on" : "off");
        }
        if (walSpace > 0) {
            // A member that is away for long must not fill the primary's disk: it clones itself anew
            // (docs/internals/protocol.md 9).
            defaults.put("max_slot_wal_keep_size", Math.max(1, walSpace / 2 / MEGABYTE) + "MB");
        }
        defaults.forEach((name, value) -> line(text, name, value));
        text.append("\n# spec.postgres.parameters\n");
        new TreeMap<>(settings.parameters()).forEach((name, value) -> {
            if (!Reserved.PARAMETERS.containsKey(name.toLowerCase(Locale.ROOT))) {
                line(text, name, value);
            }
        });
        StringBuilder raised = new StringBuilder();
        new TreeMap<>(atLeast).forEach((name, least) -> {
            String wanted =
                    settings.parameters().getOrDefault(name, defaults.getOrDefault(name, DEFAULT_LIMITS.get(name)));
            if (wanted == null || number(wanted) < least) {
                line(raised, name, Integer.toString(least));
            }
        });
        if (!raised.isEmpty()) {
            text.append(RAISED).append(raised);
        }
        text.append("\n# owned by the cluster\n");
        owned(layout, major).forEach((name, value) -> line(text, name, value));
        line(text, REVISION, settings.revision());
        text.append("include '").append(UPSTREAM_FILE).append("'\n");
        text.append(INCLUDE_SYNCHRONOUS);
        if (major >= FAILOVER_SLOTS_SINCE) {
            text.append(INCLUDE_AWAITED);
        }
        return text.toString();
    }

    private static boolean feedback(Settings settings) {
        return settings.parameters().entrySet().stream()
                .filter(e -> e.getKey().equalsIgnoreCase("hot_standby_feedback"))
                .noneMatch(e -> e.getValue().strip().matches("(?i)of|off|f|fa|fal|fals|false|n|no|0"));
    }

    /** The parameters in this postgresql.conf that are higher than the spec says, because a standby must not have less than its primary. */
    static List<String> raised(String postgresql) {
        int begin = postgresql.indexOf(RAISED);
        return begin < 0
                ? List.of()
                : postgresql
                        .substring(begin + RAISED.length())
                        .lines()
                        .takeWhile(line -> !line.isEmpty())
                        .map(line -> line.substring(0, line.indexOf(' ')))
                        .toList();
    }

    /** This postgresql.conf without them: for a primary. */
    static String lowered(String postgresql) {
        int begin = postgresql.indexOf(RAISED);
        return begin < 0
                ? postgresql
                : postgresql.substring(0, begin)
                        + postgresql.substring(postgresql.indexOf("\n\n", begin + RAISED.length()));
    }

    private static final Map<String, String> DEFAULT_LIMITS = Map.of(
            "max_connections", "100",
            "max_worker_processes", "8",
            "max_prepared_transactions", "0",
            "max_locks_per_transaction", "64");

    private static Map<String, String> defaults() {
        Map<String, String> values = new TreeMap<>();
        values.put("max_wal_senders", Integer.toString(MEMBERS_AND_TOOLS));
        values.put("max_replication_slots", Integer.toString(MEMBERS_AND_TOOLS));
        values.put("wal_sender_timeout", "5s");
        values.put("wal_receiver_timeout", "5s");
        values.put("wal_retrieve_retry_interval", "250ms");
        values.put("tcp_keepalives_idle", "5");
        values.put("tcp_keepalives_interval", "2");
        values.put("tcp_keepalives_count", "3");
        values.put("log_line_prefix", "%m [%p] %q%u@%d ");
        values.put("log_timezone", "UTC");
        values.put("timezone", "UTC");
        values.put("hot_standby_feedback", "on");
        return values;
    }

    private static Map<String, String> owned(Layout layout, int major) {
        Map<String, String> values = new TreeMap<>();
        values.put("listen_addresses", layout.listen());
        values.put("port", Integer.toString(layout.port()));
        values.put("unix_socket_directories", layout.socket().toString());
        values.put("cluster_name", layout.pod());
        values.put("password_encryption", "scram-sha-256");
        values.put("lc_messages", "C");
        values.put("hot_standby", "on");
        values.put("wal_level", "logical");
        values.put("wal_log_hints", "on");
        values.put("full_page_writes", "on");
        values.put("fsync", "on");
        values.put("restart_after_crash", "off");
        values.put("synchronous_standby_names", "");
        values.put("recovery_target_timeline", "latest");
        values.put("ssl", "on");
        values.put("ssl_cert_file", layout.serverFiles().resolve("tls.crt").toString());
        values.put("ssl_key_file", layout.serverFiles().resolve("tls.key").toString());
        values.put("ssl_ca_file", layout.serverFiles().resolve("ca.crt").toString());
        values.put("logging_collector", "off");
        values.put("log_destination", "stderr");
        values.put("archive_mode", "off");
        if (major >= 17) {
            values.put("allow_alter_system", "off");
        }
        return values;
    }

    /**
     * The lines of initdb's postgresql.conf that depend on the locale. They do not include lc_messages: the agent reads the server's log, and
     * needs it in English (see the values that the cluster owns).
     */
    static String locale(String initdbs) {
        StringBuilder text = new StringBuilder("# As initdb chose them by the locale.\n");
        initdbs.lines()
                .filter(line -> LOCALE_LINE.matcher(line).matches())
                .forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    /**
     * The included file that says to follow this address with this member's slot, or no one.
     *
     * @param hurried whether replay waits for no session and does not delay on purpose, because others wait for it
     */
    static String upstream(Layout layout, @Nullable String primaryAddress, int ordinal, boolean hurried) {
        return upstream(layout, primaryAddress, ordinal)
                + (hurried
                        ? "max_standby_streaming_delay = 0\nmax_standby_archive_delay = 0\nrecovery_min_apply_delay = 0\n"
                        : "");
    }

    static String upstream(Layout layout, @Nullable String primaryAddress, int ordinal) {
        StringBuilder text = new StringBuilder("# Written by Matriarch's agent.\n");
        line(text, "primary_slot_name", primaryAddress == null ? "" : io.matriarch.api.contract.Names.slot(ordinal));
        line(
                text,
                "primary_conninfo",
                primaryAddress == null ? "" : conninfo(layout, primaryAddress, OwnSessions.walReceiver()));
        return text.toString();
    }

    /**
     * The included file with the same text on every member, so that a new primary is synchronous from its first commit (manual,
     * "synchronous_standby_names").
     *
     * @param acknowledgements how many standbys flush before a commit is acknowledged; 0 for none, which makes the list empty
     */
    static String synchronous(String cluster, int acknowledgements, List<Integer> voters) {
        StringBuilder text = new StringBuilder("# Written by Matriarch's agent.\n");
        line(text, "synchronous_standby_names", synchronousNames(cluster, acknowledgements, voters));
        return text.toString();
    }

    /**
     * The included file that makes consumers of failover slots get only what these replicas have flushed (manual, "synchronized_standby_slots").
     * All of them must have flushed it, so a replica that is away must not be named.
     */
    static String awaited(List<Integer> ordinals) {
        StringBuilder text = new StringBuilder("# Written by Matriarch's agent.\n");
        line(
                text,
                "synchronized_standby_slots",
                ordinals.stream()
                        .sorted()
                        .map(io.matriarch.api.contract.Names::slot)
                        .collect(Collectors.joining(", ")));
        return text.toString();
    }

    /** The value of synchronous_standby_names. */
    static String synchronousNames(String cluster, int acknowledgements, List<Integer> voters) {
        if (acknowledgements == 0) {
            return "";
        }
        return voters.stream()
                .sorted()
                .map(ordinal -> "\"" + cluster + "-" + ordinal + "\"")
                .collect(Collectors.joining(", ", "ANY " + acknowledgements + " (", ")"));
    }

    /** libpq's connection string to the primary, with the client certificate (manual, "Database Connection Control Functions"). */
    static String conninfo(Layout layout, String address) {
        return conninfo(layout, address, OwnSessions.replication());
    }

    private static String conninfo(Layout layout, String address, String options) {
        return "host=%s port=%d user=%s dbname=postgres application_name=%s sslmode=verify-ca sslrootcert=%s sslcert=%s sslkey=%s connect_timeout=2 keepalives_idle=5 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=5000 options='%s'"
                .formatted(
                        address,
                        layout.port(),
                        Layout.REPLICATION_ROLE,
                        layout.pod(),
                        layout.replicationFiles().resolve("ca.crt"),
                        layout.replicationFiles().resolve("tls.crt"),
                        layout.replicationFiles().resolve("tls.key"),
                        options.replace("\\", "\\\\"));
    }

    private static final String MEMBERS_HBA = """
            # Written by Matriarch's agent. Change spec.postgres.hba of the PostgresCluster instead.
            local   all          postgres                      peer map=matriarch
            hostssl replication  matriarch_replication  all    cert
            hostssl postgres     matriarch_replication  all    cert
            host    all          matriarch_replication  all    reject
            host    replication  matriarch_replication  all    reject
            """;

    /** pg_hba.conf for a primary whose last commits may not be on enough replicas yet: it lets in members only (docs/internals/protocol.md 7). */
    static String gate() {
        return MEMBERS_HBA + "# not open for clients yet\nlocal all all reject\nhost all all all reject\n";
    }

    /** pg_hba.conf: first what the cluster needs, then the user's lines, then a password for every role. */
    static String hba(List<String> lines) {
        StringBuilder text = new StringBuilder(MEMBERS_HBA).append("# spec.postgres.hba\n");
        lines.forEach(line -> text.append(line).append('\n'));
        text.append("# every role by its password\nlocal all all scram-sha-256\nhost all all all scram-sha-256\n");
        return text.toString();
    }

    /** pg_ident.conf: the operating system's user that runs this agent is the superuser over the socket. */
    static String ident(String osUser) {
        return "matriarch " + osUser + " postgres\n";
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append(name)
                .append(" = '")
                .append(value.replace("\\", "\\\\").replace("'", "''"))
                .append("'\n");
    }

    private static long number(String value) {
        try {
            return Long.parseLong(value.strip());
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE; // PostgreSQL's own check, not this agent, says what is wrong with it
        }
    }
}
