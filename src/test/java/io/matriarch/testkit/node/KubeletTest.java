package io.matriarch.testkit.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.LogWatch;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a kubelet does with a pod, seen as kubectl sees it. The image "shell" is this machine's programs. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("cluster")
class KubeletTest {
    private static final Timing TIMING =
            new Timing(Duration.ofMillis(700), Duration.ofSeconds(2), Duration.ofMinutes(1), Duration.ofSeconds(1));

    private ProcessCluster cluster;
    private KubernetesClient user;

    KubeletTest() throws IOException {
        cluster = new ProcessCluster(1, TIMING);
        user = cluster.api().client("user");
    }

    @BeforeAll
    void images() {
        cluster.images().add("shell", Image.ofThisMachine());
    }

    @AfterAll
    void nothingIsLeft() throws IOException {
        Path folder = cluster.folder();
        user.close();
        cluster.close();
        assertThat(folder).doesNotExist();
        assertThat(Processes.of("", List.of(folder))).isEmpty();
    }

    private void create(String yaml) {
        user.resource(Serialization.unmarshal(yaml, Pod.class))
                .inNamespace("default")
                .create();
    }

    private PodStatus status(String pod) {
        return Optional.ofNullable(
                        user.pods().inNamespace("default").withName(pod).get())
                .map(Pod::getStatus)
                .orElseThrow();
    }

    private ContainerStatus container(String pod) {
        return status(pod).getContainerStatuses().getFirst();
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

    private boolean condition(String pod, String type) {
        return status(pod).getConditions().stream()
                .anyMatch(c -> c.getType().equals(type) && c.getStatus().equals("True"));
    }

    @Test
    void initContainersRunBeforeContainersWhichKnowTheirPod() {
        create("""
                metadata: {name: env, labels: {app: shop}}
                spec:
                  initContainers:
                  - {name: one, image: shell, command: [sh, -c, "echo one >>/work/steps"], volumeMounts: [{name: work, mountPath: /work}]}
                  - {name: two, image: shell, command: [sh, -c, "echo two >>/work/steps"], volumeMounts: [{name: work, mountPath: /work}]}
                  containers:
                  - name: main
                    image: shell
                    command: [sh, -c]
                    args: ["cat $WORK/steps; echo $POD at $ADDRESS, $LABEL, $CPU, $(TWICE) '$$(KEPT)'; sleep 600"]
                    resources: {limits: {cpu: 1500m}}
                    env:
                    - {name: WORK, value: /work}
                    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                    - {name: ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                    - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
                    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
                    - {name: TWICE, value: "$(LABEL)-$(LABEL)"}
                    volumeMounts: [{name: work, mountPath: /work}]
                  volumes: [{name: work, emptyDir: {}}]
                """);
        eventually(() -> {
            assertThat(condition("env", "Ready")).isTrue();
            assertThat(log("env"))
                    .contains("one\ntwo\nenv at " + status("env").getPodIP() + ", shop, 1500, shop-shop $(KEPT)");
        });
        assertThat(status("env").getPodIP()).startsWith("127.");
        assertThat(status("env").getPhase()).isEqualTo("Running");
        assertThat(container("env").getState().getRunning()).isNotNull();
    }

    @Test
    void mountedFilesFollowTheirSourcesAllAtOnce() throws IOException {
        user.resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("settings")
                        .withNamespace("default")
                        .endMetadata()
                        .withData(Map.of("a", "1", "gone", "x"))
                        .build())
                .create();
        create("""
                metadata: {name: files}
                spec:
                  containers:
                  - name: main
                    image: shell
                    command: [sleep, "600"]
                    volumeMounts: [{name: settings, mountPath: /etc/settings}]
                  volumes: [{name: settings, configMap: {name: settings, defaultMode: 0440}}]
                """);
        eventually(() -> assertThat(condition("files", "Ready")).isTrue());
        Path mounted;
        try (var tree = Files.walk(cluster.folder().resolve("pods"))) {
            mounted = tree.filter(p -> p.endsWith("main/etc/settings"))
                    .findFirst()
                    .orElseThrow();
        }
        assertThat(mounted.resolve("a")).hasContent("1");
        assertThat(Files.getPosixFilePermissions(mounted.resolve("a"))).hasSize(2);
        user.configMaps()
                .inNamespace("default")
                .withName("settings")
                .edit(map -> new ConfigMapBuilder(map)
                        .withData(Map.of("a", "2", "b", "3"))
                        .build());
        eventually(() -> {
            assertThat(mounted.resolve("a")).hasContent("2");
            assertThat(mounted.resolve("b")).hasContent("3");
            assertThat(mounted.resolve("gone")).doesNotExist();
        });
        assertThat(Files.readSymbolicLink(mounted.resolve("a"))).hasToString("..data/a");
    }

