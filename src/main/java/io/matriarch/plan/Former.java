package io.matriarch.plan;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.contract.Names;
import io.matriarch.plan.Step.Done;
import io.matriarch.plan.Step.Result;
import io.matriarch.plan.Step.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What is left of a former cluster of this name, and what others made under a name of ours. The garbage collector is still busy with the
 * first: wait, and adopt none of it. The second is never overwritten. Claims are another matter ({@link Volumes}).
 */
final class Former {
    private static final Duration RECHECK = Duration.ofSeconds(2);
    private static final Duration SLOW = Duration.ofSeconds(20);

    private Former() {}

    static Result step(ClusterView view) {
        List<String> leaving = new ArrayList<>();
        List<Finding> taken = new ArrayList<>();
        Set<String> names = ownNames(view);
        for (HasMetadata object : view.objects()) {
            if (!names.contains(object.getKind() + "/" + object.getMetadata().getName())
                    || (Wanted.ours(view.cluster(), object)
                            && object.getMetadata().getDeletionTimestamp() == null)) {
                continue;
            }
            String target = object.getKind() + " " + object.getMetadata().getName();
            boolean former = ClusterView.owners(object).stream()
                    .anyMatch(o -> o.getKind().equals(PostgresCluster.KIND)
                            && o.getName().equals(view.names().cluster()));
            if (former || object.getMetadata().getDeletionTimestamp() != null) {
                leaving.add(target);
            } else {
                taken.add(Finding.stalled(
                        "NameTaken",
                        "%s exists and is not of this cluster. It is left as it is. Rename or delete it, or use another cluster name"
                                .formatted(target)));
            }
        }
        if (!taken.isEmpty()) {
            return new Wait("names that are taken", SLOW, taken);
        }
        if (view.statefulSet().isEmpty()) {
            view.pods()
                    .filter(pod -> ClusterView.owner(pod).isPresent())
                    .map(Former::describe)
                    .forEach(leaving::add);
        }
        return leaving.isEmpty()
                ? new Done()
                : new Wait("what is being deleted: " + String.join(", ", leaving), RECHECK);
    }

    private static String describe(Pod pod) {
        return "Pod " + pod.getMetadata().getName();
    }

    /** Kind and name of every object that is ours alone. */
    private static Set<String> ownNames(ClusterView view) {
        Names names = view.names();
        Set<String> own = new java.util.TreeSet<>();
        for (HasMetadata object : Wanted.access(view.rendering())) {
            own.add(object.getKind() + "/" + object.getMetadata().getName());
        }
        for (HasMetadata object : Wanted.services(view.rendering())) {
            own.add(object.getKind() + "/" + object.getMetadata().getName());
        }
        own.add("PodDisruptionBudget/" + names.podDisruptionBudget());
        own.add("ConfigMap/" + names.settings());
        own.add("Lease/" + names.lease());
        own.add("StatefulSet/" + names.statefulSet());
        Identity.needed(view.rendering()).forEach(secret -> own.add("Secret/" + secret));
        return own;
    }

    /** Whether the garbage collector is about to delete a claim that a former cluster owned. */
    static boolean leaving(ClusterView view, PersistentVolumeClaim claim) {
        return claim.getMetadata().getDeletionTimestamp() != null
                || ClusterView.owners(claim).stream()
                        .anyMatch(o -> o.getKind().equals(PostgresCluster.KIND)
                                && !o.getUid().equals(view.uid()));
    }
}
