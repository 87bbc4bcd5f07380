package io.matriarch.instance.postgres;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

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

    ReplicationRole(Sql sql, int major) {
        this.sql = sql;
        this.major = major;
    }

    /** On a primary; writes nothing if everything is in place. */
    void keep() throws SQLException {
        boolean exists = holds("EXISTS (SELECT FROM pg_roles WHERE rolname = '%s')".formatted(NAME));
        if (!exists) {
            sql.execute("CREATE ROLE " + NAME + " LOGIN REPLICATION");
        }
        if (!holds("(SELECT rolcanlogin AND rolreplication AND rolconnlimit = -1 FROM pg_roles WHERE rolname = '%s')"
                .formatted(NAME))) {
            sql.execute("ALTER ROLE " + NAME + " LOGIN REPLICATION CONNECTION LIMIT -1");
        }
        if (!holds("has_database_privilege('%s', 'postgres', 'CONNECT')".formatted(NAME))) {
            sql.execute("GRANT CONNECT ON DATABASE postgres TO " + NAME);
        }
        for (String function : FUNCTIONS) {
            if (!holds("has_function_privilege('%s', '%s', 'EXECUTE')".formatted(NAME, function))) {
                sql.execute("GRANT EXECUTE ON FUNCTION " + function + " TO " + NAME);
            }
        }
        List<String> own = own();
        if (!holds(
                "EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = '%s'::regrole AND setdatabase = (SELECT oid FROM pg_database WHERE datname = 'postgres') AND setconfig = %s)"
                        .formatted(NAME, "'{" + String.join(",", own) + "}'::text[]"))) {
            String here = "ALTER ROLE " + NAME + " IN DATABASE postgres ";
            sql.execute(here + "RESET ALL");
            for (String setting : own) {
                // Take this session's value (OwnSessions): SET ... = '' would name a library without a name.
                sql.execute(here + "SET " + setting.substring(0, setting.indexOf('=')) + " FROM CURRENT");
            }
        }
    }

    /** The role's settings in the catalog. */
    private List<String> own() {
        List<String> own = new ArrayList<>(List.of("session_preload_libraries="));
        if (major >= LOGIN_TRIGGERS_SINCE) {
            own.add("event_triggers=off");
        }
        return own;
    }

    private boolean holds(String condition) throws SQLException {
        return sql.one("SELECT " + condition, row -> row.getBoolean(1));
    }
}
