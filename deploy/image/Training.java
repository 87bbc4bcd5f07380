import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Surroundings for the training run of the agent's AOT cache (see {@code train}): an API server of a few objects in memory, and a kubelet that
 * asks the probes. Runs the command that it is given, waits until PostgreSQL serves, lets it serve for a while, and ends it as a kubelet does.
 * Exit code 1 if it never served: a cache of half a run would cost every pod memory and time.
 *
 * <p>Usage: {@code Training ADDRESS SECONDS COMMAND…}: the address at which agent and API server listen, and how long it shall serve
 */
final class Training {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CORE = "/api/v1/namespaces/training/";
    private static final String LEASE = "/apis/coordination.k8s.io/v1/namespaces/training/leases/training";
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Map<String, ObjectNode> objects = new TreeMap<>();
    private final String address;
    private final Duration serving;
    private long version = 1;

    private Training(String address, Duration serving) {
        this.address = address;
        this.serving = serving;
    }

    public static void main(String[] arguments) throws Exception {
        Training training = new Training(arguments[0], Duration.ofSeconds(Long.parseLong(arguments[1])));
        training.put(CORE + "configmaps/training-settings", "{\"data\":{\"settings.json\":%s}}".formatted(JSON.writeValueAsString("""
                {"v":1,"clusterUid":"u","instances":2,"revision":"r","parameters":{"work_mem":"5MB"},"hba":["hostssl all all 10.0.0.0/8 scram-sha-256"],
                "bootstrap":{"action":"Initdb","ordinal":0},"applicationSecret":"training-app",
                "initdb":{"database":"app","owner":"app","encoding":"UTF8","locale":"C","dataChecksums":true,"postInitSQL":["SELECT 1"],"postInitSQLRefs":[]}}
                """)));
        training.put(CORE + "secrets/training-app", "{\"data\":{\"username\":\"YXBw\",\"password\":\"c2VjcmV0\"}}");
        training.put(CORE + "pods/training-0", "{}");
        training.put(LEASE, "{\"spec\":{}}");
        HttpServer server = HttpServer.create(new InetSocketAddress(training.address, 18080), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", training::answer);
        server.start();
        Process agent = new ProcessBuilder(List.of(arguments).subList(2, arguments.length)).inheritIO().start();
        try {
            System.exit(training.probe(agent) ? 0 : 1);
        } finally {
            agent.destroyForcibly();
        }
    }

    private synchronized ObjectNode put(String path, String text) throws IOException {
        ObjectNode object = (ObjectNode) JSON.readTree(text);
        object.withObjectProperty("metadata")
                .put("name", Path.of(path).getFileName().toString())
                .put("namespace", "training")
                .put("resourceVersion", Long.toString(++version));
        objects.put(path, object);
        return object;
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String query = exchange.getRequestURI().getQuery();
        if (query != null && query.contains("watch=1")) {
            watch(exchange, path, query);
            return;
        }
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        ObjectNode object;
        synchronized (this) {
            object = objects.get(path);
            if (object != null && exchange.getRequestMethod().equals("PUT")) {
                object = put(path, body);
            }
        }
        reply(exchange, object == null ? 404 : 200, object == null ? JSON.createObjectNode().put("message", "not found") : object);
    }

    private void watch(HttpExchange exchange, String collection, String query) throws IOException {
        String name = query.replaceAll(".*metadata\\.name=([^&]*).*", "$1");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            synchronized (this) {
                JsonNode object = objects.get(collection + "/" + name);
                if (object != null) {
                    out.write(JSON.writeValueAsBytes(JSON.createObjectNode().put("type", "MODIFIED").set("object", object)));
                    out.write('\n');
                    out.flush();
                }
            }
            Thread.sleep(PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void reply(HttpExchange exchange, int status, JsonNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    private boolean probe(Process agent) throws Exception {
        List<String> paths = new ArrayList<>(List.of("/startup", "/live", "/metrics", "/status", "/ready"));
        try (HttpClient client = HttpClient.newBuilder().sslContext(trusting()).build()) {
            long end = System.nanoTime() + PATIENCE.toNanos();
            long served = 0;
            while (agent.isAlive() && System.nanoTime() < end && (served == 0 || System.nanoTime() - served < serving.toNanos())) {
                Thread.sleep(500);
                for (String path : paths) {
                    int status = get(client, path);
                    if (path.equals("/ready") && status == 200 && served == 0) {
                        served = System.nanoTime();
                    }
                }
            }
            agent.destroy();
            agent.waitFor();
            return served != 0;
        }
    }

    private int get(HttpClient client, String path) throws InterruptedException {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create("https://%s:8443%s".formatted(address, path))).timeout(Duration.ofSeconds(2)).build();
            return client.send(request, BodyHandlers.discarding()).statusCode();
        } catch (IOException e) {
            return 0;
        }
    }

    /** The kubelet does not look at a probe's certificate either. */
    private static SSLContext trusting() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new X509ExtendedTrustManager[] {new Anyone()}, new SecureRandom());
        return context;
    }

    private static final class Anyone extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
