import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;

/**
 * An API server of a few objects in memory, as much of one as agents notice: GET, PUT that refuses an old resourceVersion, merge patches, and
 * watches of one object by its name. Nobody changes what agents watch while they are trained, so a watch has nothing to tell but how things are.
 */
final class TrainingApi {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, ObjectNode> objects = new TreeMap<>();
    private long version = 1;

    /** Listens until the program ends. */
    void start(InetSocketAddress address) throws IOException {
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    /** Of an object that is there. */
    synchronized JsonNode get(String path) {
        return objects.get(path).deepCopy();
    }

    synchronized JsonNode put(String path, ObjectNode object) {
        object.withObjectProperty("metadata")
                .put("name", Path.of(path).getFileName().toString())
                .put("namespace", "training")
                .put("resourceVersion", Long.toString(++version));
        objects.put(path, object);
        return object.deepCopy();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String query = exchange.getRequestURI().getQuery();
        if (query != null && query.contains("watch=1")) {
            watch(exchange, path + "/" + query.replaceAll(".*metadata\\.name=([^&]*).*", "$1"));
            return;
        }
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        synchronized (this) {
            ObjectNode present = objects.get(path);
            if (present == null) {
                reply(exchange, 404, failure("not found"));
                return;
            }
            switch (exchange.getRequestMethod()) {
                case "GET" -> reply(exchange, 200, present);
                case "PUT" -> {
                    ObjectNode next = (ObjectNode) JSON.readTree(body);
                    boolean newest = version(next).equals(version(present));
                    reply(exchange, newest ? 200 : 409, newest ? put(path, next) : failure("the object has been modified"));
                }
                case "PATCH" -> reply(exchange, 200, put(path, merged(present.deepCopy(), JSON.readTree(body))));
                default -> reply(exchange, 405, failure("not in a training"));
            }
        }
    }

    private void watch(HttpExchange exchange, String path) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(JSON.writeValueAsBytes(JSON.createObjectNode().put("type", "MODIFIED").set("object", get(path))));
            out.write('\n');
            out.flush();
            Thread.currentThread().join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String version(JsonNode object) {
        return object.path("metadata").path("resourceVersion").asText();
    }

    private static ObjectNode failure(String message) {
        return JSON.createObjectNode().put("message", message);
    }

    private static ObjectNode merged(ObjectNode into, JsonNode patch) {
        patch.properties().forEach(field -> {
            if (field.getValue().isObject()) {
                merged(into.withObjectProperty(field.getKey()), field.getValue());
            } else {
                into.set(field.getKey(), field.getValue());
            }
        });
        return into;
    }

    private static void reply(HttpExchange exchange, int status, JsonNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }
}
