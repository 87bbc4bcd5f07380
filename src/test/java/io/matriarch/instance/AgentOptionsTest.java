package io.matriarch.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AgentOptionsTest {
    private final Map<String, String> environment = new HashMap<>(Map.of(
            "MATRIARCH_NAMESPACE", "shop",
            "MATRIARCH_CLUSTER", "orders",
            "MATRIARCH_POD", "orders-0",
            "MATRIARCH_POD_UID", "u",
            "MATRIARCH_POD_IP", "10.0.0.1",
            "MATRIARCH_DATA", "/data",
            "MATRIARCH_RUN", "/run/m",
            "MATRIARCH_SOCKET", "/socket",
            "MATRIARCH_SERVER_CERTIFICATE", "/server",
            "MATRIARCH_REPLICATION_CERTIFICATE", "/replication"));

    @Test
    void theKubeletsVariablesNameTheApiServer() {
        environment.put("KUBERNETES_SERVICE_HOST", "fd00::1");
        environment.put("KUBERNETES_SERVICE_PORT", "443");
        environment.put("MATRIARCH_WAL", "");
        AgentOptions options = AgentOptions.of(environment);
        assertThat(options.apiServer()).hasToString("https://[fd00::1]:443");
        assertThat(options.wal()).isNull();
        assertThat(options.listen()).isEqualTo("*");
        assertThat(options.grace()).isEqualTo(120);
    }

    @Test
    void everythingThatIsMissingIsNamedAtOnce() {
        environment.remove("MATRIARCH_DATA");
        environment.put("MATRIARCH_GRACE", "soon");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AgentOptions.of(environment))
                .withMessageContaining("MATRIARCH_DATA")
                .withMessageContaining("MATRIARCH_GRACE as a number of seconds")
                .withMessageContaining("KUBERNETES_SERVICE_HOST");
    }
}
