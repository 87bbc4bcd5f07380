package io.matriarch.testkit.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Faults that are made are there, and are gone when they are taken back. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("cluster")
class OutagesTest {
    private static final Timing TIMING =
            new Timing(Duration.ofMillis(300), Duration.ofSeconds(1), Duration.ofMinutes(1), Duration.ofMillis(500));

    private ProcessCluster cluster;
    private KubernetesClient user;

    OutagesTest() throws IOException {
        cluster = new ProcessCluster(2, TIMING);
        user = cluster.api().client("user");
    }

    @BeforeAll
    void images() {
        cluster.images().add("shell", Image.ofThisMachine());
    }

    @AfterAll
    void close() throws IOException {
        user.close();
        cluster.close();
    }

    private String create(String name, String script) {
        user.resource(Serialization.unmarshal("""
                        metadata: {name: %s}
                        spec:
                          terminationGracePeriodSeconds: 1
                          containers:
                          - name: main
                            image: shell
                            command: [bash, -c]
                            args:
                            - |
                              %s
                        """.formatted(name, script), Pod.class))
                .inNamespace("default")
                .create();
        eventually(() -> assertThat(ready(name)).isTrue());
        return pod(name).getStatus().getPodIP();
    }

    private Pod pod(String name) {
        return Objects.requireNonNull(
                user.pods().inNamespace("default").withName(name).get());
    }

    private boolean ready(String name) {
        return pod(name).getStatus().getConditions().stream()
                .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
    }

    private String log(String pod) throws IOException {
        return cluster.log("default", pod, "main", false);
    }