    @Test
    void logsAreShownWholeInPartAndAsTheyCome() throws Exception {
        create("""
                metadata: {name: tells}
                spec:
                  containers:
                  - {name: main, image: shell, command: [sh, -c, "echo one; echo two; sleep 4; echo three"]}
                  - {name: side, image: shell, command: [sh, -c, "echo beside; sleep 600"]}
                  restartPolicy: Never
                """);
        var pod = user.pods().inNamespace("default").withName("tells");
        eventually(() -> assertThat(pod.inContainer("main").getLog()).isEqualTo("one\ntwo\n"));
        eventually(() -> assertThat(pod.inContainer("side").getLog()).isEqualTo("beside\n"));
        assertThat(pod.inContainer("main").tailingLines(1).getLog()).isEqualTo("two\n");
        assertThatThrownBy(pod::getLog).hasMessageContaining("choose one of: [main, side]");
        assertThatThrownBy(() -> pod.inContainer("none").getLog()).hasMessageContaining("not valid");
        assertThatThrownBy(() -> pod.inContainer("side").terminated().getLog()).hasMessageContaining("previous");
        ByteArrayOutputStream followed = new ByteArrayOutputStream();
        try (LogWatch watch = pod.inContainer("main").watchLog(followed)) {
            eventually(
                    () -> assertThat(followed.toString(StandardCharsets.UTF_8)).isEqualTo("one\ntwo\n"));
            eventually(
                    () -> assertThat(followed.toString(StandardCharsets.UTF_8)).isEqualTo("one\ntwo\nthree\n"));
        }
    }

    @Test
    void whatEndsIsStartedAgainEverMoreSlowly() {
        create("""
                metadata: {name: ends}
                spec:
                  containers: [{name: main, image: shell, command: [sh, -c, "echo run; exit 3"]}]
                """);
        eventually(() -> {
            ContainerStatus status = container("ends");
            assertThat(status.getRestartCount()).isGreaterThanOrEqualTo(2);
            assertThat(status.getState().getWaiting().getReason()).isEqualTo("CrashLoopBackOff");
            assertThat(status.getLastState().getTerminated().getExitCode()).isEqualTo(3);
            assertThat(cluster.log("default", "ends", "main", true)).isEqualTo("run\n");
        });
        assertThat(user.v1().events().inNamespace("default").list().getItems())
                .anyMatch(event -> event.getReason().equals("BackOff")
                        && event.getInvolvedObject().getName().equals("ends"));
    }

