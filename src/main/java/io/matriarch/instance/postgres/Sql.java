package io.matriarch.instance.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** SQL as the superuser over the Unix socket. */
final class Sql implements AutoCloseable {
    private final Connection connection;

    private Sql(Connection connection) {
        this.connection = connection;
    }

    /** Reads one row of a result. */
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** Connects, or fails within {@code timeout}; every later answer must come within it, too. */
    static Sql open(Layout layout, String database, Duration timeout) throws SQLException {
        Properties own = new Properties();
        // A role that may create functions in the schema public must not be able to put one in the way of the
        // superuser's.
        own.setProperty("options", OwnSessions.superuser(timeout));
        return open(layout, database, timeout, own);
    }

    /** For a user's statements, which use the schemas that everybody has. */
    static Sql openForUser(Layout layout, String database, Duration timeout) throws SQLException {
        Properties users = new Properties();
        users.setProperty("options", OwnSessions.forUser(timeout));
        return open(layout, database, timeout, users);
    }

    /** A connection that speaks the streaming replication protocol too (manual, "Streaming Replication Protocol"). */
    static Sql openReplication(Layout layout, Duration timeout) throws SQLException {
        Properties replication = new Properties();
        replication.setProperty("replication", "database");
        replication.setProperty("options", OwnSessions.superuser(timeout));
        return open(layout, "postgres", timeout, replication);
    }

    private static Sql open(Layout layout, String database, Duration timeout, Properties more) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", Layout.SUPERUSER);
        properties.setProperty("socketFactory", UnixSocketFactory.class.getName());
        properties.setProperty(
                "socketFactoryArg",
                layout.socket().resolve(".s.PGSQL." + layout.port()).toString());
        properties.setProperty("sslmode", "disable");
        properties.setProperty("gssEncMode", "disable");
        properties.setProperty("ApplicationName", "matriarch");
        // What the driver sets at the beginning then goes with the startup message, instead of in two further messages.
        properties.setProperty("assumeMinServerVersion", "14");
        properties.setProperty("socketTimeout", Long.toString(Math.max(1, timeout.toSeconds())));
        properties.setProperty("connectTimeout", Long.toString(Math.max(1, timeout.toSeconds())));
        properties.setProperty("loginTimeout", "0");
        properties.setProperty("preferQueryMode", "simple");
        properties.putAll(more);
        // Use the driver directly: java.sql.DriverManager would look for others and may start a thread for the login.
        Connection connection =
                new org.postgresql.Driver().connect("jdbc:postgresql://localhost/" + database, properties);
        if (connection == null) {
            throw new SQLException("the driver does not know its own URL");
        }
        return new Sql(connection);
    }

    <T> List<T> query(String sql, Row<T> row, Object... arguments) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            List<T> rows = new ArrayList<>();
            try (ResultSet answer = statement.executeQuery()) {
                while (answer.next()) {
                    rows.add(row.read(answer));
                }
            }
            return rows;
        }
    }

    <T> T one(String sql, Row<T> row, Object... arguments) throws SQLException {
        List<T> rows = query(sql, row, arguments);
        if (rows.size() != 1) {
            throw new SQLException("one row expected, " + rows.size() + " came");
        }
        return rows.getFirst();
    }

    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static String identifier(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }

    static String literal(String text) {
        return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            // it is gone either way
        }
    }
}
