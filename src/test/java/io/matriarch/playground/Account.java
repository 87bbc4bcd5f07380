package io.matriarch.playground;

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
record Account(String user, String password, String database) {
    static Account of(Secret secret) {
        return new Account(value(secret, "username"), value(secret, "password"), value(secret, "dbname"));
    }

    private static String value(Secret secret, String key) {
        return new String(Base64.getDecoder().decode(secret.getData().getOrDefault(key, "")), StandardCharsets.UTF_8);
    }

    Connection connect(String address) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("sslmode", "require");
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("socketTimeout", "5");
        properties.setProperty("loginTimeout", "3");
        return DriverManager.getConnection("jdbc:postgresql://" + address + ":5432/" + database, properties);
    }

    /** What a person types. */
    String psql(String address) {
        return "PGPASSWORD=%s psql 'host=%s user=%s dbname=%s sslmode=require'"
                .formatted(password, address, user, database);
    }

    /** First column of each row. */
    List<String> query(String address, String sql) throws SQLException {
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

    void execute(String address, String sql) throws SQLException {
        try (Connection connection = connect(address);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
