package io.matriarch.testkit.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The kubectl and helm that people have work against the embedded Kubernetes. Runs where they are: beside the end-to-end tests. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@EnabledIfEnvironmentVariable(named = "KUBECONFIG", matches = ".+")
class KubectlE2E {
    private static final Timing TIMING =
            new Timing(Duration.ofMillis(700), Duration.ofSeconds(2), Duration.ofMinutes(1), Duration.ofSeconds(1));

    private final ProcessCluster cluster;

    @TempDir
    Path folder = Path.of("");

    KubectlE2E() throws IOException {
        cluster = new ProcessCluster(1, TIMING);
        cluster.images().add("shell", Image.ofThisMachine());
    }

    @AfterAll
    void close() throws IOException {
        cluster.close();
    }

    private String run(String... command) throws Exception {
        Path kubeconfig = cluster.api().kubeconfig(folder.resolve("kubeconfig"));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("KUBECONFIG", kubeconfig.toString());
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(List.of(command) + ":\n" + said).isZero();
        return said;
    }

    private String kubectl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }

    private String file(String yaml) throws IOException {
        return Files.writeString(folder.resolve("it.yaml"), yaml).toString();
    }

    @Test
    void aWorkloadIsAppliedLookedAtChangedAndDeleted() throws Exception {
        String manifest = """
                apiVersion: apps/v1
                kind: StatefulSet
                metadata: {name: s}
                spec:
                  serviceName: s
                  selector: {matchLabels: {app: s}}
                  template:
                    metadata: {labels: {app: s}}
                    spec:
                      containers: [{name: main, image: shell, command: [sh, -c, "echo hello; exec sleep 600"]}]
                """;
        assertThat(kubectl("apply", "-f", file(manifest))).contains("statefulset.apps/s created");
        kubectl("wait", "--for=condition=Ready", "pod/s-0", "--timeout=30s");
        assertThat(kubectl("get", "pods"))
                .containsPattern("NAME +READY +STATUS +RESTARTS +AGE\\ns-0 +1/1 +Running +0 +\\d+s");
        assertThat(kubectl("get", "pods", "-o", "wide"))
                .containsPattern("AGE +IP +NODE\\ns-0 +1/1 +Running +0 +\\d+s +127\\.[0-9.]+ +node-");
        assertThat(kubectl("get", "statefulsets")).containsPattern("NAME +READY +AGE\\ns +1/1 +\\d+s");
        assertThat(kubectl("get", "nodes")).containsPattern("NAME +STATUS +AGE\\nnode-1 +Ready +\\d+s");
        assertThat(kubectl("get", "events"))
                .containsPattern("LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\\n")
                .containsPattern("\\d+s +Normal +\\w+ +pod/s-0 +\\w+");
        kubectl(
                "apply",
                "-f",
                file(
                        "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: l}\nspec: {holderIdentity: me}\n"));
        assertThat(kubectl("get", "leases")).containsPattern("NAME +HOLDER +AGE\\nl +me +\\d+s");
        assertThat(kubectl("describe", "statefulset", "s")).contains("Replicas:");
        assertThat(kubectl("describe", "pod", "s-0")).contains("Started");
        assertThat(kubectl("logs", "s-0")).isEqualTo("hello\n");
        assertThat(kubectl("logs", "statefulset/s", "-c", "main", "--tail=1")).endsWith("hello\n");
        assertThat(kubectl("scale", "statefulset/s", "--replicas=2")).contains("scaled");
        kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "statefulset/s", "--timeout=30s");
        assertThat(kubectl(
                        "patch", "statefulset", "s", "--type=merge", "-p", "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}"))
                .contains("patched");
        assertThat(kubectl("get", "statefulset", "s", "-o", "jsonpath={.metadata.labels.x}"))
                .isEqualTo("y");
        assertThat(kubectl("apply", "--server-side", "--force-conflicts", "-f", file(manifest)))
                .contains("serverside-applied");
        assertThat(kubectl("delete", "statefulset", "s", "--timeout=30s")).contains("deleted");
        kubectl("wait", "--for=delete", "pod/s-0", "--timeout=30s");
    }

    @Test
    void jobsAndSnapshotsAreAppliedWaitedForAndLookedAt() throws Exception {
        String manifest = """
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: v}
                spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
                ---
                apiVersion: batch/v1
                kind: CronJob
                metadata: {name: nightly}
                spec:
                  schedule: "30 2 * * *"
                  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: shell}]}}}}
                ---
                apiVersion: batch/v1
                kind: Job
                metadata: {name: now}
                spec:
                  template:
                    spec:
                      restartPolicy: Never
                      volumes: [{name: v, persistentVolumeClaim: {claimName: v}}]
                      containers: [{name: main, image: shell, command: [sh, -c, "echo hello"], volumeMounts: [{name: v, mountPath: /v}]}]
                ---
                apiVersion: snapshot.storage.k8s.io/v1
                kind: VolumeSnapshot
                metadata: {name: first}
                spec: {source: {persistentVolumeClaimName: v}}
                """;
        kubectl("apply", "-f", file(manifest));
        kubectl("wait", "--for=condition=complete", "job/now", "--timeout=30s");
        assertThat(kubectl("logs", "job/now")).isEqualTo("hello\n");
        assertThat(kubectl("get", "jobs"))
                .containsPattern("NAME +STATUS +COMPLETIONS +DURATION +AGE\nnow +Complete +1/1 +\\d+s");
        assertThat(kubectl("get", "cronjobs"))
                .containsPattern(
                        "NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\nnightly +30 2 \\* \\* \\* +<none> +(F|f)alse +0 +<none>");
        assertThat(kubectl("describe", "job", "now")).contains("Job completed").contains("1 Succeeded");
        kubectl("wait", "--for=jsonpath={.status.readyToUse}=true", "volumesnapshot/first", "--timeout=30s");
        assertThat(kubectl("get", "vs"))
                .containsPattern(
                        "NAME +READYTOUSE +SOURCEPVC.*RESTORESIZE +SNAPSHOTCLASS.*\nfirst +true +v +.*1Gi +snapshots");
        assertThat(kubectl("get", "volumesnapshotcontent"))
                .contains("snapcontent-")
                .contains("Delete");
        kubectl("delete", "volumesnapshot/first", "job/now", "cronjob/nightly", "--timeout=30s");
        kubectl("delete", "pvc", "v", "--wait=false");
    }

    @Test
    void ourManifestsAreAccepted() throws Exception {
        kubectl("apply", "--server-side", "--force-conflicts", "-f", "deploy/matriarch.yaml");
        assertThat(kubectl("get", "deployments", "-n", "matriarch-system")).contains("matriarch");
        String rendered = run(
                "helm",
                "template",
                "second",
                "deploy/chart",
                "--namespace",
                "second",
                "--include-crds",
                "--kube-version",
                "1.34");
        kubectl("apply", "-f", file("apiVersion: v1\nkind: Namespace\nmetadata: {name: second}\n"));
        kubectl("apply", "--server-side", "--force-conflicts", "-n", "second", "-f", file(rendered));
        assertThat(kubectl("apply", "-f", "examples/quickstart.yaml")).contains("postgrescluster");
        assertThat(kubectl("get", "pgc")).contains("INSTANCES");
    }
}
