package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import io.matriarch.testkit.Store.Key;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** What {@code kubectl logs} shows: a container's output, its last lines, that of the run before, or all that is still to come. */
final class PodLogs {
    private static final long POLL = 100;

    private final Store store;
    private volatile Source source = (namespace, pod, container, previous) -> Optional.empty();

    PodLogs(Store store) {
        this.store = store;
    }

    /** Where a container's output is kept; empty when it never ran. */
    public interface Source {
        Optional<Path> file(String namespace, String pod, String container, boolean previous);
    }

    void from(Source files) {
        source = files;
    }

    void serve(Request request) throws IOException {
        ObjectNode pod = store.get(request.key()).orElseThrow(() -> ApiError.notFound(request.kind(), request.name()));
        for (String option : List.of("timestamps", "sinceSeconds", "sinceTime")) {
            if (request.query().containsKey(option)
                    && !request.query().get(option).equals("false")) {
                throw new ApiError(
                        400, "BadRequest", option + ": the embedded kubelet keeps no times of what containers write");
            }
        }
        String container = container(request, pod);
        boolean previous = request.flag("previous");
        Optional<Path> file = source.file(request.namespace(), request.name(), container, previous);
        if (file.isEmpty() && previous) {
            throw new ApiError(
                    400,
                    "BadRequest",
                    "previous terminated container \"%s\" in pod \"%s\" not found"
                            .formatted(container, request.name()));
        }
        HttpExchange exchange = request.exchange();
        exchange.getResponseHeaders().set("Content-Type", "text/plain");
        exchange.sendResponseHeaders(200, 0);
        if (file.isPresent()) {
            try (InputStream in = Files.newInputStream(file.get());
                    OutputStream out = exchange.getResponseBody()) {
                out.write(tail(in.readAllBytes(), request.query().get("tailLines")));
                out.flush();
                if (request.flag("follow")) {
                    follow(
                            in,
                            out,
                            request.key(),
                            container,
                            pod.path("metadata").path("uid"));
                }
            }
        }
    }

    /** The one asked for, or the only one (what the API server answers; kubectl itself chooses the first). */
    private static String container(Request request, ObjectNode pod) {
        List<String> names = new ArrayList<>();
        for (String list : List.of("containers", "initContainers")) {
            StreamSupport.stream(pod.path("spec").path(list).spliterator(), false)
                    .map(container -> container.path("name").asText())
                    .forEach(names::add);
        }
        String wanted = request.query().getOrDefault("container", "");
        if (wanted.isEmpty() && names.size() == 1) {
            return names.getFirst();
        }
        if (!names.contains(wanted)) {
            throw new ApiError(
                    400,
                    "BadRequest",
                    wanted.isEmpty()
                            ? "a container name must be specified for pod %s, choose one of: %s"
                                    .formatted(request.name(), names)
                            : "container %s is not valid for pod %s".formatted(wanted, request.name()));
        }
        return wanted;
    }

    private static byte[] tail(byte[] all, @org.jspecify.annotations.Nullable String lines) {
        if (lines == null) {
            return all;
        }
        List<String> text = new String(all, StandardCharsets.UTF_8).lines().toList();
        int from = Math.max(0, text.size() - Integer.parseInt(lines));
        StringBuilder last = new StringBuilder();
        text.subList(from, text.size()).forEach(line -> last.append(line).append('\n'));
        return last.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Until the container's run, the pod, or the caller's patience ends. */
    private void follow(InputStream in, OutputStream out, Key key, String container, JsonNode uid) throws IOException {
        boolean runs = true;
        while (true) {
            byte[] more = in.readAllBytes();
            out.write(more);
            out.flush();
            if (!runs) {
                return;
            }
            runs = store.get(key)
                    .filter(pod -> pod.path("metadata").path("uid").equals(uid))
                    .filter(pod -> running(pod, container))
                    .isPresent();
            try {
                Thread.sleep(POLL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static boolean running(ObjectNode pod, String container) {
        for (String list : List.of("containerStatuses", "initContainerStatuses")) {
            for (JsonNode status : pod.path("status").path(list)) {
                if (status.path("name").asText().equals(container)) {
                    return status.path("state").has("running");
                }
            }
        }
        return false;
    }
}
