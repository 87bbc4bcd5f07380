package io.matriarch.render;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.matriarch.api.contract.Ports;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/** Credentials and certificates as Secrets. The caller supplies the random parts, so that rendering is repeatable. */
public final class Secrets {
    private Secrets() {}

    /** Credentials of the application's role, in the forms that applications commonly use. */
    public static Secret application(Rendering rendering, String password) {
        var initdb = SettingsDocument.initdb(rendering.spec());
        return credentials(
                rendering, rendering.names().applicationSecret(), initdb.owner(), password, initdb.database());
    }

    public static Secret superuser(Rendering rendering, String password) {
        return credentials(rendering, rendering.names().superuserSecret(), "postgres", password, "postgres");
    }

    private static Secret credentials(Rendering rendering, String name, String user, String password, String database) {
        return Stamp.on(new SecretBuilder()
                .withMetadata(rendering.metadata(name))
                .withType("kubernetes.io/basic-auth")
                .withData(encoded(connection(rendering, user, password, database)))
                .build());
    }

    /** What an application needs, for these credentials; values in plain text. */
    public static Map<String, String> connection(Rendering rendering, String user, String password, String database) {
        String host = rendering.names().readWriteService();
        String fqdn = host + "." + rendering.namespace() + ".svc";
        Map<String, String> data = new LinkedHashMap<>();
        data.put("username", user);
        data.put("password", password);
        data.put("dbname", database);
        data.put("host", host);
        data.put("port", Integer.toString(Ports.POSTGRES));
        data.put("uri", uri(host, user, password, database));
        data.put("jdbc-uri", jdbc(host, user, password, database));
        data.put(
                "pgpass",
                "%s:%d:%s:%s:%s".formatted(host, Ports.POSTGRES, escape(database), escape(user), escape(password)));
        data.put("fqdn-uri", uri(fqdn, user, password, database));
        data.put("fqdn-jdbc-uri", jdbc(fqdn, user, password, database));
        return data;
    }

    private static String uri(String host, String user, String password, String database) {
        return "postgresql://%s:%s@%s:%d/%s"
                .formatted(encode(user), encode(password), host, Ports.POSTGRES, encode(database));
    }

    private static String jdbc(String host, String user, String password, String database) {
        return "jdbc:postgresql://%s:%d/%s?user=%s&password=%s"
                .formatted(host, Ports.POSTGRES, encode(database), encode(user), encode(password));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Escapes text for a line of a password file (PostgreSQL manual, "The Password File"). */
    private static String escape(String text) {
        return text.replace("\\", "\\\\").replace(":", "\\:");
    }

    public static Secret authority(Rendering rendering, Certificates.Pair pair) {
        return tls(rendering, rendering.names().authoritySecret(), pair, pair.certificate());
    }

    public static Secret server(Rendering rendering, Certificates.Pair pair, String authority) {
        return tls(rendering, rendering.names().serverSecret(), pair, authority);
    }

    public static Secret replication(Rendering rendering, Certificates.Pair pair, String authority) {
        return tls(rendering, rendering.names().replicationSecret(), pair, authority);
    }

    private static Secret tls(Rendering rendering, String name, Certificates.Pair pair, String authority) {
        Map<String, String> data = new LinkedHashMap<>();
        data.put("tls.crt", pair.certificate());
        data.put("tls.key", pair.key());
        data.put("ca.crt", authority);
        return Stamp.on(new SecretBuilder()
                .withMetadata(rendering.metadata(name))
                .withType("kubernetes.io/tls")
                .withData(encoded(data))
                .build());
    }

    private static Map<String, String> encoded(Map<String, String> plain) {
        Map<String, String> data = new LinkedHashMap<>();
        plain.forEach((key, value) ->
                data.put(key, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8))));
        return data;
    }

    /** A value of a Secret in plain text, or empty. */
    public static String value(Secret secret, String key) {
        String encoded = secret.getData() == null ? null : secret.getData().get(key);
        return encoded == null ? "" : new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
    }
}
