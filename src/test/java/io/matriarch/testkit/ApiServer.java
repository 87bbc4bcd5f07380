package io.matriarch.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.matriarch.testkit.Faults.Write;
import io.matriarch.testkit.Store.Event;
import io.matriarch.testkit.Store.Key;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The API server: plain HTTP on a loopback port of its own. */
public final class ApiServer implements AutoCloseable {
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final int WATCH_SECONDS = 600;

    private final Store store = new Store();
    private final Faults faults = new Faults();
    private final Defaults defaults = new Defaults();
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final GarbageCollector garbage = new GarbageCollector(store);
    private volatile boolean closed;

    public ApiServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 256);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
        garbage.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    public Faults faults() {
        return faults;
    }

    Store store() {
        return store;
    }

    /** A client as the operator has one. */
    public KubernetesClient client(String userAgent) {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl(url())
                .withNamespace("default")
                .withTrustCerts(true)
                .withOnlyHttpWatches(true)
                .withUserAgent(userAgent)
                .withRequestRetryBackoffLimit(0)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    private record Request(
            String method,
            Kind kind,
            String namespace,
            String name,
            String subresource,
            Map<String, String> query,
            String client) {
        Key key() {
            return new Key(kind.kind(), namespace, name);
        }

        Write write(String verb) {
            return new Write(verb, kind.kind(), namespace, name, subresource, client);
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            try {
                route(exchange);
            } catch (ApiError e) {
                send(exchange, e.code(), e.status());
            } catch (RuntimeException e) {
                send(exchange, 500, new ApiError(500, "InternalError", e.toString()).status());
            }
        }
    }

    private void route(HttpExchange exchange) throws IOException {
        Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
        List<String> path = Arrays.stream(exchange.getRequestURI().getPath().split("/"))
                .filter(part -> !part.isEmpty())
                .toList();
        Optional<ObjectNode> discovery =
                exchange.getRequestMethod().equals("GET") ? Discovery.answer(path) : Optional.empty();
        if (discovery.isPresent()) {
            send(exchange, 200, discovery.get());
            return;
        }
        Request request = request(exchange, path, query);
        switch (request.method()) {
            case "GET" -> read(exchange, request);
            case "POST" -> send(exchange, 201, write(request, "create", () -> create(request, body(exchange))));
            case "PUT" -> send(exchange, 200, write(request, "update", () -> replace(request, body(exchange))));
            case "PATCH" ->
                send(exchange, 200, write(request, "patch", () -> patch(exchange, request, body(exchange))));
            case "DELETE" -> send(exchange, 200, write(request, "delete", () -> delete(request, body(exchange))));
            default -> throw new ApiError(405, "MethodNotAllowed", request.method());
        }
    }

    private static Request request(HttpExchange exchange, List<String> path, Map<String, String> query) {
        int at = path.isEmpty() ? 0 : path.getFirst().equals("api") ? 2 : 3;
        if (path.size() <= at) {
            throw ApiError.notFound(String.join("/", path));
        }
        String group = at == 2 ? "" : path.get(1);
        String version = path.get(at - 1);
        String namespace = "";
        // /namespaces/N itself is an object; /namespaces/N/pods are objects in it
        if (path.get(at).equals("namespaces") && path.size() > at + 2) {
            namespace = path.get(at + 1);
            at += 2;
        }
        String plural = path.get(at);
        Kind kind = Kind.find(group, version, plural).orElseThrow(() -> ApiError.notFound(String.join("/", path)));
        String name = path.size() > at + 1 ? path.get(at + 1) : "";
        String subresource = path.size() > at + 2 ? path.get(at + 2) : "";
        String client = Optional.ofNullable(exchange.getRequestHeaders().getFirst("User-Agent"))
                .orElse("");
        return new Request(exchange.getRequestMethod(), kind, namespace, name, subresource, query, client);
    }

    private interface Change {
        ObjectNode make() throws IOException;
    }

    private ObjectNode write(Request request, String verb, Change change) throws IOException {
        Write write = request.write(verb);
        Optional<String> refusal = faults.refusal(write);
        if (refusal.isPresent()) {
            throw new ApiError(403, "Forbidden", refusal.get());
        }
        Optional<Boolean> failure = faults.arrives(write);
        if (failure.isPresent() && !failure.get()) {
            throw new ApiError(500, "InternalError", "this write was made to fail");
        }
        ObjectNode answer = change.make();
        if (failure.isPresent()) {
            throw new ApiError(504, "Timeout", "this write was carried out and its answer made to be lost");
        }
        return answer;
    }

    private void read(HttpExchange exchange, Request request) throws IOException {
        if (!request.name().isEmpty()) {
            send(
                    exchange,
                    200,
                    store.get(request.key())
                            .orElseThrow(() -> ApiError.notFound(
                                    "%s \"%s\"".formatted(request.kind().plural(), request.name()))));
        } else if ("true".equals(request.query().get("watch"))
                || "1".equals(request.query().get("watch"))) {
            watch(exchange, request);
        } else {
            long version = store.version();
            ObjectNode list = Store.JSON.createObjectNode();
            list.put("kind", request.kind().kind() + "List")
                    .put("apiVersion", request.kind().apiVersion());
            list.putObject("metadata").put("resourceVersion", Long.toString(version));
            ArrayNode items = list.putArray("items");
            store.list(request.kind().kind()).stream()
                    .filter(object -> admits(request, object))
                    .forEach(items::add);
            send(exchange, 200, list);
        }
    }

    private static boolean admits(Request request, JsonNode object) {
        boolean here = request.namespace().isEmpty()
                || object.path("metadata").path("namespace").asText().equals(request.namespace());
        boolean group = object.path("apiVersion").asText().equals(request.kind().apiVersion());
        return here
                && group
                && new Selector(
                                request.query().getOrDefault("labelSelector", ""),
                                request.query().getOrDefault("fieldSelector", ""))
                        .admits(object);
    }

    private void watch(HttpExchange exchange, Request request) throws IOException {
        String from = request.query().getOrDefault("resourceVersion", "");
        long after = from.isEmpty() || from.equals("0") ? 0 : Long.parseLong(from);
        long end = System.nanoTime()
                + Long.parseLong(request.query().getOrDefault("timeoutSeconds", Integer.toString(WATCH_SECONDS)))
                        * 1_000_000_000L;
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            out.flush();
            while (!closed && System.nanoTime() < end) {
                List<Event> events = store.eventsAfter(after, 500);
                for (Event event : events) {
                    after = event.version();
                    if (event.key().kind().equals(request.kind().kind()) && admits(request, event.object())) {
                        ObjectNode line = Store.JSON.createObjectNode();
                        line.put("type", event.type()).set("object", event.object());
                        out.write(Store.JSON.writeValueAsBytes(line));
                        out.write('\n');
                    }
                }
                if (!events.isEmpty()) {
                    out.flush();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private ObjectNode create(Request request, ObjectNode object) {
        String name = object.path("metadata").path("name").asText();
        if (name.isEmpty()) {
            name = object.path("metadata").path("generateName").asText() + Long.toString(System.nanoTime(), 36);
        }
        Key key = new Key(request.kind().kind(), request.namespace(), name);
        defaults.fill(request.kind().kind(), object);
        return request.query().containsKey("dryRun") ? object : store.create(key, typed(request, object));
    }

    private static ObjectNode typed(Request request, ObjectNode object) {
        object.put("apiVersion", request.kind().apiVersion());
        object.put("kind", request.kind().kind());
        return object;
    }

    private ObjectNode replace(Request request, ObjectNode object) {
        return store.update(
                request.key(), object.path("metadata").path("resourceVersion").asText(), live -> {
                    ObjectNode next = typed(request, object.deepCopy());
                    return parts(request, live, next);
                });
    }

    /** The main resource does not change status, the status resource nothing else. */
    private static ObjectNode parts(Request request, ObjectNode live, ObjectNode next) {
        if (!request.kind().status()) {
            return next;
        }
        boolean status = request.subresource().equals("status");
        ObjectNode base = status ? live.deepCopy() : next;
        JsonNode kept = status ? next.get("status") : live.get("status");
        if (kept == null) {
            base.remove("status");
        } else {
            base.set("status", kept);
        }
        if (status && next.path("metadata").has("managedFields")) {
            base.withObjectProperty("metadata")
                    .set("managedFields", next.path("metadata").get("managedFields"));
        }
        return base;
    }

    private ObjectNode patch(HttpExchange exchange, Request request, ObjectNode patch) {
        String type = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Content-Type"))
                .orElse("");
        if (type.startsWith("application/apply-patch")) {
            boolean status = request.subresource().equals("status");
            ObjectNode wanted = typed(request, patch);
            if (status) {
                wanted.remove("spec");
            } else {
                wanted.remove("status");
                defaults.fill(request.kind().kind(), wanted);
            }
            return store.apply(
                    request.key(), request.query().getOrDefault("fieldManager", "unknown"), status, wanted, !status);
        }
        if (!type.startsWith("application/merge-patch") && !type.startsWith("application/strategic-merge-patch")) {
            throw new ApiError(415, "UnsupportedMediaType", type);
        }
        JsonNode uid = patch.path("metadata").path("uid");
        return store.update(
                request.key(), patch.path("metadata").path("resourceVersion").asText(), live -> {
                    if (!uid.isMissingNode()
                            && !uid.equals(live.path("metadata").path("uid"))) {
                        throw ApiError.conflict("uid differs");
                    }
                    ObjectNode changes = patch.deepCopy();
                    changes.withObjectProperty("metadata").remove("resourceVersion");
                    return parts(request, live, (ObjectNode) Merge.patch(live, changes));
                });
    }

    private ObjectNode delete(Request request, ObjectNode options) {
        if (request.name().isEmpty()) {
            throw new ApiError(405, "MethodNotAllowed", "deletecollection");
        }
        ObjectNode live = store.get(request.key())
                .orElseThrow(() ->
                        ApiError.notFound("%s \"%s\"".formatted(request.kind().plural(), request.name())));
        for (String field : List.of("uid", "resourceVersion")) {
            JsonNode wanted = options.path("preconditions").path(field);
            if (wanted.isTextual() && !wanted.equals(live.path("metadata").path(field))) {
                throw ApiError.conflict("Precondition failed: %s in precondition: %s, %s in object meta: %s"
                        .formatted(
                                field,
                                wanted.asText(),
                                field,
                                live.path("metadata").path(field).asText()));
            }
        }
        boolean graceful = request.kind().kind().equals("Pod")
                && options.path("gracePeriodSeconds").asInt(30) > 0;
        if ("Orphan".equals(options.path("propagationPolicy").asText())) {
            garbage.orphan(live);
        }
        ObjectNode answer = store.delete(request.key(), graceful);
        garbage.wake();
        return answer;
    }

    private static ObjectNode body(HttpExchange exchange) throws IOException {
        byte[] bytes = exchange.getRequestBody().readAllBytes();
        if (bytes.length == 0) {
            return Store.JSON.createObjectNode();
        }
        try {
            return (ObjectNode) Store.JSON.readTree(bytes);
        } catch (JsonProcessingException notJson) {
            return (ObjectNode) YAML.readTree(bytes);
        }
    }

    private static Map<String, String> query(@org.jspecify.annotations.Nullable String raw) {
        Map<String, String> query = new HashMap<>();
        if (raw != null) {
            for (String part : raw.split("&")) {
                int equals = part.indexOf('=');
                String key = equals < 0 ? part : part.substring(0, equals);
                String value = equals < 0 ? "" : part.substring(equals + 1);
                query.put(
                        URLDecoder.decode(key, StandardCharsets.UTF_8),
                        URLDecoder.decode(value, StandardCharsets.UTF_8));
            }
        }
        return query;
    }

    private static void send(HttpExchange exchange, int code, JsonNode body) throws IOException {
        byte[] bytes = Store.JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        closed = true;
        garbage.close();
        server.stop(0);
        threads.shutdownNow();
    }
}
