package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import org.jspecify.annotations.Nullable;

/** The volumes of each member: PersistentVolumeClaims {@code data-CLUSTER-N} and, if requested, {@code wal-CLUSTER-N}. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "has(self.wal) == has(oldSelf.wal)",
        message =
                "storage.wal: a volume for WAL cannot be added to or removed from a live cluster; make a new cluster and move the data")
@ValidationRule(
        value =
                "(has(self.storageClassName) ? self.storageClassName : '') == (has(oldSelf.storageClassName) ? oldSelf.storageClassName : '')",
        message =
                "storage.storageClassName: the class of existing volumes cannot be changed; make a new cluster and move the data")
public record Storage(
        @JsonPropertyDescription("Size of the data volume, such as 20Gi. It may grow at any time and never shrink.")
        @Required
        @ValidationRule(
                value = "isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))",
                message = "storage.size: not a size; give a number with one of Kubernetes' units, such as 20Gi")
        @ValidationRule(
                value =
                        "!isQuantity(string(self)) || !isQuantity(string(oldSelf)) || quantity(string(self)).compareTo(quantity(string(oldSelf))) >= 0",
                message = "storage.size: a volume cannot shrink")
        Quantity size,

        @JsonPropertyDescription("StorageClass of the data volume; the cluster's default when absent.") @Nullable
        String storageClassName,

        @JsonPropertyDescription("A separate volume for pg_wal. You choose it when you create the cluster.") @Nullable
        WalVolume wal,

        @JsonPropertyDescription("What happens to volumes that are no longer in use.") @Nullable
        Retain retain) {

    /** The volume for pg_wal. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value =
                    "(has(self.storageClassName) ? self.storageClassName : '') == (has(oldSelf.storageClassName) ? oldSelf.storageClassName : '')",
            message =
                    "storage.wal.storageClassName: the class of existing volumes cannot be changed; make a new cluster and move the data")
    public record WalVolume(
            @JsonPropertyDescription("Size of the WAL volume, such as 5Gi. It may grow at any time and never shrink.")
            @Required
            @ValidationRule(
                    value = "isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))",
                    message = "storage.wal.size: not a size; give a number with one of Kubernetes' units, such as 5Gi")
            @ValidationRule(
                    value =
                            "!isQuantity(string(self)) || !isQuantity(string(oldSelf)) || quantity(string(self)).compareTo(quantity(string(oldSelf))) >= 0",
                    message = "storage.wal.size: a volume cannot shrink")
            Quantity size,

            @JsonPropertyDescription("StorageClass of the WAL volume; the cluster's default when absent.") @Nullable
            String storageClassName) {}

    /** What happens to volumes that are no longer used. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Retain(
            @JsonPropertyDescription(
                    "Retain: deleting the cluster keeps its volumes, and a new cluster of the same name uses them again. Delete: they are deleted with it.")
            @Default("Retain")
            @Nullable
            Policy whenDeleted,

            @JsonPropertyDescription(
                    "Retain: scaling down keeps the volumes of the members that leave. Delete: they are deleted once the member has left.")
            @Default("Retain")
            @Nullable
            Policy whenScaled) {}

    /** As {@code StatefulSet.spec.persistentVolumeClaimRetentionPolicy}; carried out by the operator. */
    public enum Policy {
        Retain,
        Delete
    }
}
