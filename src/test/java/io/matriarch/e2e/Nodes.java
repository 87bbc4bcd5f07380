package io.matriarch.e2e;

import java.util.List;

/** Faults of nodes, by the command that made this Kubernetes: {@code kube} ({@code MATRIARCH_KUBE}), or docker for kind. */
final class Nodes {
    private static final String KUBE = System.getenv().getOrDefault("MATRIARCH_KUBE", "");

    private Nodes() {}

    static void powerOff(String node) {
        Shell.must("", KUBE.isEmpty() ? List.of("docker", "kill", node) : List.of(KUBE, "node", node, "stop"));
    }

    static void powerOn(String node) {
        Shell.must("", KUBE.isEmpty() ? List.of("docker", "start", node) : List.of(KUBE, "node", node, "start"));
        Stage.kubectlAnywhere("wait", "--for=condition=Ready", "node/" + node, "--timeout=180s");
    }
}
