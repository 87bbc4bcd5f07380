import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Surroundings for the training run of the agent's AOT cache (see {@code train}): a cluster of two agents, of which the second one is recorded,
 * with an API server in memory and a kubelet that asks the probes. What an agent does in a failover it shall not do for the first time in a pod:
 *
 * <ol>
 *   <li>Member 0 makes the database system, member 1 clones it and acknowledges commits.
 *   <li>PostgreSQL of member 0 is killed: member 1 is elected and promoted, member 0 comes back as its replica.
 *   <li>PostgreSQL of member 1 is killed: member 1 gives the Lease back, member 0 is promoted, member 1 comes back as its replica.
 *   <li>Member 0 is ended as by a kubelet, and hands over to member 1; it is started again, and they serve for a while.
 *   <li>Member 1 is ended, and hands over to member 0.
 * </ol>
 *
 * <p>Exit code 1 if a step does not come about: a cache of half a run would cost every pod memory and time.
 *
 * <p>Usage: {@code Training FOLDER ADDRESS OTHER JAVA OPTION…}: a folder with one for each member, {@code 0} and {@code 1}, where
 * {@code agent.aot} is written; the members' addresses, the first one the API server's too; and the agent's command
 */
final class Training {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CORE = "/api/v1/namespaces/training/";
    private static final String LEASE = "/apis/coordination.k8s.io/v1/namespaces/training/leases/training";
    private static final String POD = CORE + "pods/training-";
    private static final int RECORDED = 1;
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration PAUSE = Duration.ofMillis(500);
    /** So many pauses long they serve in the end. */
    private static final int SERVING = 6;

    private final TrainingApi api = new TrainingApi();
    private final Path folder;
    private final List<String> addresses;
    private final List<String> command;
    private final Map<Integer, Process> agents = new TreeMap<>();

    private Training(Path folder, List<String> addresses, List<String> command) {
        this.folder = folder;
        this.addresses = addresses;
        this.command = command;
    }

    public static void main(String[] arguments) throws Exception {
        List<String> words = List.of(arguments);
        Training training = new Training(Path.of(words.get(0)), words.subList(1, 3), words.subList(3, words.size()));
        int code = 1;
        try (HttpClient kubelet = HttpClient.newBuilder().sslContext(trusting()).build()) {
            training.run(kubelet);
            code = 0;
        } catch (IOException | RuntimeException e) {
            System.err.println("training: " + e);
        } finally {
            training.agents.values().forEach(Process::destroyForcibly);
        }
        System.exit(code);
    }

    private void run(HttpClient kubelet) throws Exception {
        objects();
        api.start(new InetSocketAddress(addresses.getFirst(), 18080));
        start(0);
        start(1);
        awaitPrimary(kubelet, 0);
        killPostgres(0);
        awaitPrimary(kubelet, 1);
        killPostgres(1);
        awaitPrimary(kubelet, 0);
        end(0);
        start(0);
        awaitPrimary(kubelet, 1);
        for (int turn = 0; turn < SERVING; turn++) {
            probe(kubelet);
        }
        end(1);
        end(0);
    }

    /** What the operator and the kubelet would have written. */
    private void objects() throws IOException {
        String settings = """
                {"v":1,"clusterUid":"u","instances":2,"revision":"r","parameters":{"work_mem":"5MB"},"hba":["hostssl all all 10.0.0.0/8 scram-sha-256"],
                "bootstrap":{"action":"Initdb","ordinal":0},"applicationSecret":"training-app",
                "initdb":{"database":"app","owner":"app","encoding":"UTF8","locale":"C","dataChecksums":true,"postInitSQL":["SELECT 1"],"postInitSQLRefs":[]},
                "replication":{"mode":"Quorum","acknowledgements":1,"whenUnavailable":"Block"},"failover":{"profile":"Default","maxLag":16777216}}
                """;
        put(CORE + "configmaps/training-settings", "{\"data\":{\"settings.json\":%s}}".formatted(JSON.writeValueAsString(settings)));
        put(CORE + "secrets/training-app", "{\"kind\":\"Secret\",\"data\":{\"username\":\"YXBw\",\"password\":\"c2VjcmV0\"}}");
        put(LEASE, "{\"spec\":{}}");
        for (int member = 0; member < addresses.size(); member++) {
            put(POD + member, """
                    {"metadata":{"uid":"u%d"},"status":{"podIP":"%s",
                    "containerStatuses":[{"name":"postgres","containerID":"c%d","restartCount":0,"state":{"running":{}}}]}}
                    """.formatted(member, addresses.get(member), member));
        }
    }

