package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The snapshot controller and its driver (Kubernetes documentation, "Volume Snapshots"). A VolumeSnapshot of a claim gets a VolumeSnapshotContent; that is made
 * from the claim's volume, and tells the snapshot when it is ready. Both have finalizers, so that what was kept goes before they do, or stays when its policy is Retain.
 *
 * <p>Left out: snapshots of content that somebody else made ({@code volumeSnapshotContentName}).
 */
final class Snapshots extends Controller {
    private static final String CONTENT = "VolumeSnapshotContent";
    private static final String DEFAULT = "snapshot.storage.kubernetes.io/is-default-class";
    private static final List<String> PROTECTION = List.of(
            "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection",
            "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection");
    private static final String CONTENT_PROTECTION =
            "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection";

    private final Objects objects;
    private final Kinds kinds;
    private final VolumeCopier copier;

    Snapshots(ApiServer api, VolumeCopier copier) {
        super(api.store());
        this.objects = api.objects();
        this.kinds = api.kinds();
        this.copier = copier;
    }

    @Override
    String component() {
        return "snapshot-controller";
    }

    @Override
    void turn() {
        for (ObjectNode snapshot : store().list("VolumeSnapshot")) {
            if (snapshot.path("metadata").has("deletionTimestamp")) {
                release(snapshot);
            } else if (!snapshot.path("status").path("readyToUse").asBoolean()) {
                bind(snapshot);
            }
        }
        for (ObjectNode content : store().list(CONTENT)) {
            if (content.path("metadata").has("deletionTimestamp")) {
                discard(content);
            } else if (!content.path("status").path("readyToUse").asBoolean()) {
                make(content);
            }
        }
    }

    private static Key content(ObjectNode snapshot) {
        return new Key(CONTENT, "", "snapcontent-" + JobPods.uid(snapshot));
    }

    /** Brings a snapshot on, as far as it goes at present. Which class is the default depends on the claim's driver, so a claim comes first when no class is named. */
    private void bind(ObjectNode snapshot) {
        JsonNode spec = snapshot.path("spec");
        if (spec.path("source").has("volumeSnapshotContentName")) {
            refuse(snapshot, "the embedded Kubernetes makes snapshots only of claims");
            return;
        }
        Key key = new Key(
                "PersistentVolumeClaim",
                snapshot.path("metadata").path("namespace").asText(),
                spec.path("source").path("persistentVolumeClaimName").asText());
        Optional<ObjectNode> claim = store().get(key);
        boolean named = spec.has("volumeSnapshotClassName");
        Optional<ObjectNode> type = type(spec);
        if (!named && (claim.isEmpty() || type.isEmpty())) {
            String why = claim.isPresent()
                    ? "cannot find default snapshot class"
                    : "failed to retrieve PVC source from the lister: \"persistentvolumeclaim \\\"%s\\\" not found\""
                            .formatted(key.name());
            String message = "Failed to set default snapshot class with error " + why;
            say(snapshot, "SetDefaultSnapshotClassFailed", message);
            mark(snapshot, message);
            return;
        }
        store().update(Key.of(snapshot), live -> Finalizers.add(live, PROTECTION));
        Optional<ObjectNode> made = store().get(content(snapshot));
        if (made.isPresent()) {
            tell(snapshot, made.get());
        } else if (claim.isEmpty()) {
            refuse(
                    snapshot,
                    "snapshot controller failed to update %s on API server: cannot get claim from snapshot"
                            .formatted(snapshot.path("metadata").path("name").asText()));
        } else if (type.isEmpty()) {
            refuse(
                    snapshot,
                    "failed to retrieve snapshot class %1$s from the informer: \"volumesnapshotclass.snapshot.storage.k8s.io \\\"%1$s\\\" not found\""
                            .formatted(spec.path("volumeSnapshotClassName").asText()));
        } else if (!claim.get().path("status").path("phase").asText().equals("Bound")) {
            refuse(
                    snapshot,
                    "the PVC %s is not yet bound to a PV, will not attempt to take a snapshot".formatted(key.name()));
        } else {
            create(snapshot, type.get(), claim.get());
        }
    }

