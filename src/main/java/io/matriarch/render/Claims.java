package io.matriarch.render;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.matriarch.api.Storage;
import io.matriarch.api.contract.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The claims of the members, created before their pods, and the templates of the same shape that the StatefulSet needs. */
public final class Claims {
    public static final String DATA = "data";
    public static final String WAL = "wal";

    private Claims() {}

    /** The claims of one member. */
    public static List<PersistentVolumeClaim> of(Rendering rendering, int ordinal) {
        Storage storage = rendering.spec().storage();
        List<PersistentVolumeClaim> claims = new ArrayList<>();
        claims.add(claim(rendering, rendering.names().dataClaim(ordinal), storage.size(), storage.storageClassName()));
        Storage.WalVolume wal = storage.wal();
        if (wal != null) {
            claims.add(claim(rendering, rendering.names().walClaim(ordinal), wal.size(), wal.storageClassName()));
        }
        return claims;
    }

    /** The size that the spec requests for the claim of this name. */
    public static Quantity size(Rendering rendering, String claim) {
        Storage.WalVolume wal = rendering.spec().storage().wal();
        return wal != null && claim.startsWith(WAL + "-")
                ? wal.size()
                : rendering.spec().storage().size();
    }

    /** Whether the volumes are deleted with the cluster. */
    public static boolean deletedWithCluster(Rendering rendering) {
        return Optional.ofNullable(rendering.spec().storage().retain())
                .map(Storage.Retain::whenDeleted)
                .filter(Storage.Policy.Delete::equals)
                .isPresent();
    }

    /** Whether the volumes of members that left are deleted. */
    public static boolean deletedWhenScaled(Rendering rendering) {
        return Optional.ofNullable(rendering.spec().storage().retain())
                .map(Storage.Retain::whenScaled)
                .filter(Storage.Policy.Delete::equals)
                .isPresent();
    }

    private static PersistentVolumeClaim claim(
            Rendering rendering, String name, Quantity size, @Nullable String storageClass) {
        ObjectMetaBuilder metadata = new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(rendering.namespace())
                .withLabels(rendering.labels())
                .withAnnotations(Map.of(
                        Labels.CLUSTER_UID, rendering.cluster().getMetadata().getUid()));
        if (deletedWithCluster(rendering)) {
            metadata.withOwnerReferences(rendering.owner());
        }
        return build(metadata, size, storageClass);
    }

    /** A StatefulSet's claim template is immutable: nothing in it may depend on something that can change. */
    static PersistentVolumeClaim template(
            Rendering rendering, String name, Quantity size, @Nullable String storageClass) {
        return build(new ObjectMetaBuilder().withName(name).withLabels(rendering.selector()), size, storageClass);
    }

    private static PersistentVolumeClaim build(
            ObjectMetaBuilder metadata, Quantity size, @Nullable String storageClass) {
        // spotless:off
        return new PersistentVolumeClaimBuilder()
                .withMetadata(metadata.build())
                .withNewSpec()
                    .withAccessModes("ReadWriteOnce")
                    .withStorageClassName(storageClass)
                    .withVolumeMode("Filesystem")
                    .withNewResources().withRequests(Map.of("storage", size)).endResources()
                .endSpec()
                .build();
        // spotless:on
    }
}
