package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Volumes outlive clusters, unless the user says otherwise. */
@ExtendWith(OnKubernetes.class)
class VolumesE2E {
    @Test
    void aNewClusterOfTheSameNameTakesOverWhatTheOldOneLeft(Stage stage) {
        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        stage.sql("orders", "orders-rw", "CREATE TABLE t AS SELECT generate_series(1, 100) AS n");
        String system = stage.value("pgc/orders", "{.status.systemIdentifier}");

        stage.kubectl("delete", "pgc", "orders", "--timeout=60s");
        await().atMost(Stage.PATIENCE)
                .untilAsserted(() -> assertThat(stage.kubectl("get", "pods,sts", "-o", "name"))
                        .doesNotContain("orders"));
        assertThat(stage.value("pvc", "{.items[*].metadata.name}")).isEqualTo("data-orders-0 data-orders-1");

        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        assertThat(stage.value("pgc/orders", "{.status.systemIdentifier}")).isEqualTo(system);
        assertThat(stage.sql("orders", "orders-rw", "SELECT count(*) FROM t")).isEqualTo("100");
    }

    /** As a backup tool or {@code --cascade=orphan} leaves them: without an owner. */
    @Test
    void orphansAreAdoptedAndGoOnRunning(Stage stage) {
        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        stage.sql("orders", "orders-rw", "CREATE TABLE t AS SELECT generate_series(1, 100) AS n");
        String containers = containers(stage);
        String password = stage.secret("orders-app", "password");
        stage.kubectl("delete", "pgc", "orders", "--cascade=orphan", "--timeout=60s");
        assertThat(stage.value("lease/orders", "{.metadata.ownerReferences}")).isEmpty();

        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        assertThat(containers(stage)).as("no container was restarted").isEqualTo(containers);
        assertThat(stage.sql("orders", "orders-rw", "SELECT count(*) FROM t")).isEqualTo("100");
        assertThat(stage.secret("orders-app", "password")).isEqualTo(password);
        String uid = stage.value("pgc/orders", "{.metadata.uid}");
        for (String object :
                new String[] {"lease/orders", "sts/orders", "secret/orders-ca", "secret/orders-app", "service/orders-rw"
                }) {
            assertThat(stage.value(object, "{.metadata.ownerReferences[*].uid}"))
                    .as(object)
                    .isEqualTo(uid);
        }
        stage.awaitEvent("orders", "Adopted");
    }

    private static String containers(Stage stage) {
        return stage.kubectl(
                "get",
                "pods",
                "-l",
                "matriarch.io/cluster=orders",
                "-o",
                "jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[*].containerID}{\"\\n\"}{end}");
    }

    @Test
    void deletedTogetherWithTheClusterWhenTheUserSaysSo(Stage stage) {
        stage.apply(Manifests.clusterWithStorage("orders", 1, "retain: {whenDeleted: Delete}"));
        stage.awaitReady("orders", 1);
        stage.kubectl("delete", "pgc", "orders", "--timeout=60s");
        await().atMost(Stage.PATIENCE)
                .untilAsserted(() ->
                        assertThat(stage.kubectl("get", "pvc", "-o", "name")).isEmpty());
    }

