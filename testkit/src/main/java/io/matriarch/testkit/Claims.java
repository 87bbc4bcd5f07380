package io.matriarch.testkit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;

/**
 * Binds PersistentVolumeClaims to volumes made for them, and grows these; a claim of a class that does not exist stays pending, and one of a snapshot
 * until its volume has what the snapshot has.
 */
final class Claims extends Controller {
    private final Restores restores;

    Claims(Store store, VolumeCopier copier) {
        super(store);
        this.restores = new Restores(store, copier);
    }

    @Override
    void turn() {
        for (ObjectNode claim : store().list("PersistentVolumeClaim")) {
            if (claim.path("metadata").has("deletionTimestamp")) {
                continue;
            }
            String type = claim.path("spec").path("storageClassName").asText("standard");
            if (claim.path("spec").path("volumeName").asText("").isEmpty()
                    && store().get(new Key("StorageClass", "", type)).isEmpty()) {
                say(claim, "ProvisioningFailed", "storageclass.storage.k8s.io \"%s\" not found".formatted(type));
                continue;
            }
            if (filled(claim)) {
                bind(claim, type);
            }
        }
    }

    /** A new volume begins with what the claim names as its source. */
    private boolean filled(ObjectNode claim) {
        if (!claim.path("spec").path("volumeName").asText("").isEmpty()) {
            return true;
        }
        try {
            return restores.done(claim);
        } catch (Restores.CannotRestoreException e) {
            say(claim, "ProvisioningFailed", String.valueOf(e.getMessage()));
            return false;
        }
    }

    private void bind(ObjectNode claim, String type) {
        Key volume = new Key(
                "PersistentVolume",
                "",
                claim.path("spec")
                        .path("volumeName")
                        .asText("pvc-" + claim.path("metadata").path("uid").asText()));
        if (store().get(volume).isEmpty()) {
            ObjectNode object = Store.JSON.createObjectNode();
            object.put("apiVersion", "v1").put("kind", "PersistentVolume");
            ObjectNode spec = object.putObject("spec");
            spec.set("accessModes", claim.path("spec").path("accessModes"));
            spec.set("capacity", claim.path("spec").path("resources").path("requests"));
            spec.put("storageClassName", type).put("persistentVolumeReclaimPolicy", "Delete");
            spec.putObject("claimRef")
                    .put("namespace", claim.path("metadata").path("namespace").asText())
                    .put("name", claim.path("metadata").path("name").asText())
                    .put("uid", claim.path("metadata").path("uid").asText());
            object.putObject("status").put("phase", "Bound");
            store().create(volume, object);
        }
        store().update(volume, live -> {
            live.withObjectProperty("spec")
                    .set("capacity", claim.path("spec").path("resources").path("requests"));
            return live;
        });
        store().update(Key.of(claim), live -> {
            ObjectNode spec = live.withObjectProperty("spec");
            spec.put("volumeName", volume.name());
            spec.put("storageClassName", type);
            ObjectNode status = live.withObjectProperty("status");
            status.put("phase", "Bound");
            status.set("accessModes", spec.path("accessModes"));
            status.putObject("capacity")
                    .set("storage", spec.path("resources").path("requests").path("storage"));
            return live;
        });
    }
}
