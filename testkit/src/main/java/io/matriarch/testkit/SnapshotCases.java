package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a VolumeSnapshot does. Volumes come into being with the first pod that uses them, as the StorageClass may have it so. */
@org.jspecify.annotations.NullUnmarked
interface SnapshotCases extends Cases {
    private Resource<GenericKubernetesResource> snapshot(String name) {
        return client().genericKubernetesResources("snapshot.storage.k8s.io/v1", "VolumeSnapshot")
                .inNamespace(namespace())
                .withName(name);
    }

    private Resource<GenericKubernetesResource> content(String name) {
        return client().genericKubernetesResources("snapshot.storage.k8s.io/v1", "VolumeSnapshotContent")
                .withName(name);
    }

    private GenericKubernetesResource snapshot(String name, String fields) {
        return create("""
                apiVersion: snapshot.storage.k8s.io/v1
                kind: VolumeSnapshot
                metadata: {name: %s}
                spec: {source: {persistentVolumeClaimName: source}%s}
                """.formatted(name, fields), GenericKubernetesResource.class);
    }

    private PersistentVolumeClaim claim(String name, String size, String fields) {
        return create("""
                apiVersion: v1
                kind: PersistentVolumeClaim
                metadata: {name: %s}
                spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: %s}}%s}
                """.formatted(name, size, fields), PersistentVolumeClaim.class);
    }

    private PersistentVolumeClaim restored(String name, String size, String snapshot) {
        return claim(
                name,
                size,
                ", dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: %s}"
                        .formatted(snapshot));
    }

