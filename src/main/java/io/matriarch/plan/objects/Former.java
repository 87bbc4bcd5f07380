package io.matriarch.plan.objects;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.contract.Names;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Metadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What is left of a former cluster of this name, and what others created under a name that this cluster needs. The garbage collector is still
 * deleting the former: wait, and adopt none of it. The latter is never overwritten. Objects that carry this cluster's label and have no owner are
 * adopted ({@link Adoption}). For claims, see the steps of volumes.
 */
public final class Former {
    private static final Duration RECHECK = Duration.ofSeconds(2);
    private static final Duration SLOW = Duration.ofSeconds(20);

    /** How many objects a message names. */
    private static final int NAMED = 3;

    private Former() {}

    public static Result step(ClusterView view) {
        List<String> leaving = new ArrayList<>();
        List<String> taken = new ArrayList<>();
        List<HasMetadata> orphans = new ArrayList<>();
        Set<String> names = ownNames(view);
        for (HasMetadata object : view.objects()) {
            boolean going = object.getMetadata().getDeletionTimestamp() != null;
            if (!names.contains(object.getKind() + "/" + object.getMetadata().getName())
                    || (Wanted.ours(view.cluster(), object) && !going)) {
                continue;
            }
            String target = object.getKind() + " " + object.getMetadata().getName();
            boolean former = Metadata.owners(object).stream()
                    .anyMatch(o -> o.getKind().equals(PostgresCluster.KIND)
                            && o.getName().equals(view.names().cluster()));
            if (former || going) {
                leaving.add(target);
            } else if (Adoption.adoptable(view, object)) {
                orphans.add(object);
            } else {
                taken.add(target);
            }
        }
        if (!taken.isEmpty()) {
            return new Wait("names that are taken", SLOW, List.of(taken(taken)));
        }
        if (!orphans.isEmpty() && leaving.isEmpty()) {
            return adopted(view, orphans);
        }
        if (view.statefulSet().isEmpty()) {
            view.pods()
                    .filter(pod -> Metadata.owner(pod).isPresent())
                    .map(Former::describe)
                    .forEach(leaving::add);
        }
        return leaving.isEmpty()
                ? new Done()
                : new Wait("what is being deleted: " + String.join(", ", leaving), RECHECK);
    }

    private static Result adopted(ClusterView view, List<HasMetadata> orphans) {
        Set<String> systems = Adoption.systems(view);
        if (systems.size() > 1) {
            return new Wait(
                    "one database system",
                    SLOW,
                    List.of(Finding.stalled(
                            "DifferentSystems",
                            "the Lease and the claims of this name are of different database systems (%s). Nothing is touched. Bring the Lease and the claims of one of them back, or use another cluster name"
                                    .formatted(String.join(", ", systems)))));
        }
        if (orphans.stream().anyMatch(object -> Adoption.lacksLease(view, object))) {
            return new Wait(
                    "the Lease of the members that run",
                    RECHECK,
                    List.of(Finding.trouble(
                            "LeaseGone",
                            "pods of a former cluster of this name run, and their Lease %s does not exist or cannot be read. Nothing is touched. The last primary writes it again when all its members are back; bring them back"
                                    .formatted(view.names().lease()))));
        }
        return Act.andLook(
                orphans.stream().map(object -> Adoption.action(view, object)).toList(), List.of());
    }

    private static Finding taken(List<String> taken) {
        int more = taken.size() - NAMED;
        String named = taken.stream().limit(NAMED).collect(Collectors.joining(", "));
        return Finding.stalled(
                "NameTaken",
                "%s%s %s to something else, and this cluster needs the name. Nothing is touched. Use another cluster name"
                        .formatted(
                                named,
                                more > 0 ? " and %d more".formatted(more) : "",
                                taken.size() == 1 ? "belongs" : "belong"));
    }

    private static String describe(Pod pod) {
        return "Pod " + pod.getMetadata().getName();
    }

    /** Kind and name of every object that belongs to this cluster alone. */
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
    public static boolean leaving(ClusterView view, PersistentVolumeClaim claim) {
        return claim.getMetadata().getDeletionTimestamp() != null
                || Metadata.owners(claim).stream()
                        .anyMatch(o -> o.getKind().equals(PostgresCluster.KIND)
                                && !o.getUid().equals(view.uid()));
    }
}
