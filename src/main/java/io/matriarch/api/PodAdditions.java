package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Additions to the pods. A name that the operator itself uses (containers, volumes, variables, labels) is refused with a clear error. Containers
 * and volumes are stored as the user gave them: the CRD has no schema for their content, and one that does not fit Kubernetes' types would keep
 * the operator from reading any cluster at all.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PodAdditions(
        @JsonPropertyDescription("More labels.") @Nullable Map<String, String> labels,

        @JsonPropertyDescription("More annotations.") @Nullable
        Map<String, String> annotations,

        @JsonPropertyDescription("More environment variables of the container `postgres`.") @Nullable
        List<EnvVar> env,

        @JsonPropertyDescription("Init containers. They run after the operator's. Fields as in a pod.") @Nullable
        List<Map<String, Object>> initContainers,

        @JsonPropertyDescription("Sidecars. Fields as in a pod.") @Nullable
        List<Map<String, Object>> containers,

        @JsonPropertyDescription("Volumes. Fields as in a pod.") @Nullable
        List<Map<String, Object>> volumes,

        @JsonPropertyDescription("Mounts of the container `postgres`.") @Nullable
        List<VolumeMount> volumeMounts) {}
