package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The Services that applications connect to: NAME-rw (the primary), NAME-ro (replicas), NAME-r (any ready member). */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Services(
        @JsonPropertyDescription("NAME-rw: the primary.") @Nullable
        Exposure readWrite,

        @JsonPropertyDescription("NAME-ro: the replicas.") @Nullable
        Exposure readOnly,

        @JsonPropertyDescription("NAME-r: any ready member.") @Nullable
        Exposure any) {

    /** How a Service is reached. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Exposure(
            @JsonPropertyDescription("ClusterIP, NodePort or LoadBalancer.") @Default("ClusterIP") @Nullable
            Type type,

            @JsonPropertyDescription("Annotations of the Service, such as a load balancer's.") @Nullable
            Map<String, String> annotations) {}

    /** As {@code Service.spec.type}. */
    public enum Type {
        ClusterIP,
        NodePort,
        LoadBalancer
    }
}
