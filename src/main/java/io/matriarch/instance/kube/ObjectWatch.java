package io.matriarch.instance.kube;

import io.matriarch.instance.json.Json;
import io.matriarch.instance.json.Node;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows one object by name: its present state first, then every change. If a watch says nothing for longer than the API server keeps one open,
 * this gives it up and starts a new one, so that a connection that died silently delays nothing.
 */
public final class ObjectWatch {
    private static final Logger LOG = LoggerFactory.getLogger(ObjectWatch.class);
    private static final Duration GET = Duration.ofSeconds(5);
    private static final int WATCH_SECONDS = 240;

    private final KubeApi api;
    private final String collection;
    private final String name;
    private final Consumer<Optional<Node>> changed;
    private final AtomicReference<String> last = new AtomicReference<>("");

    /**
     * @param collection such as {@code /api/v1/namespaces/shop/configmaps}
     * @param changed receives the object, or empty if it does not exist
     */
    public ObjectWatch(KubeApi api, String collection, String name, Consumer<Optional<Node>> changed) {
        this.api = api;
        this.collection = collection;
        this.name = name;
        this.changed = changed;
    }

    /** Follows the object until this virtual thread is interrupted. */
    public Thread start() {
        return Thread.ofVirtual().name("watch " + name).start(this::run);
    }

    private void run() {
        Duration pause = Duration.ofMillis(250);
        while (!Thread.currentThread().isInterrupted()) {
            try {
                follow(read());
                pause = Duration.ofMillis(250);
            } catch (IOException | RuntimeException e) {
                LOG.debug("watching {}: {}", name, e.toString());
                pause = pause.multipliedBy(2).compareTo(Duration.ofSeconds(5)) > 0
                        ? Duration.ofSeconds(5)
                        : pause.multipliedBy(2);
            }
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private String read() throws IOException {
        KubeApi.Answer answer = api.get(collection + "/" + name, GET);
        if (answer.status() == 404) {
            tell(Optional.empty(), "none");
            return "0";
        }
        if (!answer.ok()) {
            throw new IOException(answer.message());
        }
        String version = answer.body().path("metadata").path("resourceVersion").asText();
        tell(Optional.of(answer.body()), version);
        return version;
    }

    private void follow(String version) throws IOException {
        String from = version.equals("0") ? "" : "&resourceVersion=" + version;
        String path = collection + "?watch=1&fieldSelector=metadata.name%3D" + name + "&timeoutSeconds=" + WATCH_SECONDS
                + from;
        try (InputStream stream = api.watch(path)) {
            Thread guard = Thread.ofVirtual().start(() -> closeLater(stream));
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    Node event = Json.tree(line);
                    Node object = event.path("object");
                    switch (event.path("type").asText()) {
                        case "ADDED", "MODIFIED" ->
                            tell(
                                    Optional.of(object),
                                    object.path("metadata")
                                            .path("resourceVersion")
                                            .asText());
                        case "DELETED" -> tell(Optional.empty(), "none");
                        case "ERROR" -> {
                            return;
                        }
                        default -> {
                            // a bookmark
                        }
                    }
                }
            } finally {
                guard.interrupt();
            }
        }
    }

    private static void closeLater(InputStream stream) {
        try {
            Thread.sleep(Duration.ofSeconds(WATCH_SECONDS + 30));
            stream.close();
        } catch (InterruptedException | IOException e) {
            // the watch ended by itself
        }
    }

    private void tell(Optional<Node> object, String version) {
        if (!version.equals(last.getAndSet(version))) {
            changed.accept(object);
        }
    }
}
