package io.matriarch.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Faults of nodes, by the command that made this Kubernetes: {@code kube} ({@code MATRIARCH_KUBE}), or docker for kind. */
final class Nodes {
    private static final String KUBE = System.getenv().getOrDefault("MATRIARCH_KUBE", "");

    private Nodes() {}

    /** Faults that only this lab's Kubernetes can make. */
    static void needed() {
        Assumptions.assumeFalse(
                KUBE.isEmpty(), "needs a Kubernetes whose nodes can be frozen and cut off (MATRIARCH_KUBE)");
    }

    /** Freezes every process of a node. */
    static void freeze(String node) {
        Shell.must("", List.of(KUBE, "node", node, "freeze"));
    }

    static void thaw(String node) {
        Shell.must("", List.of(KUBE, "node", node, "thaw"));
    }

    /** Cuts a node's network. */
    static void isolate(String node) {
        Shell.must("", List.of(KUBE, "node", node, "isolate"));
    }

    static void heal(String node) {
        Shell.must("", List.of(KUBE, "node", node, "heal"));
    }

    /** {@code stop}, {@code start}, {@code freeze} or {@code thaw}. */
    static void api(String verb) {
        Shell.must("", List.of(KUBE, "api", verb));
    }

    /** Where this lab's nodes, which are processes of this machine, have mounted a volume. */
    static String mount(String volume) {
        try (Stream<String> mounts = Files.lines(Path.of("/proc/mounts"))) {
            return mounts.map(line -> line.split(" ")[1])
                    .filter(path -> path.endsWith("/" + volume + "/mount"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(volume + " is not mounted"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whoever writes to this file system waits, and cannot even be killed, until it is thawed. */
    static void hang(String mount) {
        Shell.must("", List.of("fsfreeze", "--freeze", mount));
    }

    static void unhang(String mount) {
        Shell.must("", List.of("fsfreeze", "--unfreeze", mount));
    }

    static void awaitReady(String node) {
        Stage.kubectlAnywhere("wait", "--for=condition=Ready", "node/" + node, "--timeout=180s");
    }

    static void powerOff(String node) {
        Shell.must("", KUBE.isEmpty() ? List.of("docker", "kill", node) : List.of(KUBE, "node", node, "stop"));
    }

    static void powerOn(String node) {
        Shell.must("", KUBE.isEmpty() ? List.of("docker", "start", node) : List.of(KUBE, "node", node, "start"));
        Stage.kubectlAnywhere("wait", "--for=condition=Ready", "node/" + node, "--timeout=180s");
    }
}
