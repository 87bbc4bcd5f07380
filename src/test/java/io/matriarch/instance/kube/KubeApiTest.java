package io.matriarch.instance.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("machine")
class KubeApiTest {
    @TempDir
    Path account = Path.of("");

    private final List<String> tokens = new CopyOnWriteArrayList<>();
    private HttpServer server = HttpServer.create();
    private KubeApi api = new KubeApi(URI.create("http://127.0.0.1"), account);

    KubeApiTest() throws IOException {}

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/whole", exchange -> {
            tokens.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            byte[] body = "{\"kind\":\"Lease\"}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.createContext("/half", exchange -> {
            // headers and half a body, and then nothing: what a node that loses its network looks like
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
        });
        server.start();
        api = new KubeApi(URI.create("http://127.0.0.1:" + server.getAddress().getPort()), account);
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    @Timeout(10)
    void answerThatStopsHalfWayIsNoAnswer() {
        assertThatThrownBy(() -> api.get("/half", Duration.ofMillis(500)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no answer within");
    }

    @Test
    void tokenIsReadAnewForEachRequest() throws IOException {
        for (String token : List.of("first", "second")) {
            Files.writeString(account.resolve("token"), token + "\n");
            assertThat(api.get("/whole", Duration.ofSeconds(5)).ok()).isTrue();
        }
        assertThat(tokens).containsExactly("Bearer first", "Bearer second");
    }
}
