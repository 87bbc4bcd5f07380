package io.matriarch.plan.objects;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.matriarch.api.PostgresCluster;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Metadata;
import io.matriarch.render.Access;
import io.matriarch.render.Networking;
import io.matriarch.render.Rendering;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Objects that are rendered from the spec alone, and whether the live objects differ from them. */
public final class Wanted {
    private Wanted() {}

    public static List<HasMetadata> access(Rendering rendering) {
        return Access.objects(rendering);
    }

    public static List<Service> services(Rendering rendering) {
        return Networking.services(rendering);
    }

    public static Optional<PodDisruptionBudget> disruptionBudget(Rendering rendering, int members) {
        return Networking.disruptionBudget(rendering, members);
    }

    /** Applies the objects that are absent or differ. */
    public static List<Action> applied(ClusterView view, List<? extends HasMetadata> desired) {
        List<Action> actions = new ArrayList<>();
        for (HasMetadata object : desired) {
            Optional<HasMetadata> live = view.live(object);
            if (live.isEmpty() || Drift.needsApply(object, live.get())) {
                actions.add(new Action.Apply(object));
            }
        }
        return actions;
    }

    /** Whether an object belongs to this cluster, and not to a former one of the same name or to somebody else. */
    public static boolean ours(PostgresCluster cluster, HasMetadata object) {
        String uid = cluster.getMetadata().getUid();
        return Metadata.owners(object).stream().anyMatch(o -> o.getUid().equals(uid));
    }
}
