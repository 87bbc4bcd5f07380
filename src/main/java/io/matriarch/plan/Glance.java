package io.matriarch.plan;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings.SqlReference;
import io.matriarch.plan.objects.Identity;
import io.matriarch.plan.objects.Wanted;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.workload.Volumes;
import io.matriarch.render.Claims;
import io.matriarch.render.LeaseDocument;
import io.matriarch.render.Rendering;
import io.matriarch.render.SettingsDocument;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What a view needs in addition to the objects that carry the cluster's label. */
public final class Glance {
    private static final Duration SOON = Duration.ofSeconds(5);

    private Glance() {}

    /** An object that the spec refers to: a Secret, or else a ConfigMap. */
    public record Given(boolean secret, String name) {}

    /** An object whose Events say what is wrong with it. */
    public record InTrouble(String kind, String name, String uid) {}

    /** Kind and name of every object that this cluster would create. */
    public static List<HasMetadata> names(PostgresCluster cluster) {
        Rendering rendering = new Rendering(cluster);
        Names names = rendering.names();
        List<HasMetadata> all = new ArrayList<>(Wanted.access(rendering));
        all.addAll(Wanted.services(rendering));
        Wanted.disruptionBudget(rendering, rendering.spec().instances()).ifPresent(all::add);
        all.add(named(new ConfigMap(), rendering, names.settings()));
        all.add(named(new StatefulSet(), rendering, names.statefulSet()));
        for (String secret : Identity.needed(rendering)) {
            all.add(named(new Secret(), rendering, secret));
        }
        for (int ordinal = 0; ordinal < rendering.spec().instances(); ordinal++) {
            all.addAll(Claims.of(rendering, ordinal));
        }
        return all;
    }

    private static <T extends HasMetadata> T named(T object, Rendering rendering, String name) {
        ObjectMeta metadata = new ObjectMetaBuilder()
                .withNamespace(rendering.namespace())
                .withName(name)
                .build();
        object.setMetadata(metadata);
        return object;
    }

    /** The objects that the spec refers to, as long as they matter. */
    public static List<Given> given(PostgresCluster cluster, List<? extends HasMetadata> objects) {
        Rendering rendering = new Rendering(cluster);
        List<Given> given = new ArrayList<>();
        if (SettingsDocument.givesSecret(rendering)) {
            given.add(new Given(true, SettingsDocument.applicationSecret(rendering)));
        }
        boolean bootstrapped = objects.stream()
                .filter(Lease.class::isInstance)
                .map(Lease.class::cast)
                .map(LeaseDocument::read)
                .flatMap(Optional::stream)
                .map(ClusterLease::systemIdentifier)
                .anyMatch(Objects::nonNull);
        if (!bootstrapped) {
            for (SqlReference reference :
                    SettingsDocument.initdb(rendering.spec()).postInitSQLRefs()) {
                given.add(new Given(reference.kind() == SqlReference.Kind.Secret, reference.name()));
            }
        }
        return given.stream().distinct().toList();
    }

    /** Nodes of pods that are not ready. */
    public static List<String> nodes(List<? extends HasMetadata> objects) {
        return objects.stream()
                .filter(Pod.class::isInstance)
                .map(Pod.class::cast)
                .filter(pod -> pod.getSpec() != null && pod.getSpec().getNodeName() != null)
                .filter(pod -> !Member.of(pod).ready())
                .map(pod -> pod.getSpec().getNodeName())
                .distinct()
                .toList();
    }

    /** Claims without a volume or being resized, pods that do not start, and a StatefulSet that lacks pods. */
    public static List<InTrouble> inTrouble(PostgresCluster cluster, List<? extends HasMetadata> objects, Instant now) {
        List<InTrouble> all = new ArrayList<>();
        long pods = objects.stream().filter(Pod.class::isInstance).count();
        for (HasMetadata object : objects) {
            boolean trouble = switch (object) {
                case PersistentVolumeClaim claim ->
                    claim.getStatus() == null
                            || !"Bound".equals(claim.getStatus().getPhase())
                            || Volumes.growing(claim);
                case StatefulSet set ->
                    pods < Objects.requireNonNullElse(set.getSpec().getReplicas(), 1);
                case Pod pod ->
                    !Member.of(pod).ready()
                            && pod.getStatus() != null
                            && "Pending".equals(pod.getStatus().getPhase())
                            && pod.getSpec() != null
                            && pod.getSpec().getNodeName() != null;
                default -> false;
            };
            String created = object.getMetadata().getCreationTimestamp();
            if (trouble && created != null && now.isAfter(Instant.parse(created).plus(SOON))) {
                all.add(new InTrouble(
                        object.getKind(),
                        object.getMetadata().getName(),
                        Objects.requireNonNullElse(object.getMetadata().getUid(), "")));
            }
        }
        return all;
    }
}
