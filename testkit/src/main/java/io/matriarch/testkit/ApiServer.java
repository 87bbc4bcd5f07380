package io.matriarch.testkit;

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
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.matriarch.testkit.Faults.Failure;
import io.matriarch.testkit.Faults.Write;
import io.matriarch.testkit.Store.Key;
import io.matriarch.testkit.Store.Snapshot;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** The API server: plain HTTP on a loopback port of its own. It knows the built-in kinds of {@link Kind} the definitions in {@code crds/}, and those of snapshots. */
public final class ApiServer implements AutoCloseable {
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final List<Path> DEFINITIONS =
            List.of(Path.of("testkit/src/main/resources/kubernetes/crds"), Path.of("crds"));
    private static final Ask OURS = new Ask("testkit", "", true, false, false);

    private final Kinds kinds = new Kinds();
    private final Store store = new Store();
    private final Objects objects = new Objects(store, kinds);
    private final Subresources subresources = new Subresources(store, objects, kinds);
    private final Discovery discovery = new Discovery(kinds);
    private final Watches watches = new Watches(store);
    private final Faults faults = new Faults(watches);
    private final GarbageCollector garbage = new GarbageCollector(store, kinds, objects);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private HttpServer server;
    private final PodLogs logs = new PodLogs(store);

    public ApiServer() throws IOException {
        this(0);
    }