    private Optional<ObjectNode> type(JsonNode spec) {
        return store().list("VolumeSnapshotClass").stream()
                .filter(type -> spec.has("volumeSnapshotClassName")
                        ? type.path("metadata").path("name").equals(spec.path("volumeSnapshotClassName"))
                        : type.path("metadata")
                                .path("annotations")
                                .path(DEFAULT)
                                .asText()
                                .equals("true"))
                .findFirst();
    }

    private void refuse(ObjectNode snapshot, String why) {
        String message = "Failed to create snapshot content with error " + why;
        say(snapshot, "SnapshotContentCreationFailed", message);
        fail(snapshot, message);
    }

    private void create(ObjectNode snapshot, ObjectNode type, ObjectNode claim) {
        JsonNode metadata = snapshot.path("metadata");
        String name = metadata.path("name").asText();
        String namespace = metadata.path("namespace").asText();
        ObjectNode content = Store.JSON.createObjectNode();
        content.putObject("metadata")
                .put("name", content(snapshot).name())
                .putArray("finalizers")
                .add(CONTENT_PROTECTION);
        ObjectNode spec = content.putObject("spec");
        spec.set("deletionPolicy", type.path("deletionPolicy"));
        spec.set("driver", type.path("driver"));
        spec.set("volumeSnapshotClassName", type.path("metadata").path("name"));
        spec.putObject("source")
                .put("volumeHandle", claim.path("spec").path("volumeName").asText());
        spec.putObject("volumeSnapshotRef")
                .put("apiVersion", snapshot.path("apiVersion").asText())
                .put("kind", "VolumeSnapshot")
                .put("name", name)
                .put("namespace", namespace)
                .put("uid", JobPods.uid(snapshot))
                .put("resourceVersion", metadata.path("resourceVersion").asText());
        objects.create(kinds.named(CONTENT), "", content, ASK);
        say(
                snapshot,
                "Normal",
                "CreatingSnapshot",
                "Waiting for a snapshot %s/%s to be created by the CSI driver.".formatted(namespace, name));
        store().update(Key.of(snapshot), live -> {
            live.withObjectProperty("spec")
                    .set("volumeSnapshotClassName", type.path("metadata").path("name"));
            ObjectNode status = live.withObjectProperty("status");
            status.put("boundVolumeSnapshotContentName", content(snapshot).name());
            status.put("readyToUse", false).remove("error");
            return live;
        });
    }

    private void tell(ObjectNode snapshot, ObjectNode content) {
        JsonNode made = content.path("status");
        boolean ready = made.path("readyToUse").asBoolean();
        store().update(Key.of(snapshot), live -> {
            ObjectNode status = live.withObjectProperty("status").put("readyToUse", ready);
            status.put(
                    "boundVolumeSnapshotContentName",
                    content.path("metadata").path("name").asText());
            if (made.has("error")) {
                status.set("error", made.path("error"));
            } else {
                status.remove("error");
            }
            if (ready) {
                long time =
                        TimeUnit.NANOSECONDS.toSeconds(made.path("creationTime").asLong());
                status.put("creationTime", Instant.ofEpochSecond(time).toString());
                status.put("restoreSize", Sizes.text(made.path("restoreSize").asLong()));
            }
            return live;
        });
        if (ready) {
            String name = "%s/%s"
                    .formatted(
                            snapshot.path("metadata").path("namespace").asText(),
                            snapshot.path("metadata").path("name").asText());
            say(
                    snapshot,
                    "Normal",
                    "SnapshotCreated",
                    "Snapshot %s was successfully created by the CSI driver.".formatted(name));
            say(snapshot, "Normal", "SnapshotReady", "Snapshot %s is ready to use.".formatted(name));
        }
    }

