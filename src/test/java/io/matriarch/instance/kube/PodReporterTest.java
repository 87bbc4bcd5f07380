package io.matriarch.instance.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.RoleChange;
import io.matriarch.instance.json.Json;
import io.matriarch.instance.json.Node;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("machine")
class PodReporterTest {
    private final List<Node> patches = new CopyOnWriteArrayList<>();
    private final List<String> shown = new CopyOnWriteArrayList<>();
    private volatile boolean failing;
    private HttpServer server;
    private PodReporter reporter;
    private Thread thread;

    @BeforeEach
    void begin(@TempDir Path account) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/v1/namespaces/shop/pods/orders-0", exchange -> {
            Node patch = Json.tree(exchange.getRequestBody().readAllBytes());
            boolean fails = failing;
            if (!fails) {
                patches.add(patch);
            }
            exchange.sendResponseHeaders(fails ? 503 : 200, -1);
            exchange.close();
        });
        server.start();
        URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        reporter = new PodReporter(new KubeApi(uri, account), "shop", "orders-0", shown::add);
        thread = reporter.start();
    }

    @AfterEach
    void end() {
        thread.interrupt();
        server.stop(0);
    }

    @Test
    void aLabelIsWrittenAndTold() {
        reporter.publish(Optional.of(Labels.PRIMARY), report("a"));
        await().until(() -> reporter.shows(Labels.PRIMARY));
        assertThat(role(patches.getFirst())).isEqualTo(Labels.PRIMARY);
        await().untilAsserted(() -> assertThat(shown).containsExactly(Labels.PRIMARY));
    }

    @Test
    void aLabelIsLeftAsItIs() {
        reporter.publish(Optional.of(Labels.PRIMARY), report("a"));
        await().until(() -> patches.size() == 1);
        reporter.publish(Optional.empty(), report("b"));
        await().until(() -> patches.size() == 2);
        assertThat(patches.getLast().path("metadata").path("labels").isMissing())
                .isTrue();
        await().until(() -> !reporter.shows(Labels.PRIMARY));
    }

    @Test
    void aLabelAloneKeepsTheReport() {
        reporter.publish(Optional.of(Labels.REPLICA), report("a"));
        await().until(() -> patches.size() == 1);
        reporter.label(Labels.PRIMARY);
        await().until(() -> patches.size() == 2);
        assertThat(role(patches.getLast())).isEqualTo(Labels.PRIMARY);
        assertThat(patches.getLast()
                        .path("metadata")
                        .path("annotations")
                        .path(Labels.REPORT)
                        .asText())
                .contains("\"a\"");
    }

    /** What a request without an answer did is not known: the label may be another one than the last that was answered. */
    @Test
    void afterAWriteThatFailedTheSameIsWrittenAgain() {
        reporter.publish(Optional.of(Labels.PRIMARY), report("a"));
        await().until(() -> patches.size() == 1);
        failing = true;
        reporter.publish(Optional.of(Labels.UNHEALTHY), report("b"));
        await().until(() -> !reporter.wrote(Labels.PRIMARY));
        failing = false;
        reporter.publish(Optional.of(Labels.PRIMARY), report("a"));
        await().until(() -> reporter.wrote(Labels.PRIMARY));
        assertThat(patches).hasSize(2);
        assertThat(role(patches.getLast())).isEqualTo(Labels.PRIMARY);
    }

    @Test
    void manyReportsAreFewWrites() throws InterruptedException {
        for (int i = 0; i < 40; i++) {
            reporter.publish(Optional.of(Labels.REPLICA), report("state " + i));
            Thread.sleep(Duration.ofMillis(5));
        }
        await().untilAsserted(() -> assertThat(patches.getLast()
                        .path("metadata")
                        .path("annotations")
                        .path(Labels.REPORT)
                        .asText())
                .contains("state 39"));
        assertThat(patches.size()).isLessThan(20);
    }

    private static String role(Node patch) {
        return patch.path("metadata").path("labels").path(Labels.ROLE).asText();
    }

    private static MemberReport report(String what) {
        return MemberReport.none().with(new RoleChange(1, null, "Restart", 0, what));
    }
}