    /** @param port on loopback; 0 for any */
    public ApiServer(int port) throws IOException {
        Rules.warm();
        for (String namespace : List.of("default", "kube-system")) {
            create("Namespace", "{metadata: {name: %s}}".formatted(namespace));
        }
        create(
                "StorageClass",
                "{metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: 'true'}}, provisioner: testkit, allowVolumeExpansion: true, volumeBindingMode: Immediate}");
        for (Path folder : DEFINITIONS) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".yaml")).toList()) {
                    create("CustomResourceDefinition", Files.readString(file));
                }
            }
        }
        create(
                "VolumeSnapshotClass",
                "{metadata: {name: snapshots, annotations: {snapshot.storage.kubernetes.io/is-default-class: 'true'}}, driver: testkit, deletionPolicy: Delete}");
        server = listen(port);
        garbage.start();
    }

    private void create(String kind, String yaml) throws IOException {
        objects.create(kinds.named(kind), "", (ObjectNode) YAML.readTree(yaml), OURS);
    }

    private HttpServer listen(int port) throws IOException {
        HttpServer listening = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 256);
        listening.setExecutor(threads);
        listening.createContext("/", this::handle);
        listening.start();
        return listening;
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

    Objects objects() {
        return objects;
    }

    Kinds kinds() {
        return kinds;
    }

    /** Services made from now on get addresses that begin with these two numbers, such as {@code 127.64}. */
    public void serviceRange(String prefix) {
        objects.serviceRange(prefix);
    }

    /** Where {@code kubectl logs} finds what containers write. */
    public void logs(PodLogs.Source source) {
        logs.from(source);
    }

    /** No longer reachable, until {@link #resume}; nothing is lost. */
    public void halt() {
        watches.end();
        server.stop(0);
    }

    /** Reachable again at the same address. */
    public void resume() throws IOException {
        server = listen(server.getAddress().getPort());
    }

    /** A client as the operator has one. */
    public KubernetesClient client(String userAgent) {
        return client(userAgent, new KubernetesSerialization());
    }

    /** The same, which reads JSON in a way of its own. */
    public KubernetesClient client(String userAgent, KubernetesSerialization serialization) {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl(url())
                .withNamespace("default")
                .withTrustCerts(true)
                .withOnlyHttpWatches(true)
                .withUserAgent(userAgent)
                .withRequestRetryBackoffLimit(0)
                .build();
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withKubernetesSerialization(serialization)
                .build();
    }

    /** Writes a kubeconfig for {@code kubectl}. */
    public Path kubeconfig(Path file) throws IOException {
        return Files.writeString(file, """
                apiVersion: v1
                kind: Config
                current-context: testkit
                contexts: [{name: testkit, context: {cluster: testkit, user: testkit, namespace: default}}]
                clusters: [{name: testkit, cluster: {server: "%s"}}]
                users: [{name: testkit, user: {}}]
                """.formatted(url()));
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            try {
                if ("websocket".equalsIgnoreCase(exchange.getRequestHeaders().getFirst("Upgrade"))) {
                    // clients then watch by plain HTTP
                    throw new ApiError(503, "ServiceUnavailable", "this server has no WebSockets");
                }
                faults.delay();
                route(exchange);
            } catch (ApiError e) {
                send(exchange, e.code(), e.status());
            } catch (RuntimeException e) {
                send(exchange, 500, new ApiError(500, "InternalError", e.toString()).status());
            }
        }
    }

    private void route(HttpExchange exchange) throws IOException {
        List<String> path = Arrays.stream(exchange.getRequestURI().getPath().split("/"))
                .filter(part -> !part.isEmpty())
                .toList();
        boolean get = exchange.getRequestMethod().equals("GET");
        Optional<JsonNode> found = get ? discovery.answer(path) : Optional.empty();
        if (found.isPresent()) {
            send(exchange, 200, found.get());
            return;
        }
        Request request = Request.of(exchange, path, kinds);
        if (get && !request.flag("watch") && faults.readFails()) {
            throw new ApiError(500, "InternalError", "this read was made to fail");
        }
        switch (request.method()) {
            case "GET" -> read(request);
            case "POST" -> create(request);
            case "PUT" -> change(request, "update");
            case "PATCH" -> change(request, "patch");
            case "DELETE" -> delete(request);
            default -> throw new ApiError(405, "MethodNotAllowed", request.method());
        }
    }

    private interface Change {
        ObjectNode make();
    }

    private ObjectNode write(Write write, Change change) {
        Optional<ApiError> refusal = faults.refusal(write);
        if (refusal.isPresent()) {
            throw refusal.get();
        }
        Optional<Failure> failure = faults.arrives(write);
        if (failure.isPresent() && failure.get() == Failure.NotDone) {
            throw new ApiError(500, "InternalError", "this write was made to fail");
        }
        ObjectNode answer = change.make();
        if (failure.isPresent()) {
            throw new ApiError(504, "Timeout", "this write was carried out and its answer made to be lost");
        }
        return answer;
    }

    private void read(Request request) throws IOException {
        if (!request.name().isEmpty()) {
            if (request.subresource().equals("log")) {
                logs.serve(request);
                return;
            }
            ObjectNode object = request.subresource().equals("scale")
                    ? subresources.scale(request.kind(), request.key())
                    : store.get(request.key()).orElseThrow(() -> ApiError.notFound(request.kind(), request.name()));
            send(
                    request.exchange(),
                    200,
                    Tables.wanted(request) ? Tables.of(request.kind(), List.of(object), "") : object);
        } else if (request.flag("watch")) {
            watches.serve(request);
        } else {
            Snapshot snapshot = store.snapshot(request.kind().kind());
            List<ObjectNode> admitted =
                    snapshot.objects().stream().filter(request::admits).toList();
            String version = Long.toString(snapshot.version());
            send(
                    request.exchange(),
                    200,
                    Tables.wanted(request)
                            ? Tables.of(request.kind(), admitted, version)
                            : list(request.kind(), admitted, version));
        }
    }

    private static ObjectNode list(Kind kind, List<ObjectNode> objects, String version) {
        ObjectNode list = Store.JSON.createObjectNode();
        list.put("kind", kind.kind() + "List").put("apiVersion", kind.apiVersion());
        list.putObject("metadata").put("resourceVersion", version);
        ArrayNode items = list.putArray("items");
        objects.forEach(items::add);
        return list;
    }

    private void create(Request request) throws IOException {
        ObjectNode body = request.object(request.body());
        if (request.subresource().equals("eviction")) {
            send(
                    request.exchange(),
                    201,
                    write(
                            request.write("create", request.name()),
                            () -> subresources.evict(
                                    request.key(), body, request.query().containsKey("dryRun"))));
            return;
        }
        String name = body.path("metadata").path("name").asText("");
        send(
                request.exchange(),
                201,
                write(
                        request.write("create", name),
                        () -> objects.create(request.kind(), request.namespace(), body, request.ask(""))));
    }

    private void change(Request request, String verb) throws IOException {
        JsonNode body = request.body();
        boolean existed = store.get(request.key()).isPresent();
        ObjectNode answer = write(request.write(verb, request.name()), () -> {
            if (request.subresource().equals("scale")) {
                return subresources.scale(request.kind(), request.key(), body, request.ask("scale"));
            }
            return verb.equals("update") ? replace(request, request.object(body)) : patch(request, body);
        });
        send(request.exchange(), existed ? 200 : 201, answer);
    }

    private ObjectNode replace(Request request, ObjectNode body) {
        refuseOtherName(request, body);
        return objects.update(
                request.kind(),
                request.key(),
                body.path("metadata").path("resourceVersion").asText(""),
                live -> {
                    refuseOtherUid(body, live);
                    return body.deepCopy();
                },
                request.ask(request.subresource()));
    }

    private static void refuseOtherName(Request request, JsonNode body) {
        String name = body.path("metadata").path("name").asText("");
        if (!name.isEmpty() && !name.equals(request.name())) {
            throw new ApiError(
                    400,
                    "BadRequest",
                    "the name of the object (%s) does not match the name on the URL (%s)"
                            .formatted(name, request.name()));
        }
    }

    private static void refuseOtherUid(JsonNode body, JsonNode live) {
        JsonNode uid = body.path("metadata").path("uid");
        if (uid.isTextual() && !uid.equals(live.path("metadata").path("uid"))) {
            throw ApiError.conflict("Precondition failed: UID in precondition: %s, UID in object meta: %s"
                    .formatted(uid.asText(), live.path("metadata").path("uid").asText()));
        }
    }

    private ObjectNode patch(Request request, JsonNode body) {
        String type = request.header("Content-Type");
        Ask ask = request.ask(request.subresource());
        if (type.startsWith("application/apply-patch")) {
            if (request.option("fieldManager").isEmpty()) {
                throw new ApiError(422, "Invalid", "fieldManager: Required value: is required for apply patch");
            }
            refuseOtherName(request, body);
            return objects.apply(request.kind(), request.key(), request.object(body), ask);
        }
        String expected = body.path("metadata").path("resourceVersion").asText("");
        return objects.update(
                request.kind(),
                request.key(),
                expected,
                live -> {
                    refuseOtherUid(body, live);
                    JsonNode next = type.startsWith("application/json-patch")
                            ? Patches.json(live, body)
                            : type.startsWith("application/merge-patch")
                                    ? Patches.merge(live, body)
                                    : type.startsWith("application/strategic-merge-patch")
                                                    && !request.kind().custom()
                                            ? Patches.strategic(
                                                    live, body, request.kind().shape())
                                            : unsupported(type);
                    return (ObjectNode) next;
                },
                ask);
    }

    private static JsonNode unsupported(String type) {
        throw new ApiError(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml (was %s)"
                        .formatted(type));
    }

    private void delete(Request request) throws IOException {
        ObjectNode options = request.object(request.body());
        for (String option : List.of("propagationPolicy", "gracePeriodSeconds")) {
            if (!request.option(option).isEmpty()) {
                options.put(option, request.option(option));
            }
        }
        boolean dryRun =
                request.query().containsKey("dryRun") || options.path("dryRun").size() > 0;
        ObjectNode answer = write(request.write("delete", request.name()), () -> {
            if (!request.name().isEmpty()) {
                ObjectNode gone = objects.delete(request.kind(), request.key(), options, dryRun);
                return store.get(request.key()).isPresent()
                                || request.kind().kind().equals("Pod")
                        ? gone
                        : success();
            }
            Snapshot all = store.snapshot(request.kind().kind());
            List<ObjectNode> chosen =
                    all.objects().stream().filter(request::admits).toList();
            chosen.forEach(object -> objects.delete(request.kind(), Key.of(object), options, dryRun));
            return list(request.kind(), chosen, Long.toString(all.version()));
        });
        garbage.wake();
        send(request.exchange(), 200, answer);
    }

    static ObjectNode success() {
        return Store.JSON
                .createObjectNode()
                .put("kind", "Status")
                .put("apiVersion", "v1")
                .put("status", "Success");
    }

    private static void send(HttpExchange exchange, int code, JsonNode body) throws IOException {
        byte[] bytes = Store.JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        garbage.close();
        faults.freeze(false);
        watches.end();
        server.stop(0);
        threads.shutdownNow();
    }
}