    private static void eventually(ThrowingRunnable assertion) {
        await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(50))
                .ignoreExceptions()
                .untilAsserted(assertion);
    }

    @Test
    void aFrozenContainerDoesNothingUntilItIsThawed() throws IOException {
        create("frozen", "while :; do echo tick; sleep 0.05; done");
        cluster.outages().freeze("default", "frozen", "main");
        String before = log("frozen");
        await().pollDelay(Duration.ofMillis(300))
                .untilAsserted(() -> assertThat(log("frozen")).isEqualTo(before));
        cluster.outages().thaw("default", "frozen", "main");
        eventually(() -> assertThat(log("frozen")).hasSizeGreaterThan(before.length()));
    }

    @Test
    void oneProcessIsKilledAndTheOthersAreNot() throws IOException {
        create("two", "sleep 6001 & sleep 6002 & wait -n; echo one ended; wait");
        assertThatThrownBy(
                        () -> cluster.outages().kill("default", "two", "main", line -> line.startsWith("sleep 6003")))
                .hasMessageContaining("no such process");
        cluster.outages().kill("default", "two", "main", line -> line.startsWith("sleep 6001"));
        eventually(() -> assertThat(log("two")).endsWith("one ended\n"));
        assertThat(cluster.process("default", "two", "main")
                        .orElseThrow()
                        .processes(line -> line.startsWith("sleep 6002")))
                .hasSize(1);
    }

    @Test
    void aNodeWithoutPowerRunsNothingAndThenItsPodsAnew() {
        create("powered", "echo up; sleep 6000");
        String node = pod("powered").getSpec().getNodeName();
        ContainerProcess process = cluster.process("default", "powered", "main").orElseThrow();
        cluster.outages().stopNode(node);
        assertThat(process.processes()).isEmpty();
        eventually(() -> {
            assertThat(Scheduler.ready(user.nodes().withName(node).get())).isFalse();
            assertThat(ready("powered")).isFalse();
        });
        cluster.outages().startNode(node);
        eventually(() -> {
            assertThat(Scheduler.ready(user.nodes().withName(node).get())).isTrue();
            assertThat(ready("powered")).isTrue();
            assertThat(pod("powered")
                            .getStatus()
                            .getContainerStatuses()
                            .getFirst()
                            .getRestartCount())
                    .isEqualTo(1);
        });
    }

    @Test
    void aPodIsCutFromTheApiServerAloneAndComesBack() throws IOException {
        String ask =
                "talk() { exec 3<>/dev/tcp/127.0.0.1/${MATRIARCH_API_SERVER##*:}; printf 'GET /version HTTP/1.0\\r\\n\\r\\n' >&3; read -r -t 1 <&3; }; "
                        + "while :; do (talk) && echo yes || echo no; sleep 0.1; done";
        create("talker", ask);
        eventually(() -> assertThat(log("talker")).endsWith("yes\n"));
        cluster.outages().cutFromApi("default", "talker", true);
        eventually(() -> assertThat(log("talker")).endsWith("no\n"));
        cluster.outages().cutFromApi("default", "talker", false);
        eventually(() -> assertThat(log("talker")).endsWith("yes\n"));
    }

    @Test
    @EnabledIfSystemProperty(named = "user.name", matches = "root", disabledReason = "cutting pods apart takes root")
    void podsAreCutApartAndTheRestIsNot() throws IOException {
        String address = create("server", "sleep 6000");
        Optional<InetSocketAddress> greeter = Optional.of(new InetSocketAddress("127.0.0.1", greeter()));
        try (Relay server = new Relay(InetAddress.getByName(address), 5000, () -> greeter)) {
            String ask =
                    "while :; do timeout 1 bash -c 'read -r </dev/tcp/%s/%d && echo hello' || echo cut; sleep 0.1; done"
                            .formatted(address, server.port());
            create("near", ask);
            create("far", ask);
            eventually(() -> assertThat(log("far")).endsWith("hello\n"));
            cluster.outages().cut("default", "far", "server");
            eventually(() -> assertThat(log("far")).endsWith("cut\ncut\n"));
            assertThat(log("near")).endsWith("hello\n");
            cluster.outages().heal();
            eventually(() -> assertThat(log("far")).endsWith("hello\n"));
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "user.name", matches = "root", disabledReason = "cutting pods apart takes root")
    void whatOnePodSendsIsLostWhileItHearsTheOther() throws IOException {
        String address = create("speaker", "sleep 6000");
        Optional<InetSocketAddress> ticker = Optional.of(new InetSocketAddress("127.0.0.1", ticker()));
        try (Relay server = new Relay(InetAddress.getByName(address), 5001, () -> ticker)) {
            create(
                    "listener",
                    "exec 3<>/dev/tcp/%s/%d; while read -r line <&3; do echo $line; done; sleep 6000"
                            .formatted(address, server.port()));
            eventually(() -> assertThat(log("listener")).isNotEmpty());
            cluster.outages().cutOneWay("default", "listener", "speaker");
            // TCP goes on sending for a while although nothing that arrives is acknowledged.
            int before = log("listener").length();
            eventually(() -> assertThat(log("listener").length()).isGreaterThan(before + 8));
            create(
                    "late",
                    "timeout 1 bash -c 'read -r </dev/tcp/%s/%d && echo heard'; sleep 6000"
                            .formatted(address, server.port()));
            eventually(() -> assertThat(log("late")).isEqualTo("heard\n"));
            cluster.outages().heal();
            cluster.outages().cut("default", "listener", "speaker");
            int cut = log("listener").length();
            await().pollDelay(Duration.ofSeconds(1))
                    .untilAsserted(() -> assertThat(log("listener").length()).isLessThan(cut + 8));
            cluster.outages().heal();
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "user.name", matches = "root", disabledReason = "only root may change addresses")
    void aPodsConnectionsComeFromItsOwnAddress() throws IOException {
        String address = create("asked", "sleep 6000");
        try (ServerSocket server = new ServerSocket(5002, 50, InetAddress.getByName(address))) {
            String asking = create("asking", "exec 3<>/dev/tcp/%s/5002; sleep 6000".formatted(address));
            try (Socket connection = server.accept()) {
                assertThat(connection.getInetAddress().getHostAddress()).isEqualTo(asking);
            }
        }
    }

    @Test
    void aFrozenNodeStandsStillAndIsMissedUntilItIsThawed() throws IOException {
        create("still", "while :; do echo tick; sleep 0.05; done");
        String node = pod("still").getSpec().getNodeName();
        assertThat(cluster.outages().nodeOf("default", "still")).isEqualTo(node);
        cluster.outages().freezeNode(node);
        String before = log("still");
        eventually(() -> assertThat(ready("still")).isFalse());
        assertThat(log("still")).isEqualTo(before);
        cluster.outages().thawNode(node);
        eventually(() -> assertThat(ready("still")).isTrue());
        eventually(() -> assertThat(log("still")).hasSizeGreaterThan(before.length()));
        assertThat(pod("still").getStatus().getContainerStatuses().getFirst().getRestartCount())
                .isZero();
    }

    @Test
    @EnabledIfSystemProperty(named = "user.name", matches = "root", disabledReason = "only root's volumes have a limit")
    void aFullVolumeTakesNothingUntilItIsEmptied() throws IOException {
        user.resource(Serialization.unmarshal("""
                        metadata: {name: small}
                        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
                        """, PersistentVolumeClaim.class))
                .inNamespace("default")
                .create();
        user.resource(Serialization.unmarshal("""
                        metadata: {name: writer}
                        spec:
                          terminationGracePeriodSeconds: 1
                          volumes: [{name: data, persistentVolumeClaim: {claimName: small}}]
                          containers:
                          - name: main
                            image: shell
                            volumeMounts: [{name: data, mountPath: /data}]
                            env: [{name: FOLDER, value: /data}]
                            command: [bash, -c]
                            args: ["while :; do n=$((n + 1)); echo room >$FOLDER/$n && cat $FOLDER/$n || echo full; sleep 0.1; done"]
                        """, Pod.class))
                .inNamespace("default")
                .create();
        eventually(() -> assertThat(log("writer")).endsWith("room\n"));
        cluster.outages().fillVolume("default", "small");
        eventually(() -> assertThat(log("writer")).endsWith("full\n"));
        cluster.outages().emptyVolume("default", "small");
        eventually(() -> assertThat(log("writer")).endsWith("room\n"));
    }

    /** A port that says tick again and again. */
    private static int ticker() throws IOException {
        ServerSocket socket = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        Thread.ofVirtual().start(() -> {
            while (true) {
                try {
                    Socket client = socket.accept();
                    Thread.ofVirtual().start(() -> tick(client));
                } catch (IOException e) {
                    return;
                }
            }
        });
        return socket.getLocalPort();
    }

    private static void tick(Socket client) {
        try (client) {
            while (true) {
                client.getOutputStream().write("tick\n".getBytes(StandardCharsets.US_ASCII));
                Thread.sleep(50);
            }
        } catch (IOException | InterruptedException e) {
            // the client is gone
        }
    }

    /** A port that says hello to whoever connects. */
    private static int greeter() throws IOException {
        ServerSocket socket = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        Thread.ofVirtual().start(() -> {
            while (true) {
                try (Socket client = socket.accept()) {
                    client.getOutputStream().write("hello\n".getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                    return;
                }
            }
        });
        return socket.getLocalPort();
    }

    @Test
    @DisabledIfSystemProperty(named = "user.name", matches = "root")
    void withoutRootCuttingPodsApartSaysThatItTakesRoot() {
        create("one", "sleep 6000");
        create("other", "sleep 6000");
        assertThatThrownBy(() -> cluster.outages().cut("default", "one", "other"))
                .hasMessageContaining("takes root");
        assertThat(List.of(ready("one"), ready("other"))).containsOnly(true);
    }
}
