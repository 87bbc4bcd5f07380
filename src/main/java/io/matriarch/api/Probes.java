package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Min;
import org.jspecify.annotations.Nullable;

/** Timing of the kubelet's probes. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Probes(
        @JsonPropertyDescription("How long a member may take to start. Crash recovery and cloning count as progress.")
        @Nullable
        Timing startup,

        @JsonPropertyDescription("How long the agent may make no progress before the kubelet restarts the container.")
        @Nullable
        Timing liveness,

        @JsonPropertyDescription(
                "How fast a member that does not serve is removed from the Services `-ro` and `-r`. `-rw` always leads to the primary.")
        @Nullable
        Timing readiness) {

    /** The standard fields of a Kubernetes probe; an absent field keeps the operator's default. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Timing(
            @JsonPropertyDescription("Seconds before the first probe.") @Min(0) @Nullable
            Integer initialDelaySeconds,

            @JsonPropertyDescription("Seconds between probes.") @Min(1) @Nullable
            Integer periodSeconds,

            @JsonPropertyDescription("Timeout of a probe, in seconds.") @Min(1) @Nullable
            Integer timeoutSeconds,

            @JsonPropertyDescription("How many failures in a row count as failed.") @Min(1) @Nullable
            Integer failureThreshold) {}
}