    /** What the driver does: keeps the volume's content. */
    private void make(ObjectNode content) {
        JsonNode volume = content.path("spec").path("source").path("volumeHandle");
        if (volume.isMissingNode()) {
            return;
        }
        Optional<ObjectNode> claim = store().get(new Key("PersistentVolume", "", volume.asText()))
                .map(object -> object.path("spec").path("claimRef"))
                .flatMap(reference -> store().get(new Key(
                        "PersistentVolumeClaim",
                        reference.path("namespace").asText(),
                        reference.path("name").asText())));
        if (claim.isEmpty()) {
            fail(content, "the volume %s has gone".formatted(volume.asText()));
            return;
        }
        try {
            copier.snapshot(claim.get(), handle(content))
                    .ifPresent(made -> store().update(Key.of(content), live -> {
                        ObjectNode status = live.withObjectProperty("status");
                        status.put("snapshotHandle", handle(content)).put("readyToUse", true);
                        status.put("creationTime", TimeUnit.SECONDS.toNanos(made.getEpochSecond()) + made.getNano());
                        status.put(
                                "restoreSize",
                                Sizes.bytes(claim.get()
                                        .at("/status/capacity/storage")
                                        .asText("0")));
                        status.remove("error");
                        return live;
                    }));
        } catch (IOException e) {
            fail(
                    content,
                    "Failed to check and update snapshot content: failed to take snapshot of the volume %s: %s"
                            .formatted(volume.asText(), e.getMessage()));
        }
    }

    private void fail(ObjectNode object, String message) {
        store().update(Key.of(object), live -> {
            live.withObjectProperty("status").put("readyToUse", false);
            return live;
        });
        mark(object, message);
    }

    private void mark(ObjectNode object, String message) {
        store().update(Key.of(object), live -> {
            ObjectNode status = live.withObjectProperty("status");
            if (!status.path("error").path("message").asText().equals(message)) {
                status.putObject("error").put("message", message).put("time", Store.now());
            }
            return live;
        });
    }

    private static String handle(ObjectNode content) {
        return content.path("metadata").path("name").asText().replace("snapcontent-", "snapshot-");
    }

    /** A snapshot goes once no volume is being made of it, and after its content if that goes too. */
    private void release(ObjectNode snapshot) {
        boolean used = store().list("PersistentVolumeClaim").stream()
                .anyMatch(claim -> Restores.from(claim, snapshot)
                        && claim.path("status").path("phase").asText().equals("Pending")
                        && copier.underWay(JobPods.uid(claim)));
        if (used) {
            return;
        }
        Optional<ObjectNode> content = store().get(content(snapshot));
        boolean goes = content.map(object -> object.path("spec").path("deletionPolicy"))
                .filter(policy -> policy.asText().equals("Delete"))
                .isPresent();
        if (!goes) {
            unprotect(snapshot);
        } else if (!content.orElseThrow().path("metadata").has("deletionTimestamp")) {
            objects.delete(kinds.named(CONTENT), content(snapshot), Store.JSON.createObjectNode(), false);
        }
    }

    /** Content goes after its snapshot has begun to, and with what was kept unless that is retained. */
    private void discard(ObjectNode content) {
        JsonNode reference = content.path("spec").path("volumeSnapshotRef");
        boolean needed = store().get(new Key(
                        "VolumeSnapshot",
                        reference.path("namespace").asText(),
                        reference.path("name").asText()))
                .filter(snapshot ->
                        JobPods.uid(snapshot).equals(reference.path("uid").asText()))
                .filter(snapshot -> !snapshot.path("metadata").has("deletionTimestamp"))
                .isPresent();
        if (needed || copier.underWay(handle(content))) {
            return;
        }
        try {
            if (content.path("spec").path("deletionPolicy").asText().equals("Delete")) {
                copier.remove(handle(content));
            }
            unprotect(content);
        } catch (IOException e) {
            fail(content, "failed to delete the snapshot: " + e.getMessage());
        }
    }

    private void unprotect(ObjectNode object) {
        store().update(
                        Key.of(object),
                        live -> Finalizers.remove(
                                live, finalizer -> finalizer.startsWith("snapshot.storage.kubernetes.io/")));
    }
}
