package io.matriarch.e2e;

import java.util.ArrayList;
import java.util.List;

/** The operator, installed as the README says. */
final class Installation {
    static final String NAMESPACE = "matriarch-system";
    static final String IMAGE = System.getenv().getOrDefault("MATRIARCH_IMAGE", "matriarch:dev");

    /** {@code MATRIARCH_INSTALLED=1}: the operator that is there is the one to test. */
    private static boolean present = "1".equals(System.getenv("MATRIARCH_INSTALLED"));

    private Installation() {}

    /** Installs the chart once per run of the tests, over whatever is there. */
    static synchronized void ensure() {
        if (!present) {
            helm(IMAGE);
            present = true;
        }
    }

    /** {@code helm upgrade --install} with an image, and waits until the operator serves. */
    static void helm(String image, String... more) {
        int colon = image.lastIndexOf(':');
        List<String> command = new ArrayList<>(List.of(
                "helm",
                "upgrade",
                "--install",
                "matriarch",
                "deploy/chart",
                "--namespace",
                NAMESPACE,
                "--create-namespace",
                "--set",
                "image.repository=" + image.substring(0, colon),
                "--set",
                "image.tag=" + image.substring(colon + 1),
                "--wait",
                "--timeout",
                "4m"));
        command.addAll(List.of(more));
        Shell.must("", command);
    }

    static void uninstall() {
        Shell.must("", List.of("helm", "uninstall", "matriarch", "--namespace", NAMESPACE, "--wait"));
        present = false;
    }

    /** Kills every operator pod at once, as a crash of its node would. */
    static void kill() {
        Stage.kubectlAnywhere(
                "-n",
                NAMESPACE,
                "delete",
                "pods",
                "-l",
                "app.kubernetes.io/name=matriarch",
                "--grace-period=0",
                "--force");
    }

    static String logs() {
        return Shell.run(
                        "",
                        List.of(
                                "kubectl",
                                "-n",
                                NAMESPACE,
                                "logs",
                                "-l",
                                "app.kubernetes.io/name=matriarch",
                                "--tail=60",
                                "--prefix"))
                .text();
    }
}