    private void run(String pod, String claim, String command) {
        create("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 1
                  volumes: [{name: v, persistentVolumeClaim: {claimName: %s}}]
                  containers:
                  - name: main
                    image: "postgres:17"
                    imagePullPolicy: IfNotPresent
                    command: [sh, -c, "%s"]
                    env: [{name: V, value: /v}]
                    volumeMounts: [{name: v, mountPath: /v}]
                    readinessProbe: {exec: {command: [test, -e, /v/made]}, periodSeconds: 1}
                """.formatted(pod, claim, command), Pod.class);
    }

    private Object status(String snapshot, String field) {
        return snapshot(snapshot).get().get("status", field);
    }

    /** A pod that has written to its claim and goes on. */
    private void source() {
        claim("source", "1Gi", "");
        run(
                "writer",
                "source",
                "mkdir $V/d && echo one >$V/d/a && ln $V/d/a $V/d/b && ln -s a $V/d/c && chmod 0640 $V/d/a && truncate -s 100M $V/holes && touch $V/made && while sleep 0.1; do date >>$V/d/later; done");
        eventually(() -> assertThat(client().pods()
                        .inNamespace(namespace())
                        .withName("writer")
                        .isReady())
                .isTrue());
    }

    @Test
    default void aVolumeIsRestoredFromASnapshot() {
        source();
        String uid = snapshot("s", "").getMetadata().getUid();
        eventually(() -> assertThat(status("s", "readyToUse")).isEqualTo(true));
        String content = "snapcontent-" + uid;
        assertThat(status("s", "boundVolumeSnapshotContentName")).isEqualTo(content);
        assertThat(status("s", "restoreSize")).isEqualTo("1Gi");
        assertThat(status("s", "creationTime")).isNotNull();
        assertThat(status("s", "error")).isNull();
        assertThat(snapshot("s").get().<Object>get("spec", "volumeSnapshotClassName"))
                .isEqualTo("snapshots");
        assertThat(snapshot("s").get().getMetadata().getFinalizers())
                .containsExactlyInAnyOrder(
                        "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection",
                        "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection");
        GenericKubernetesResource kept = content(content).get();
        assertThat(kept.<Object>get("spec", "deletionPolicy")).isEqualTo("Delete");
        assertThat(kept.<Object>get("spec", "volumeSnapshotRef", "name")).isEqualTo("s");
        assertThat(kept.<Object>get("status", "readyToUse")).isEqualTo(true);
        assertThat(((Number) kept.get("status", "restoreSize")).longValue()).isEqualTo(1L << 30);
        assertThat(kept.getMetadata().getFinalizers())
                .containsExactly("snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection");
        assertThat(events("s")).contains("Normal SnapshotReady Snapshot %s/s is ready to use.".formatted(namespace()));

        PersistentVolumeClaim claim = restored("again", "1Gi", "s");
        assertThat(claim.getSpec().getDataSourceRef().getKind()).isEqualTo("VolumeSnapshot");
        run(
                "reader",
                "again",
                "cat $V/d/a $V/d/c && stat -c '%h %a' $V/d/a && test $V/d/a -ef $V/d/b && test $(stat -c %b $V/holes) -lt 1000 && stat -c %s $V/holes && touch $V/new");
        eventually(() -> assertThat(client().pods()
                        .inNamespace(namespace())
                        .withName("reader")
                        .get()
                        .getStatus()
                        .getPhase())
                .isEqualTo("Succeeded"));
        assertThat(client().pods().inNamespace(namespace()).withName("reader").getLog())
                .isEqualTo("one\none\n2 640\n104857600\n");

        snapshot("s").delete();
        eventually(() -> {
            assertThat(snapshot("s").get()).isNull();
            assertThat(content(content).get()).isNull();
        });
    }

    @Test
    default void aVolumeSmallerThanItsSnapshotIsNotMade() {
        source();
        snapshot("s", "");
        eventually(() -> assertThat(status("s", "readyToUse")).isEqualTo(true));
        restored("small", "512Mi", "s");
        run("reader", "small", "true");
        eventually(
                () -> assertThat(events("small"))
                        .anyMatch(
                                event -> event.startsWith("Warning ProvisioningFailed")
                                        && event.endsWith(
                                                "requested volume size 536870912 is less than the size 1073741824 for the source snapshot s")));
        assertThat(client().persistentVolumeClaims()
                        .inNamespace(namespace())
                        .withName("small")
                        .get()
                        .getStatus()
                        .getPhase())
                .isEqualTo("Pending");
    }

    @Test
    default void aSnapshotWaitsForItsClaimAndAVolumeForItsSnapshot() {
        snapshot("s", "");
        snapshot("named", ", volumeSnapshotClassName: snapshots");
        restored("again", "1Gi", "s");
        run("reader", "again", "true");
        eventually(() -> {
            String unknown =
                    "Failed to set default snapshot class with error failed to retrieve PVC source from the lister: \"persistentvolumeclaim \\\"source\\\" not found\"";
            assertThat((Object) snapshot("s").get().get("status", "error", "message"))
                    .isEqualTo(unknown);
            assertThat(status("s", "readyToUse")).isNull();
            assertThat(events("s")).contains("Warning SetDefaultSnapshotClassFailed " + unknown);
            String missing =
                    "Failed to create snapshot content with error snapshot controller failed to update named on API server: cannot get claim from snapshot";
            assertThat((Object) snapshot("named").get().get("status", "error", "message"))
                    .isEqualTo(missing);
            assertThat(status("named", "readyToUse")).isEqualTo(false);
            assertThat(events("named")).contains("Warning SnapshotContentCreationFailed " + missing);
            assertThat(events("again"))
                    .anyMatch(event ->
                            event.startsWith("Warning ProvisioningFailed") && event.endsWith("snapshot s not bound"));
        });
        source();
        eventually(() -> {
            assertThat(status("s", "readyToUse")).isEqualTo(true);
            assertThat(status("s", "error")).isNull();
            assertThat(status("named", "readyToUse")).isEqualTo(true);
            assertThat(client().pods()
                            .inNamespace(namespace())
                            .withName("reader")
                            .get()
                            .getStatus()
                            .getPhase())
                    .isEqualTo("Succeeded");
        });
    }

    @Test
    default void whatIsRetainedStaysWithoutItsSnapshot() {
        var types = client().genericKubernetesResources("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass");
        String driver = types.withName("snapshots").get().get("driver");
        GenericKubernetesResource type = read("""
                apiVersion: snapshot.storage.k8s.io/v1
                kind: VolumeSnapshotClass
                metadata: {name: "%s"}
                driver: %s
                deletionPolicy: Retain
                """.formatted(namespace(), driver), GenericKubernetesResource.class);
        client().resource(type).create();
        try {
            source();
            String content = "snapcontent-"
                    + snapshot("s", ", volumeSnapshotClassName: \"%s\"".formatted(namespace()))
                            .getMetadata()
                            .getUid();
            eventually(() -> assertThat(status("s", "readyToUse")).isEqualTo(true));
            snapshot("s").delete();
            eventually(() -> assertThat(snapshot("s").get()).isNull());
            assertThat(content(content).get().getMetadata().getDeletionTimestamp())
                    .isNull();
            content(content).edit(kept -> {
                kept.setAdditionalProperty("spec", changed(kept.get("spec")));
                return kept;
            });
            content(content).delete();
            eventually(() -> assertThat(content(content).get()).isNull());
        } finally {
            client().resource(type).delete();
        }
    }

    private static Object changed(java.util.Map<String, Object> spec) {
        spec.put("deletionPolicy", "Delete");
        return spec;
    }

    @Test
    default void theKindsOfSnapshotsAreServed() {
        List<String> kinds = client().getApiResources("snapshot.storage.k8s.io/v1").getResources().stream()
                .filter(resource -> !resource.getName().contains("/"))
                .map(resource ->
                        "%s %s %s".formatted(resource.getName(), resource.getNamespaced(), resource.getShortNames()))
                .toList();
        assertThat(kinds)
                .contains(
                        "volumesnapshots true [vs]",
                        "volumesnapshotcontents false [vsc, vscs]",
                        "volumesnapshotclasses false [vsclass, vsclasses]");
    }
}
