package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** Installing and upgrading the operator. */
@Isolated("it disturbs what other tests rely on")
@ExtendWith(OnKubernetes.class)
class OperatorE2E {
    @Test
    void upgradingTheOperatorRestartsNoDatabase(Stage stage) {
        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        String pods = pods(stage);
        String operator = operatorPods();
        String image = System.getenv().getOrDefault("MATRIARCH_NEXT_IMAGE", "matriarch:next");
        Installation.helm(image);
        try {
            assertThat(operatorPods()).isNotEqualTo(operator);
            stage.awaitCondition("orders", "UpgradePending=True", "orders-0", "orders-1");
            stage.kubectl(
                    "patch",
                    "pgc",
                    "orders",
                    "--type=merge",
                    "-p",
                    "{\"spec\":{\"postgres\":{\"parameters\":{\"work_mem\":\"10MB\"}}}}");
            org.awaitility.Awaitility.await()
                    .atMost(Stage.PATIENCE)
                    .untilAsserted(() -> assertThat(stage.superuserSql("orders-1", "SHOW work_mem"))
                            .isEqualTo("10MB"));
            stage.awaitReady("orders", 2);
            assertThat(pods(stage)).isEqualTo(pods);
        } finally {
            Installation.helm(Installation.IMAGE);
        }
        assertThat(pods(stage)).isEqualTo(pods);
    }

    @Test
    void thePlainManifestDoesTheSameAsTheChart(Stage stage) throws Exception {
        Installation.uninstall();
        String manifest = java.nio.file.Files.readString(java.nio.file.Path.of("deploy/matriarch.yaml"))
                .replaceAll("image: \"?[^\\s\"]*matriarch:[^\\s\"]*\"?", "image: " + Installation.IMAGE)
                .replaceAll("value: \"?[^\\s\"]*matriarch:[^\\s\"]*\"?", "value: " + Installation.IMAGE);
        try {
            Shell.must(manifest, List.of("kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-"));
            Stage.kubectlAnywhere(
                    "-n", Installation.NAMESPACE, "rollout", "status", "deployment/matriarch", "--timeout=180s");
            stage.apply(Manifests.cluster("orders", 1, ""));
            stage.awaitReady("orders", 1);
        } finally {
            Shell.run(
                    manifest,
                    List.of("kubectl", "delete", "--ignore-not-found", "--wait=true", "-l", "!keep", "-f", "-"));
            Installation.ensure();
        }
    }

    private static String pods(Stage stage) {
        return stage.kubectl(
                "get",
                "pods",
                "-l",
                "matriarch.io/cluster=orders",
                "-o",
                "jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[*].containerID}{\"\\n\"}{end}");
    }

    private static String operatorPods() {
        return Stage.kubectlAnywhere(
                "-n",
                Installation.NAMESPACE,
                "get",
                "pods",
                "-l",
                "app.kubernetes.io/name=matriarch",
                "-o",
                "jsonpath={.items[*].metadata.uid}");
    }
}
