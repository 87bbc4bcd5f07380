package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where pods may run. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Scheduling(
        @JsonPropertyDescription(
                "Members on different nodes: Preferred, Required (a member waits for a node of its own) or Off.")
        @Default("Preferred")
        @Nullable
        AntiAffinity antiAffinity,

        @JsonPropertyDescription("The node label that tells nodes or zones apart for antiAffinity.")
        @Default("kubernetes.io/hostname")
        @Nullable
        String topologyKey,

        @JsonPropertyDescription("Labels that a node must have.") @Nullable
        Map<String, String> nodeSelector,

        @JsonPropertyDescription("Taints that the pods tolerate.") @Nullable
        List<Toleration> tolerations,

        @JsonPropertyDescription(
                "How members spread over zones and the like. Without a labelSelector, it applies to the members of this cluster.")
        @Nullable
        List<TopologySpreadConstraint> topologySpreadConstraints,

        @JsonPropertyDescription("PriorityClass of the pods.") @Nullable
        String priorityClassName) {

    /** How strictly members are kept apart. */
    public enum AntiAffinity {
        Preferred,
        Required,
        Off
    }
}