    @Test
    void probesDecideReadinessAndRestarts() throws Exception {
        create("""
                metadata: {name: probed}
                spec:
                  containers:
                  - name: main
                    image: shell
                    command: [sh, -c, "touch /state/live; sleep 600"]
                    startupProbe: {exec: {command: [test, -e, /state/live]}, periodSeconds: 1}
                    readinessProbe: {exec: {command: [test, -e, /state/ready]}, periodSeconds: 1, failureThreshold: 1}
                    livenessProbe: {exec: {command: [test, -e, /state/live]}, periodSeconds: 1, failureThreshold: 1, terminationGracePeriodSeconds: 1}
                    volumeMounts: [{name: state, mountPath: /state}]
                  volumes: [{name: state, emptyDir: {medium: Memory}}]
                """);
        eventually(() -> assertThat(container("probed").getStarted()).isTrue());
        assertThat(condition("probed", "Ready")).isFalse();
        Path state;
        try (var tree = Files.walk(cluster.folder().resolve("pods"))) {
            state = tree.filter(p -> p.endsWith(".volumes/state")).findFirst().orElseThrow();
        }
        Files.createFile(state.resolve("ready"));
        eventually(() -> assertThat(condition("probed", "Ready")).isTrue());
        Files.delete(state.resolve("ready"));
        eventually(() -> assertThat(condition("probed", "Ready")).isFalse());
        Files.delete(state.resolve("live"));
        eventually(() -> {
            assertThat(container("probed").getRestartCount()).isEqualTo(1);
            assertThat(container("probed").getLastState().getTerminated().getExitCode())
                    .isEqualTo(128 + 15);
        });
    }

    @Test
    void aDeletedPodEndsGracefullyAndThenCompletely() {
        create("""
                metadata: {name: leaves}
                spec:
                  terminationGracePeriodSeconds: 20
                  containers:
                  - name: main
                    image: shell
                    command: [sh, -c, "setsid sleep 6000 & trap 'echo bye >/state/said; exit 0' TERM; echo up; while :; do sleep 0.1; done"]
                    volumeMounts: [{name: state, mountPath: /state}]
                  volumes: [{name: state, emptyDir: {}}]
                """);
        eventually(() -> assertThat(log("leaves")).isEqualTo("up\n"));
        ContainerProcess process = cluster.process("default", "leaves", "main").orElseThrow();
        assertThat(process.processes()).hasSizeGreaterThanOrEqualTo(2);
        user.pods().inNamespace("default").withName("leaves").delete();
        eventually(() -> assertThat(
                        user.pods().inNamespace("default").withName("leaves").get())
                .isNull());
        assertThat(process.processes()).isEmpty();
        assertThat(process.ended()).isCompletedWithValue(0);
    }

    @Test
    void whatCannotStartSaysWhy() {
        create("""
                metadata: {name: unknown}
                spec: {containers: [{name: main, image: 'nowhere:1'}]}
                """);
        create("""
                metadata: {name: unset}
                spec: {containers: [{name: main, image: shell, env: [{name: A, valueFrom: {secretKeyRef: {name: no-such, key: a}}}]}]}
                """);
        eventually(() -> {
            assertThat(container("unknown").getState().getWaiting().getReason()).isEqualTo("ImagePullBackOff");
            assertThat(container("unset").getState().getWaiting().getReason()).isEqualTo("CreateContainerConfigError");
            assertThat(container("unset").getState().getWaiting().getMessage())
                    .isEqualTo("secret \"no-such\" not found");
        });
    }

    @Test
    void whenProcess1IsKilledEverythingIs() throws Exception {
        create("""
                metadata: {name: killed}
                spec:
                  restartPolicy: Never
                  containers: [{name: main, image: shell, command: [sh, -c, "setsid sleep 6000 & wait"]}]
                """);
        eventually(() -> assertThat(cluster.process("default", "killed", "main")
                        .map(ContainerProcess::processes)
                        .orElse(List.of()))
                .hasSize(2));
        ContainerProcess process = cluster.process("default", "killed", "main").orElseThrow();
        Processes.signal("KILL", List.of(process.pid()));
        eventually(() -> {
            assertThat(process.processes()).isEmpty();
            assertThat(status("killed").getPhase()).isEqualTo("Failed");
            assertThat(container("killed").getState().getTerminated().getExitCode())
                    .isEqualTo(137);
        });
    }
}
