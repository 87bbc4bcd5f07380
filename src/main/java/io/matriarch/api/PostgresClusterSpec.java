package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.model.annotation.SpecReplicas;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the user wants; nothing but the user ever writes here. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value =
                "!has(self.replication) || !has(self.replication.acknowledgements) || self.replication.acknowledgements < self.instances",
        message =
                "replication.acknowledgements: must be less than instances, as only replicas acknowledge; give fewer, or more instances")
@ValidationRule(
        value =
                "!has(self.replication) || !has(self.replication.mode) || self.replication.mode != 'Quorum' || self.instances > 1",
        message =
                "replication.mode: Quorum needs a replica, and instances is 1; leave mode out, or have 2 instances or more")
@ValidationRule(
        value =
                "!has(self.fencedInstances) || self.fencedInstances.all(f, type(f) == int ? f >= 0 && f < self.instances : string(f) == '*')",
        message = "fencedInstances: give ordinals of members, from 0 to instances - 1, or \"*\" for all")
public record PostgresClusterSpec(
        @JsonPropertyDescription("How many members the cluster has: one primary, the others its streaming replicas.")
        @SpecReplicas
        @Min(1)
        @Max(9)
        @Default("1")
        int instances,

        @JsonPropertyDescription(
                "The image that holds PostgreSQL (14 to 18): the official Debian flavour of `postgres`, or one built on it. The server reports its version; it is never guessed from the tag.")
        @Required
        @ValidationRule(
                value = "!self.matches('^(.*[/])?postgres:[^@]*alpine[^@]*(@.*)?$')",
                message =
                        "image: the Alpine flavour is not supported (musl sorts text differently and cannot run the agent); use the Debian flavour, such as postgres:17")
        @ValidationRule(value = "size(self) > 0", message = "image: name an image, such as postgres:17")
        String image,

        @JsonPropertyDescription("When the kubelet pulls the image: Always, IfNotPresent or Never.")
        @Default("IfNotPresent")
        @Nullable
        ImagePullPolicy imagePullPolicy,

        @JsonPropertyDescription("Secrets of this namespace with credentials of the registry.") @Nullable
        List<LocalObjectReference> imagePullSecrets,

        @JsonPropertyDescription("The volumes of each member.") @Required
        Storage storage,

        @JsonPropertyDescription("How PostgreSQL is configured.") @Nullable
        PostgresConfiguration postgres,

        @JsonPropertyDescription(
                "How the cluster gets its first data. Used once, when there is no data, and ignored afterwards.")
        @Nullable
        Bootstrap bootstrap,

        @JsonPropertyDescription("When a commit is acknowledged.") @Nullable
        Replication replication,

        @JsonPropertyDescription("How fast a lost primary is replaced, and what that may cost.") @Nullable
        Failover failover,

        @JsonPropertyDescription(
                "Also create a Secret NAME-superuser, and let the role postgres log in over the network with its password. If false, that role has no password.")
        @Nullable
        Boolean enableSuperuserAccess,

        @JsonPropertyDescription(
                "Parallel: all pods start at once and the operator orders the work. OrderedReady: the StatefulSet starts each pod when the one before is ready.")
        @Default("Parallel")
        @ValidationRule(
                value = "self == oldSelf",
                message =
                        "podManagementPolicy: a StatefulSet cannot change it; make a new cluster of this name over the kept volumes instead")
        @Nullable
        PodManagementPolicy podManagementPolicy,

        @JsonPropertyDescription("CPU and memory of the container `postgres`.") @Nullable
        ResourceRequirements resources,

        @JsonPropertyDescription("Where pods may run.") @Nullable
        Scheduling scheduling,

        @JsonPropertyDescription("Timing of the kubelet's probes. The checks themselves are fixed.") @Nullable
        Probes probes,

        @JsonPropertyDescription("Additions to the pods. They cannot override what the operator sets.") @Nullable
        PodAdditions pod,

        @JsonPropertyDescription("The Services that applications connect to.") @Nullable
        Services services,

        @JsonPropertyDescription("The PodDisruptionBudget.") @Nullable
        DisruptionBudget disruptionBudget,

        @JsonPropertyDescription(
                "True: the operator writes nothing that belongs to this cluster. The agents keep the database available.")
        @Nullable
        Boolean paused,

        @JsonPropertyDescription(
                "Ordinals of members whose pod stays while PostgreSQL is kept stopped on it, such as [2]; [\"*\"] for all. A fenced primary hands over first, if a replica can take over.")
        @Nullable
        List<IntOrString> fencedInstances) {

    /** When the kubelet pulls the image, as in a container's {@code imagePullPolicy}. */
    public enum ImagePullPolicy {
        Always,
        IfNotPresent,
        Never
    }

    /** As {@code StatefulSet.spec.podManagementPolicy}. */
    public enum PodManagementPolicy {
        Parallel,
        OrderedReady
    }

    /** See {@code kubectl explain pgc.spec.disruptionBudget}. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record DisruptionBudget(
            @JsonPropertyDescription(
                    "Create a PodDisruptionBudget that allows one member at a time to be evicted. There is none with a single member or while all are fenced, so that it never blocks a drain for good.")
            @Default("true")
            @Nullable
            Boolean enabled) {}
}
