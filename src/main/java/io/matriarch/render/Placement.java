package io.matriarch.render;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PodAffinityTermBuilder;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraintBuilder;
import io.matriarch.api.Scheduling;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where members may run: apart from each other, and spread as the user says. */
final class Placement {
    private Placement() {}

    static @Nullable Affinity affinity(Rendering rendering, Scheduling scheduling) {
        PodAffinityTerm apart = new PodAffinityTermBuilder()
                .withTopologyKey(Optional.ofNullable(scheduling.topologyKey()).orElse(Inputs.TOPOLOGY_KEY))
                .withNewLabelSelector()
                .withMatchLabels(rendering.selector())
                .endLabelSelector()
                .build();
        return switch (Optional.ofNullable(scheduling.antiAffinity()).orElse(Scheduling.AntiAffinity.Preferred)) {
            case Off -> null;
            case Preferred ->
                new AffinityBuilder()
                        .withNewPodAntiAffinity()
                        .addNewPreferredDuringSchedulingIgnoredDuringExecution()
                        .withWeight(100)
                        .withPodAffinityTerm(apart)
                        .endPreferredDuringSchedulingIgnoredDuringExecution()
                        .endPodAntiAffinity()
                        .build();
            case Required ->
                new AffinityBuilder()
                        .withNewPodAntiAffinity()
                        .withRequiredDuringSchedulingIgnoredDuringExecution(apart)
                        .endPodAntiAffinity()
                        .build();
        };
    }

    static List<TopologySpreadConstraint> spread(Rendering rendering, Scheduling scheduling) {
        return PodTemplate.orEmpty(scheduling.topologySpreadConstraints()).stream()
                .map(constraint -> constraint.getLabelSelector() != null
                        ? constraint
                        : new TopologySpreadConstraintBuilder(constraint)
                                .withNewLabelSelector()
                                .withMatchLabels(rendering.selector())
                                .endLabelSelector()
                                .build())
                .toList();
    }
}
