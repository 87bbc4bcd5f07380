package io.matriarch.instance.postgres;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The role with which members connect to each other: creates and restores what pg_hba.conf, clones and pg_rewind rely on. A setting of a role in a
 * database overrides those of the role, of the database and of all roles (manual, "ALTER ROLE"); with it, the role gets parameters that it may not
 * set itself.
 */
final class ReplicationRole {
    private static final String NAME = Layout.REPLICATION_ROLE;
    private static final int LOGIN_TRIGGERS_SINCE = 17;

    /** The functions that pg_rewind calls on its source (manual, "pg_rewind"). */
    private static final List<String> FUNCTIONS = List.of(
            "pg_catalog.pg_ls_dir(text, boolean, boolean)",
            "pg_catalog.pg_stat_file(text, boolean)",
            "pg_catalog.pg_read_binary_file(text)",
            "pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)");

    private final Sql sql;
    private final int major;

    /** What must hold, and the statements that make it so. */
    private record Duty(String condition, List<String> cure) {}

    ReplicationRole(Sql sql, int major) {
        this.sql = sql;
        this.major = major;
    }

    /** On a primary; one question, and writes nothing, if everything is in place. */
    void keep() throws SQLException {
        String exists = "EXISTS (SELECT FROM pg_roles WHERE rolname = '%s')".formatted(NAME);
        List<Duty> duties = duties();
        String all = duties.stream().map(Duty::condition).collect(Collectors.joining(" AND "));
        // Without the role, the questions about its rights fail.
        if (holds("CASE WHEN %s THEN %s ELSE false END".formatted(exists, all))) {
            return;
        }
        if (!holds(exists)) {
            sql.execute("CREATE ROLE " + NAME);
        }
        for (Duty duty : duties) {
            if (!holds(duty.condition())) {
                for (String statement : duty.cure()) {
                    sql.execute(statement);
                }
            }
        }
    }

    private List<Duty> duties() {
        List<Duty> duties = new ArrayList<>();
        duties.add(new Duty(
                "(SELECT rolcanlogin AND rolreplication AND rolconnlimit = -1 FROM pg_roles WHERE rolname = '%s')"
                        .formatted(NAME),
                List.of("ALTER ROLE " + NAME + " LOGIN REPLICATION CONNECTION LIMIT -1")));
        duties.add(new Duty(
                "has_database_privilege('%s', 'postgres', 'CONNECT')".formatted(NAME),
                List.of("GRANT CONNECT ON DATABASE postgres TO " + NAME)));
        for (String function : FUNCTIONS) {
            duties.add(new Duty(
                    "has_function_privilege('%s', '%s', 'EXECUTE')".formatted(NAME, function),
                    List.of("GRANT EXECUTE ON FUNCTION " + function + " TO " + NAME)));
        }
        duties.add(settings());
        return duties;
    }

    private Duty settings() {
        List<String> names = new ArrayList<>(List.of("session_preload_libraries"));
        List<String> stored = new ArrayList<>(List.of("session_preload_libraries="));
        if (major >= LOGIN_TRIGGERS_SINCE) {
            names.add("event_triggers");
            stored.add("event_triggers=off");
        }
        String here = "ALTER ROLE " + NAME + " IN DATABASE postgres ";
        List<String> cure = new ArrayList<>(List.of(here + "RESET ALL"));
        // Take this session's values (OwnSessions): SET ... = '' would name a library without a name.
        names.forEach(name -> cure.add(here + "SET " + name + " FROM CURRENT"));
        return new Duty(
                "EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = to_regrole('%s') AND setdatabase = (SELECT oid FROM pg_database WHERE datname = 'postgres') AND setconfig = '{%s}'::text[])"
                        .formatted(NAME, String.join(",", stored)),
                cure);
    }

    private boolean holds(String condition) throws SQLException {
        return sql.one("SELECT " + condition, row -> row.getBoolean(1));
    }
}
