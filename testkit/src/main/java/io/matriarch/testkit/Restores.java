package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.io.IOException;
import java.util.Optional;

/** What new volumes begin with: nothing, or what a snapshot has (Kubernetes documentation, "Volume Snapshots", "Provisioning Volumes from Snapshots"). */
final class Restores {
    private static final String KIND = "VolumeSnapshot";

    private final Store store;
    private final VolumeCopier copier;

    Restores(Store store, VolumeCopier copier) {
        this.store = store;
        this.copier = copier;
    }

    /** Why a volume cannot be made, in the words of the CSI provisioner. */
    static final class CannotRestoreException extends Exception {
        private static final long serialVersionUID = 1L;

        CannotRestoreException(String message) {
            super(message);
        }
    }

    static boolean from(JsonNode claim, JsonNode snapshot) {
        JsonNode source = claim.path("spec").path("dataSource");
        return source.path("kind").asText().equals(KIND)
                && source.path("name").equals(snapshot.path("metadata").path("name"))
                && claim.path("metadata")
                        .path("namespace")
                        .equals(snapshot.path("metadata").path("namespace"));
    }

    /** Whether the volume of a claim has what it shall begin with. */
    boolean done(ObjectNode claim) throws CannotRestoreException {
        JsonNode source = claim.path("spec").path("dataSourceRef");
        if (source.isMissingNode()) {
            return true;
        }
        String name = source.path("name").asText();
        if (!source.path("kind").asText().equals(KIND) || source.has("namespace")) {
            throw new CannotRestoreException(
                    "the embedded Kubernetes makes volumes only of snapshots in the claim's namespace");
        }
        Key key = new Key(KIND, claim.path("metadata").path("namespace").asText(), name);
        Optional<ObjectNode> snapshot = store.get(key);
        if (snapshot.isEmpty()) {
            throw new CannotRestoreException(
                    "error getting handle for DataSource Type VolumeSnapshot by Name %1$s: error getting snapshot %1$s from api server: volumesnapshots.snapshot.storage.k8s.io \"%1$s\" not found"
                            .formatted(name));
        }
        JsonNode status = snapshot.get().path("status");
        String prefix = "error getting handle for DataSource Type VolumeSnapshot by Name " + name;
        if (!status.has("boundVolumeSnapshotContentName")) {
            throw new CannotRestoreException("%s: snapshot %s not bound".formatted(prefix, name));
        }
        if (!status.path("readyToUse").asBoolean()) {
            throw new CannotRestoreException("%s: snapshot %s is not Ready".formatted(prefix, name));
        }
        long wanted = Sizes.bytes(claim.at("/spec/resources/requests/storage").asText("0"));
        long least = Sizes.bytes(status.path("restoreSize").asText("0"));
        if (wanted < least) {
            throw new CannotRestoreException(
                    "%s: requested volume size %d is less than the size %d for the source snapshot %s"
                            .formatted(prefix, wanted, least, name));
        }
        String content = status.path("boundVolumeSnapshotContentName").asText();
        String handle = store.get(new Key("VolumeSnapshotContent", "", content))
                .map(object -> object.path("status").path("snapshotHandle").asText())
                .orElseThrow(() ->
                        new CannotRestoreException("%s: snapshotcontent %s not found".formatted(prefix, content)));
        try {
            return copier.restored(handle, claim);
        } catch (IOException e) {
            throw new CannotRestoreException(String.valueOf(e.getMessage()));
        }
    }
}
