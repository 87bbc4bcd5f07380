package io.matriarch.plan.objects;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Json;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Metadata;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Objects with this cluster's label and without an owner: the PostgresCluster was deleted with {@code --cascade=orphan}, or a restore tool dropped
 * the owner references. They get this cluster as their owner, and nothing else about them changes: no pod restarts, and no password is created
 * anew. An object that has an owner is never taken from it.
 */
public final class Adoption {
    /** Why the operator writes an owner reference. */
    public static final String WHY = "adopted: it carries this cluster's label and had no owner";

    private Adoption() {}

    /** Whether the object carries this cluster's label and has no owner. */
    static boolean adoptable(ClusterView view, HasMetadata object) {
        Map<String, String> labels =
                Objects.requireNonNullElse(object.getMetadata().getLabels(), Map.<String, String>of());
        return view.names().cluster().equals(labels.get(Labels.CLUSTER))
                && Metadata.owner(object).isEmpty()
                && Metadata.owners(object).stream().noneMatch(o -> o.getKind().equals(PostgresCluster.KIND));
    }

    /**
     * The database systems that the Lease, the claims and the status name. If there is more than one, it is unknown which one these objects serve.
     */
    static Set<String> systems(ClusterView view) {
        Set<String> systems = new TreeSet<>();
        view.lease().map(ClusterLease::systemIdentifier).ifPresent(systems::add);
        view.status().map(PostgresClusterStatus::systemIdentifier).ifPresent(systems::add);
        view.claims().stream()
                .map(claim -> Metadata.annotation(claim, Labels.SYSTEM_IDENTIFIER))
                .filter(system -> !system.isEmpty())
                .forEach(systems::add);
        return systems;
    }

    /**
     * Whether pods are running while no Lease says whose data counts. Their primary creates a deleted Lease again. Before that, the cluster would
     * look like one that has no database yet, and its pods like pods that may be replaced.
     */
    static boolean lacksLease(ClusterView view, HasMetadata object) {
        return object instanceof StatefulSet
                && !view.bootstrapped()
                && !view.members().isEmpty()
                && (!systems(view).isEmpty()
                        || view.members().stream()
                                .anyMatch(member -> member.report()
                                        .filter(r -> r.systemIdentifier() != null)
                                        .isPresent()));
    }

    static Action action(ClusterView view, HasMetadata object) {
        List<OwnerReference> owners = new ArrayList<>(Metadata.owners(object));
        owners.add(view.rendering().owner());
        Map<String, Object> metadata = new HashMap<>();
        metadata.put("ownerReferences", owners);
        return new Action.Patch(object, Json.text(Map.of("metadata", metadata)), WHY);
    }
}
