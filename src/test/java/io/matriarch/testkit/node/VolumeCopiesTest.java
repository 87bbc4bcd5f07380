package io.matriarch.testkit.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.time.Duration;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A snapshot of a volume that is written to is of one instant. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("cluster")
class VolumeCopiesTest {
    private final ProcessCluster cluster;
    private final KubernetesClient user;

    VolumeCopiesTest() throws IOException {
        cluster = new ProcessCluster(1, Timing.QUICK);
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

    private void create(String yaml) {
        user.resource((HasMetadata) Serialization.unmarshal(yaml))
                .inNamespace("default")
                .create();
    }

    private void claim(String name, String source) {
        create("""
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: %s}
                spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}%s}
                """.formatted(name, source));
    }

    private void run(String pod, String claim, String command, String fields) {
        run("shell", pod, claim, command, fields);
    }

    /** @param fields of its container, as flow YAML */
    private void run(String image, String pod, String claim, String command, String fields) {
        create("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 1
                  volumes: [{name: v, persistentVolumeClaim: {claimName: %s}}]
                  containers:
                  - {name: main, image: "%s", command: [sh, -c, "%s"], env: [{name: V, value: /v}], volumeMounts: [{name: v, mountPath: /v}]%s}
                """.formatted(pod, claim, image, command, fields));
    }

    private void snapshot(String name, String claim) {
        create("""
                apiVersion: snapshot.storage.k8s.io/v1
                kind: VolumeSnapshot
                metadata: {name: %s}
                spec: {source: {persistentVolumeClaimName: %s}}
                """.formatted(name, claim));
        eventually(() -> {
            GenericKubernetesResource now = user.genericKubernetesResources(
                            "snapshot.storage.k8s.io/v1", "VolumeSnapshot")
                    .inNamespace("default")
                    .withName(name)
                    .get();
            assertThat(now.<Object>get("status", "readyToUse")).isEqualTo(true);
        });
    }

    private static void eventually(ThrowingRunnable assertion) {
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(50))
                .ignoreExceptions()
                .untilAsserted(assertion);
    }

    private String phase(String pod) {
        return user.pods()
                .inNamespace("default")
                .withName(pod)
                .get()
                .getStatus()
                .getPhase();
    }

    /** Lines are added to one file and then to the other, by two processes at once; between them are many files, so that copying takes its time. */
    @Test
    void filesThatAreWrittenOneAfterTheOtherAreNeverSeenTheOtherWayRound() {
        claim("written", "");
        run(
                "writer",
                "written",
                "mkdir $V/m; for i in $(seq 400); do head -c 400000 /dev/zero >$V/m/$i; done; cd $V; "
                        + "(while :; do echo >>$V/1a; echo >>$V/1z; done) & touch $V/ready; while :; do echo >>$V/2z; echo >>$V/2a; done",
                ", readinessProbe: {exec: {command: [test, -e, /v/ready]}, periodSeconds: 1}"
                        + ", livenessProbe: {exec: {command: [test, -d, /v]}, periodSeconds: 1, failureThreshold: 1}");
        eventually(() -> assertThat(
                        user.pods().inNamespace("default").withName("writer").isReady())
                .isTrue());
        for (int n = 0; n < 3; n++) {
            snapshot("s" + n, "written");
            claim(
                    "copy" + n,
                    ", dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: s%d}".formatted(n));
            String reader = "reader" + n;
            run(reader, "copy" + n, "stat -c %s $V/1a $V/1z $V/2z $V/2a; ls $V/m | wc -l", "");
            eventually(() -> assertThat(phase(reader)).isEqualTo("Succeeded"));
            String[] sizes =
                    user.pods().inNamespace("default").withName(reader).getLog().split("\n");
            assertThat(Long.parseLong(sizes[0]) - Long.parseLong(sizes[1])).isBetween(0L, 1L);
            assertThat(Long.parseLong(sizes[2]) - Long.parseLong(sizes[3])).isBetween(0L, 1L);
            assertThat(Long.parseLong(sizes[3])).isPositive();
            assertThat(sizes[4]).isEqualTo("400");
        }
        assertThat(user.pods()
                        .inNamespace("default")
                        .withName("writer")
                        .get()
                        .getStatus()
                        .getContainerStatuses())
                .allSatisfy(container -> {
                    assertThat(container.getRestartCount()).isZero();
                    assertThat(container.getReady()).isTrue();
                });
    }

    /** Each transaction of pgbench adds the same number to an account, a branch and the history: sums that differ tell of one half done, or lost. */
    @Test
    void postgresRecoversFromASnapshotAsAfterACrash() {
        String start =
                "pg_ctl -D $V/data -l $V/log -w -o '-c listen_addresses= -c unix_socket_directories='$V start >/dev/null";
        claim("database", "");
        run(
                "postgres:17",
                "busy",
                "database",
                "initdb -D $V/data -A trust -U postgres --no-locale >/dev/null && " + start
                        + " && pgbench -q -i -s 2 -h $V -U postgres postgres && touch $V/ready"
                        + " && exec pgbench -h $V -U postgres -c 4 -T 600 postgres",
                ", readinessProbe: {exec: {command: [test, -e, /v/ready]}, periodSeconds: 1}");
        eventually(() -> assertThat(
                        user.pods().inNamespace("default").withName("busy").isReady())
                .isTrue());
        for (int n = 0; n < 2; n++) {
            snapshot("crash" + n, "database");
            claim(
                    "recovered" + n,
                    ", dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: crash%d}"
                            .formatted(n));
            String reader = "recovered" + n;
            run(
                    "postgres:17",
                    reader,
                    reader,
                    "rm $V/data/postmaster.pid $V/.s.* && : >$V/log && " + start
                            + " && psql -h $V -U postgres -Atc 'with h as (select sum(delta) s, count(*) n from pgbench_history) "
                            + "select n > 0, s = (select sum(abalance) from pgbench_accounts), s = (select sum(bbalance) from pgbench_branches) from h';"
                            + " grep -c 'automatic recovery in progress' $V/log; pg_ctl -D $V/data -m fast stop >/dev/null",
                    "");
            eventually(() ->
                    assertThat(phase(reader)).as(cluster.evidence("default")).isEqualTo("Succeeded"));
            assertThat(user.pods().inNamespace("default").withName(reader).getLog())
                    .isEqualTo("t|t|t\n1\n");
        }
        assertThat(phase("busy")).isEqualTo("Running");
    }

    @Test
    void whatStoodStillBeforeASnapshotGoesOnStandingStill() throws IOException {
        claim("frozen", "");
        run("stands", "frozen", "while sleep 0.05; do echo >>$V/a; done", "");
        eventually(() -> assertThat(phase("stands")).isEqualTo("Running"));
        cluster.outages().freeze("default", "stands", "main");
        snapshot("frozen", "frozen");
        ContainerProcess process = cluster.process("default", "stands", "main").orElseThrow();
        assertThat(process.processes())
                .isNotEmpty()
                .allSatisfy(pid -> assertThat(Processes.state(pid)).isEqualTo('T'));
        cluster.outages().thaw("default", "stands", "main");
        snapshot("goes", "frozen");
        eventually(() -> assertThat(process.processes())
                .anySatisfy(pid -> assertThat(Processes.state(pid)).isNotEqualTo('T')));
    }
}
