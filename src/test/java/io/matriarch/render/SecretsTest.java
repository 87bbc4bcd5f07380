package io.matriarch.render;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Secret;
import java.net.URI;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.postgresql.Driver;

/** Credentials in the forms that applications ask for, with a password that has every character that needs care. */
class SecretsTest {
    private static final String PASSWORD = "p@ss:w/rd?#[]% &+=\\é";

    private final Secret secret = Secrets.application(Clusters.rendering("superuser"), PASSWORD);

    @Test
    void hasTheKeysThatPeopleExpect() {
        assertThat(secret.getType()).isEqualTo("kubernetes.io/basic-auth");
        assertThat(secret.getData())
                .containsOnlyKeys(
                        "username",
                        "password",
                        "dbname",
                        "host",
                        "port",
                        "uri",
                        "jdbc-uri",
                        "pgpass",
                        "fqdn-uri",
                        "fqdn-jdbc-uri");
        assertThat(value("username")).isEqualTo("shop");
        assertThat(value("password")).isEqualTo(PASSWORD);
        assertThat(value("dbname")).isEqualTo("shop & more");
        assertThat(value("host")).isEqualTo("orders-rw");
        assertThat(value("port")).isEqualTo("5432");
    }

    @Test
    void uriCarriesThePasswordUnharmed() {
        for (Map.Entry<String, String> form :
                Map.of("uri", "orders-rw", "fqdn-uri", "orders-rw.shop.svc").entrySet()) {
            URI uri = URI.create(value(form.getKey()));
            assertThat(uri.getScheme()).isEqualTo("postgresql");
            assertThat(uri.getHost()).isEqualTo(form.getValue());
            assertThat(uri.getPort()).isEqualTo(5432);
            assertThat(uri.getUserInfo()).isEqualTo("shop:" + PASSWORD);
            assertThat(uri.getPath()).isEqualTo("/shop & more");
        }
    }

    @Test
    void jdbcDriverReadsItsUri() {
        for (Map.Entry<String, String> form : Map.of("jdbc-uri", "orders-rw", "fqdn-jdbc-uri", "orders-rw.shop.svc")
                .entrySet()) {
            Properties properties = Driver.parseURL(value(form.getKey()), new Properties());
            assertThat(properties)
                    .isNotNull()
                    .containsEntry("PGHOST", form.getValue())
                    .containsEntry("PGPORT", "5432")
                    .containsEntry("PGDBNAME", "shop & more")
                    .containsEntry("user", "shop")
                    .containsEntry("password", PASSWORD);
        }
    }

    /** PostgreSQL manual, "The Password File". */
    @Test
    void passwordFileEscapesColonsAndBackslashes() {
        assertThat(value("pgpass")).isEqualTo("orders-rw:5432:shop & more:shop:p@ss\\:w/rd?#[]% &+=\\\\é");
    }

    @Test
    void superuserHasTheDatabaseThatIsAlwaysThere() {
        Secret superuser = Secrets.superuser(Clusters.rendering("superuser"), "x");
        assertThat(superuser.getMetadata().getName()).isEqualTo("orders-superuser");
        assertThat(Secrets.value(superuser, "username")).isEqualTo("postgres");
        assertThat(Secrets.value(superuser, "dbname")).isEqualTo("postgres");
    }

    @Test
    void certificatesAreMountableWithTheirAuthority() {
        Secret server = Secrets.server(Clusters.rendering("minimal"), new Certificates.Pair("crt", "key"), "ca");
        assertThat(server.getType()).isEqualTo("kubernetes.io/tls");
        assertThat(Secrets.value(server, "tls.crt")).isEqualTo("crt");
        assertThat(Secrets.value(server, "tls.key")).isEqualTo("key");
        assertThat(Secrets.value(server, "ca.crt")).isEqualTo("ca");
        assertThat(Secrets.value(server, "absent")).isEmpty();
    }

    private String value(String key) {
        return Secrets.value(secret, key);
    }
}