    @Test
    void anotherClustersVolumeIsRefusedAndUntouched(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, ""));
        stage.awaitReady("orders", 1);
        stage.sql("orders", "orders-rw", "CREATE TABLE t AS SELECT 42 AS n");
        String volume = stage.value("pvc/data-orders-0", "{.spec.volumeName}");
        stage.kubectlAnswer("patch", "pv", volume, "-p", "{\"spec\":{\"persistentVolumeReclaimPolicy\":\"Retain\"}}");
        stage.kubectl("delete", "pgc", "orders", "--timeout=60s");
        await().atMost(Stage.PATIENCE)
                .untilAsserted(() ->
                        assertThat(stage.kubectl("get", "pods", "-o", "name")).doesNotContain("orders"));
        stage.kubectl("delete", "pvc", "data-orders-0");
        stage.kubectlAnswer(
                "patch", "pv", volume, "--type=json", "-p", "[{\"op\":\"remove\",\"path\":\"/spec/claimRef\"}]");
        stage.apply("""
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: data-billing-0}
                spec:
                  accessModes: [ReadWriteOnce]
                  volumeName: %s
                  resources: {requests: {storage: 512Mi}}
                """.formatted(volume));

        stage.apply(Manifests.cluster("billing", 1, ""));
        stage.awaitCondition("billing", "data-billing-0", "orders");
        assertThat(stage.value("pgc/billing", "{.status.conditions[?(@.type==\"Ready\")].status}"))
                .isEqualTo("False");
        stage.awaitEvent("billing", "orders");
        stage.kubectl("patch", "pv", volume, "-p", "{\"spec\":{\"persistentVolumeReclaimPolicy\":\"Delete\"}}");
    }

    @Test
    void walOnAVolumeOfItsOwn(Stage stage) {
        stage.apply(Manifests.clusterWithStorage("orders", 2, "wal: {size: 512Mi}"));
        stage.awaitReady("orders", 2);
        assertThat(stage.value("pvc", "{.items[*].metadata.name}"))
                .isEqualTo("data-orders-0 data-orders-1 wal-orders-0 wal-orders-1");
        for (String pod : new String[] {"orders-0", "orders-1"}) {
            assertThat(
                            stage.kubectl(
                                    "exec",
                                    pod,
                                    "-c",
                                    "postgres",
                                    "--",
                                    "sh",
                                    "-c",
                                    "readlink /var/lib/postgresql/data/pgdata/pg_wal && ls /var/lib/postgresql/wal/pg_wal | grep -c '^0'"))
                    .startsWith("/var/lib/postgresql/wal/pg_wal");
        }
    }

    @Test
    void tablespacesOnTheDataVolume(Stage stage) {
        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        String location = "/var/lib/postgresql/data/tablespaces/fast";
        stage.kubectl("exec", "orders-0", "-c", "postgres", "--", "mkdir", "-p", location);
        stage.superuserSql("orders-0", "CREATE TABLESPACE fast LOCATION '" + location + "'");
        stage.superuserSql("orders-0", "CREATE TABLE t TABLESPACE fast AS SELECT generate_series(1, 100) AS n");
        awaitRows(stage, "orders-1", "100");

        // A copy that is thrown away half-way, or before, or after.
        stage.kubectl("annotate", "pgc/orders", "matriarch.io/rebuild=orders-1/once");
        awaitNewCopy(stage, location);
        stage.kubectl("delete", "pod", "orders-1", "--force", "--grace-period=0");
        awaitRows(stage, "orders-1", "100");
        stage.awaitReady("orders", 2);

        stage.superuserSql("orders-0", "INSERT INTO t VALUES (101)");
        stage.kubectl("annotate", "--overwrite", "pgc/orders", "matriarch.io/switchover=orders-1");
        stage.awaitValue("pgc/orders", "{.status.primary}", "orders-1");
        stage.superuserSql("orders-1", "INSERT INTO t VALUES (102)");
        awaitRows(stage, "orders-0", "102");
    }

    private static void awaitRows(Stage stage, String pod, String rows) {
        await().atMost(Stage.PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(stage.superuserSql(pod, "SELECT count(*) FROM t"))
                        .isEqualTo(rows));
    }

    /** The folder of the tablespace is made anew, with the time of that. */
    private static void awaitNewCopy(Stage stage, String location) {
        String made = "stat -c %W " + location + "/PG_* | sort -n | tail -1";
        String before = stage.kubectl("exec", "orders-1", "-c", "postgres", "--", "sh", "-c", made);
        await().atMost(Stage.PATIENCE)
                .ignoreExceptions()
                .until(() -> !stage.kubectl("exec", "orders-1", "-c", "postgres", "--", "sh", "-c", made)
                        .equals(before));
    }

    @Test
    void volumesGrowAndOnesGrownByHandAreNotFought(Stage stage) {
        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
        stage.kubectl(
                "patch",
                "pvc",
                "data-orders-1",
                "-p",
                "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"700Mi\"}}}}");
        stage.awaitValue("pvc/data-orders-1", "{.status.capacity.storage}", "700Mi");

        stage.kubectl("patch", "pgc", "orders", "--type=merge", "-p", "{\"spec\":{\"storage\":{\"size\":\"600Mi\"}}}");
        stage.awaitValue("pvc/data-orders-0", "{.status.capacity.storage}", "600Mi");
        assertThat(stage.value("pvc/data-orders-1", "{.spec.resources.requests.storage}"))
                .isEqualTo("700Mi");
        stage.awaitReady("orders", 2);
    }

    @Test
    void claimsMadeBeforeTheClusterAreUsed(Stage stage) {
        stage.apply("""
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: data-orders-0}
                spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 640Mi}}}
                """);
        stage.apply(Manifests.cluster("orders", 1, ""));
        stage.awaitReady("orders", 1);
        assertThat(stage.value("pvc/data-orders-0", "{.spec.resources.requests.storage}"))
                .isEqualTo("640Mi");
    }
}
