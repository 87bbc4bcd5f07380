package io.matriarch.instance.kube;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.matriarch.api.contract.Labels;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The former primary's label is taken from the pod as it was seen, and from no newer one. */
@Tag("machine")
class DeposeTest {
    private final Queue<String> roles = new ArrayDeque<>();
    private final List<String> versions = new ArrayList<>();
    private int version = 4;
    private boolean conflict = true;
    private HttpServer server;
    private Pods pods;

    @BeforeEach
    void begin(@TempDir Path account) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/v1/namespaces/shop/pods/orders-0", exchange -> {
            byte[] asked = exchange.getRequestBody().readAllBytes();
            int status = 200;
            String body;
            if (exchange.getRequestMethod().equals("GET")) {
                version++;
                body = "{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"%d\",\"labels\":{\"%s\":\"%s\"}}}"
                        .formatted(version, Labels.ROLE, roles.remove());
            } else {
                versions.add(Json.tree(asked)
                        .path("metadata")
                        .path("resourceVersion")
                        .asText());
                status = conflict ? 409 : 200;
                conflict = false;
                body = "{}";
            }
            exchange.sendResponseHeaders(status, body.length());
            exchange.getResponseBody().write(body.getBytes(StandardCharsets.UTF_8));
            exchange.close();
        });
        server.start();
        URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        pods = new Pods(new KubeApi(uri, account), "shop", Duration.ofSeconds(5));
    }

    @AfterEach
    void end() {
        server.stop(0);
    }

    @Test
    void aPodThatChangedIsLookedAtAgain() throws IOException {
        roles.addAll(List.of(Labels.PRIMARY, Labels.PRIMARY));
        pods.depose("orders-0");
        assertThat(versions).containsExactly("5", "6");
    }

    @Test
    void aLabelThatWasGivenSinceStands() throws IOException {
        roles.addAll(List.of(Labels.PRIMARY, Labels.REPLICA));
        pods.depose("orders-0");
        assertThat(versions).containsExactly("5");
    }
}
