package io.matriarch.render;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetUpdateStrategy;
import io.fabric8.kubernetes.api.model.apps.StatefulSetUpdateStrategyBuilder;
import io.matriarch.api.PostgresClusterSpec.PodManagementPolicy;
import io.matriarch.api.Storage;
import io.matriarch.api.contract.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The StatefulSet (docs/internals/workload.md 2). */
public final class Workload {
    private static final int HISTORY = 10;

    private Workload() {}

    /** How the StatefulSet's controller may replace pods of another revision. */
    public sealed interface Update {
        /** Ordinals from {@code partition} upwards follow the template; at rest it equals the replicas, so none does. */
        record Partition(int partition) implements Update {}

        /** A deleted pod is recreated from the newest template: used only while one member is being replaced. */
        record OnDelete() implements Update {}
    }

    /** The user's fields that reach the pod template. A new default of the operator is not among them. */
    public static String inputs(Rendering rendering) {
        return Inputs.of(rendering.spec());
    }

    /**
     * A StatefulSet with this template.
     *
     * @param template rendered now, or the live one if nothing that the user gave has changed
     * @param inputs hash of what {@code template} was rendered from
     * @param agentImage image whose agent {@code template} runs
     * @param claimTemplates the live ones, as they are immutable; empty for a new StatefulSet
     */
    public static StatefulSet statefulSet(
            Rendering rendering,
            PodTemplateSpec template,
            String inputs,
            String agentImage,
            List<PersistentVolumeClaim> claimTemplates,
            int replicas,
            Update update) {
        PodManagementPolicy policy =
                Optional.ofNullable(rendering.spec().podManagementPolicy()).orElse(PodManagementPolicy.Parallel);
        // spotless:off
        return Stamp.on(new StatefulSetBuilder()
                .withMetadata(new ObjectMetaBuilder(rendering.metadata(rendering.names().statefulSet()))
                        .addToAnnotations(Labels.INPUTS, inputs)
                        .addToAnnotations(Labels.AGENT_IMAGE, agentImage)
                        .build())
                .withNewSpec()
                    .withReplicas(replicas)
                    .withServiceName(rendering.names().podsService())
                    .withPodManagementPolicy(policy.name())
                    .withRevisionHistoryLimit(HISTORY)
                    .withNewPersistentVolumeClaimRetentionPolicy()
                        .withWhenDeleted("Retain").withWhenScaled("Retain")
                    .endPersistentVolumeClaimRetentionPolicy()
                    .withNewSelector().withMatchLabels(rendering.selector()).endSelector()
                    .withUpdateStrategy(strategy(update))
                    .withTemplate(template)
                    .withVolumeClaimTemplates(claimTemplates.isEmpty() ? claimTemplates(rendering) : claimTemplates)
                .endSpec()
                .build());
        // spotless:on
    }

    private static StatefulSetUpdateStrategy strategy(Update update) {
        return switch (update) {
            case Update.Partition partition ->
                new StatefulSetUpdateStrategyBuilder()
                        .withType("RollingUpdate")
                        .withNewRollingUpdate()
                        .withPartition(partition.partition())
                        .endRollingUpdate()
                        .build();
            case Update.OnDelete onDelete ->
                new StatefulSetUpdateStrategyBuilder().withType("OnDelete").build();
        };
    }

    private static List<PersistentVolumeClaim> claimTemplates(Rendering rendering) {
        Storage storage = rendering.spec().storage();
        List<PersistentVolumeClaim> templates = new ArrayList<>();
        templates.add(Claims.template(rendering, Claims.DATA, storage.size(), storage.storageClassName()));
        Storage.WalVolume wal = storage.wal();
        if (wal != null) {
            templates.add(Claims.template(rendering, Claims.WAL, wal.size(), wal.storageClassName()));
        }
        return templates;
    }
}