    private void put(String path, String text) throws IOException {
        api.put(path, (ObjectNode) JSON.readTree(text));
    }

    private void start(int member) throws IOException {
        Path home = folder.resolve(Integer.toString(member));
        String address = addresses.get(member);
        List<String> words = new ArrayList<>(command);
        if (member == RECORDED) {
            words.add(1, "-XX:AOTCacheOutput=" + folder.resolve("agent.aot"));
        }
        Files.writeString(home.resolve("run/starts"), "1"); // as the fuse counts
        ProcessBuilder agent = new ProcessBuilder(words).inheritIO();
        agent.environment().putAll(Map.of(
                "MATRIARCH_POD", "training-" + member,
                "MATRIARCH_POD_UID", "u" + member,
                "MATRIARCH_POD_IP", address,
                "MATRIARCH_LISTEN", address,
                "MATRIARCH_DATA", home.resolve("data").toString(),
                "MATRIARCH_RUN", home.resolve("run").toString(),
                "MATRIARCH_SOCKET", home.resolve("socket").toString()));
        agents.put(member, agent.start());
    }

    private void end(int member) throws InterruptedException {
        Process agent = agents.get(member);
        agent.destroy();
        if (!agent.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("the agent of member %d does not end".formatted(member));
        }
        int code = agent.exitValue();
        if (code != 0) {
            throw new IllegalStateException("the agent of member %d ended with %d".formatted(member, code));
        }
    }

    private void killPostgres(int member) throws IOException {
        Path file = folder.resolve("%d/data/pgdata/postmaster.pid".formatted(member));
        long pid = Long.parseLong(Files.readAllLines(file).getFirst());
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }

    /** Until it serves, and the other member follows and acknowledges its commits. */
    private void awaitPrimary(HttpClient kubelet, int primary) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        boolean ready = false;
        while (!ready || !leads(primary)) {
            if (System.nanoTime() > end || !agents.values().stream().allMatch(Process::isAlive)) {
                throw new IllegalStateException("member %d did not become primary with a replica; Lease: %s; pods: %s, %s"
                        .formatted(primary, api.get(LEASE), api.get(POD + 0), api.get(POD + 1)));
            }
            ready = probe(kubelet);
        }
    }

    private boolean leads(int primary) throws IOException {
        JsonNode leading = report(primary);
        JsonNode following = report(1 - primary);
        return leading.path("role").asText().equals("Primary")
                && leading.path("synchronous").path("state").asText().equals("Quorum")
                && following.path("state").asText().equals("Streaming");
    }

    private JsonNode report(int member) throws IOException {
        String text = api.get(POD + member).path("metadata").path("annotations").path("matriarch.io/report").asText();
        return text.isEmpty() ? JSON.createObjectNode() : JSON.readTree(text);
    }

    /** Asks both for all that they answer to those who show no certificate; returns whether both are ready. */
    private boolean probe(HttpClient kubelet) throws InterruptedException {
        Thread.sleep(PAUSE);
        boolean ready = true;
        for (String address : addresses) {
            for (String path : List.of("/startup", "/live", "/metrics", "/status")) {
                get(kubelet, address, path);
            }
            ready &= get(kubelet, address, "/ready") == 200;
        }
        return ready;
    }

    private static int get(HttpClient kubelet, String address, String path) throws InterruptedException {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create("https://%s:8443%s".formatted(address, path))).timeout(Duration.ofSeconds(2)).build();
            return kubelet.send(request, BodyHandlers.discarding()).statusCode();
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
