package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;

/** How an application logs in, as its Secret says. */
public record Account(String user, String password, String database) {
    public static Account of(Secret secret) {
        return new Account(value(secret, "username"), value(secret, "password"), value(secret, "dbname"));
    }

    private static String value(Secret secret, String key) {
        return new String(Base64.getDecoder().decode(secret.getData().getOrDefault(key, "")), StandardCharsets.UTF_8);
    }

    /**
     * A session.
     *
     * @param hosts one address, or {@code a,b,c}: then the first one that is a primary
     * @param connectSeconds how long to wait for a connection
     * @param answerSeconds how long to wait for anything to arrive
     */
    public Connection connect(String hosts, int connectSeconds, int answerSeconds) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("sslmode", "require");
        properties.setProperty("connectTimeout", Integer.toString(connectSeconds));
        properties.setProperty("socketTimeout", Integer.toString(answerSeconds));
        properties.setProperty("loginTimeout", "3");
        if (hosts.contains(",")) {
            properties.setProperty("targetServerType", "primary");
            properties.setProperty("hostRecheckSeconds", "0");
        }
        return DriverManager.getConnection(
                "jdbc:postgresql://" + hosts.replace(",", ":5432,") + ":5432/" + database, properties);
    }

    private Connection connect(String address) throws SQLException {
        return connect(address, 2, 5);
    }

    /** What a person types. */
    public String psql(String address) {
        return "PGPASSWORD=%s psql 'host=%s user=%s dbname=%s sslmode=require'"
                .formatted(password, address, user, database);
    }

    /** First column of each row. */
    public List<String> query(String address, String sql) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = connect(address);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            while (result.next()) {
                rows.add(result.getString(1));
            }
        }
        return rows;
    }

    public void execute(String address, String sql) throws SQLException {
        try (Connection connection = connect(address);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
