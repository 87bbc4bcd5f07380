package io.matriarch.plan.view;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fabric8.kubernetes.api.model.Pod;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Names;
import io.matriarch.plan.step.Json;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A pod of the cluster and its agent's report.
 *
 * @param ordinal number at the end of the pod's name
 * @param report empty before the agent has reported anything
 */
public record Member(int ordinal, Pod pod, Optional<MemberReport> report) {
    public static Member of(Pod pod) {
        Map<String, String> annotations =
                Objects.requireNonNullElse(pod.getMetadata().getAnnotations(), Map.of());
        Optional<MemberReport> report =
                Optional.ofNullable(annotations.get(Labels.REPORT)).flatMap(Member::parse);
        return new Member(Names.ordinal(pod.getMetadata().getName()), pod, report);
    }

    private static Optional<MemberReport> parse(String json) {
        try {
            return Optional.of(Json.MAPPER.readValue(json, MemberReport.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    public String name() {
        return pod.getMetadata().getName();
    }

    public String uid() {
        return Objects.requireNonNullElse(pod.getMetadata().getUid(), "");
    }

    public boolean terminating() {
        return pod.getMetadata().getDeletionTimestamp() != null;
    }

    public boolean ready() {
        return !terminating()
                && pod.getStatus() != null
                && pod.getStatus().getConditions().stream()
                        .anyMatch(c -> "Ready".equals(c.getType()) && "True".equals(c.getStatus()));
    }

    /** Name of the StatefulSet's revision that the pod was created from. */
    public String revision() {
        return Objects.requireNonNullElse(pod.getMetadata().getLabels(), Map.<String, String>of())
                .getOrDefault("controller-revision-hash", "");
    }

    public boolean servesAsPrimary() {
        return ready()
                && report.filter(r -> r.role() == MemberReport.Role.Primary).isPresent();
    }

    long epoch() {
        return report.map(MemberReport::epoch).orElse(0L);
    }
}
