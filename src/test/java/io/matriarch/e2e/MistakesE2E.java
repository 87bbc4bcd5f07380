package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A mistake gets a clear answer in the condition and an Event, and once it is corrected the cluster recovers by itself. */
@ExtendWith(OnKubernetes.class)
class MistakesE2E {
    @Test
    void anImageThatDoesNotExist(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, "postgres:17-typo", "512Mi", ""));
        stage.awaitCondition("orders", "orders-0", "postgres:17-typo");
        stage.awaitEvent("orders", "postgres:17-typo");
        corrected(stage, "{\"spec\":{\"image\":\"postgres:17\"}}");
    }

    @Test
    void anImageWithoutPostgres(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, "nopostgres:dev", "512Mi", ""));
        stage.awaitCondition("orders", "orders-0", "no PostgreSQL");
        assertThat(stage.value("pod/orders-0", "{.status.containerStatuses[0].restartCount}"))
                .isEqualTo("0");
        corrected(stage, "{\"spec\":{\"image\":\"postgres:17\"}}");
    }

    @Test
    void aStorageClassThatDoesNotExist(Stage stage) {
        stage.apply(Manifests.clusterWithStorage("orders", 1, "storageClassName: no-such-class"));
        stage.awaitCondition("orders", "no-such-class");
        stage.awaitEvent("orders", "no-such-class");
        String classes = """
                apiVersion: storage.k8s.io/v1
                kind: StorageClass
                metadata: {name: no-such-class}
                provisioner: %s
                volumeBindingMode: WaitForFirstConsumer
                """.formatted(
                        Stage.kubectlAnywhere(
                                "get",
                                "storageclass",
                                "-o",
                                "jsonpath={.items[?(@.metadata.annotations.storageclass\\.kubernetes\\.io/is-default-class==\"true\")].provisioner}"));
        stage.apply(classes);
        try {
            stage.awaitReady("orders", 1);
        } finally {
            Stage.kubectlAnywhere("delete", "storageclass", "no-such-class");
        }
    }

    @Test
    void aSecretThatIsMissingOrLacksKeys(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, "bootstrap: {initdb: {secretName: mine}}"));
        stage.awaitCondition("orders", "Secret", "mine");
        stage.kubectl("create", "secret", "generic", "mine", "--from-literal=username=app");
        stage.awaitCondition("orders", "mine", "password");
        stage.kubectl("patch", "secret", "mine", "-p", "{\"stringData\":{\"password\":\"s3cret\"}}");
        stage.awaitReady("orders", 1);
    }

    @Test
    void aDiskThatIsFullOnFirstStart(Stage stage) {
        stage.apply("""
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: data-orders-0}
                spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 320Mi}}}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: filler}
                spec:
                  restartPolicy: Never
                  securityContext: {runAsUser: 999, fsGroup: 999}
                  volumes: [{name: v, persistentVolumeClaim: {claimName: data-orders-0}}]
                  containers:
                    - name: filler
                      image: postgres:17
                      command: [sh, -c, "dd if=/dev/zero of=/v/filler bs=1M; truncate -s -8M /v/filler; sync"]
                      volumeMounts: [{name: v, mountPath: /v}]
                """);
        stage.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/filler", "--timeout=120s");
        stage.kubectl("delete", "pod", "filler");
        stage.apply(Manifests.cluster("orders", 1, "postgres:17", "320Mi", ""));
        stage.awaitCondition("orders", "data-orders-0", "full");
        stage.awaitEvent("orders", "data-orders-0", "full");
        corrected(stage, "{\"spec\":{\"storage\":{\"size\":\"700Mi\"}}}");
    }

    @Test
    void aQuotaThatRefusesThePods(Stage stage) {
        stage.apply("""
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: small}
                spec: {hard: {pods: "0"}}
                """);
        stage.apply(Manifests.cluster("orders", 1, ""));
        stage.awaitCondition("orders", "exceeded quota: small");
        stage.awaitEvent("orders", "exceeded quota: small");
        stage.kubectl("delete", "quota", "small");
        stage.awaitReady("orders", 1);
    }

    @Test
    void aUsersInitContainerThatFails(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, """
                pod:
                  initContainers:
                    - {name: prepare, image: "postgres:17", command: [sh, -c, "echo no such luck; exit 3"]}
                """));
        stage.awaitCondition("orders", "orders-0", "prepare", "3");
        corrected(stage, "{\"spec\":{\"pod\":{\"initContainers\":[]}}}");
    }

    @Test
    void aPodThatFitsNowhere(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, "resources: {requests: {memory: 900Gi}}"));
        stage.awaitCondition("orders", "orders-0", "Insufficient memory");
        stage.awaitEvent("orders", "Insufficient memory");
        corrected(stage, "{\"spec\":{\"resources\":{\"requests\":{\"memory\":\"64Mi\"}}}}");
    }

    @Test
    void aMajorVersionThatIsNotTheVolumes(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, "postgres:15", "512Mi", ""));
        stage.awaitReady("orders", 1);
        stage.kubectl("delete", "pgc", "orders", "--timeout=60s");
        org.awaitility.Awaitility.await()
                .atMost(Stage.PATIENCE)
                .untilAsserted(() -> assertThat(stage.kubectl("get", "pods,sts", "-o", "name"))
                        .doesNotContain("orders"));
        stage.apply(Manifests.cluster("orders", 1, "postgres:17", "512Mi", ""));
        stage.awaitCondition("orders", "15", "17");
        corrected(stage, "{\"spec\":{\"image\":\"postgres:15\"}}");
        assertThat(stage.value("pgc/orders", "{.status.version}")).startsWith("15.");
    }

    private static void corrected(Stage stage, String patch) {
        stage.kubectl("patch", "pgc", "orders", "--type=merge", "-p", patch);
        stage.awaitReady("orders", 1);
    }
}
