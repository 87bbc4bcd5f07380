package io.matriarch.plan.workload;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Names;
import io.matriarch.plan.objects.Former;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Json;
import io.matriarch.plan.step.Said;
import io.matriarch.plan.step.Step;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Metadata;
import io.matriarch.plan.workload.Budget.Disruption;
import io.matriarch.render.Claims;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Claims: created before their pods, adopted if they exist already, grown, and deleted only if the user said so (docs/internals/workload.md 4 and
 * 5). The StatefulSet itself never owns or deletes one.
 */
public final class Volumes {
    private static final Duration RECHECK = Duration.ofSeconds(2);

    private Volumes() {}

    /**
     * Drops owner references from claims that the user now wants to keep when the cluster is deleted. This step runs early and waits for nothing:
     * a user who sets that during an incident may delete the cluster next.
     */
    public static Result kept(ClusterView view, Fitness fitness) {
        if (Claims.deletedWithCluster(view.rendering())) {
            return new Done();
        }
        int pods = Membership.of(view, fitness).pods();
        List<Action> actions = new ArrayList<>();
        for (PersistentVolumeClaim claim : view.claims()) {
            List<OwnerReference> owners = owners(view, claim);
            boolean mine = view.ordinalOf(claim) < pods || view.ours(claim);
            if (mine && !Former.leaving(view, claim) && !owners.equals(Metadata.owners(claim))) {
                String patch = Json.text(Map.of("metadata", Map.of("ownerReferences", owners)));
                actions.add(new Action.Patch(claim, patch, "keep"));
            }
        }
        return Step.actOrDone(actions, List.of());
    }

    /** Claims that are being deleted are not used: the garbage collector deletes those that a former cluster of this name owned. */
    public static Result leaving(ClusterView view, Fitness fitness) {
        int pods = Membership.of(view, fitness).pods();
        String leaving = view.claims().stream()
                .filter(claim -> view.ordinalOf(claim) < pods)
                .filter(claim -> Former.leaving(view, claim))
                .filter(claim -> view.member(view.ordinalOf(claim)).isEmpty())
                .map(claim -> claim.getMetadata().getName())
                .collect(Collectors.joining(", "));
        return leaving.isEmpty() ? new Done() : new Wait("the deletion of the claims " + leaving, RECHECK);
    }

    public static Result create(ClusterView view, Fitness fitness) {
        int pods = Membership.of(view, fitness).pods();
        List<Action> actions = new ArrayList<>();
        for (int ordinal = 0; ordinal < pods; ordinal++) {
            for (PersistentVolumeClaim claim : Claims.of(view.rendering(), ordinal)) {
                if (view.claim(claim.getMetadata().getName()).isEmpty()) {
                    actions.add(new Action.Create(atLeast(view, claim)));
                }
            }
        }
        return Step.actOrDone(actions, List.of());
    }

    /** Sets the size that the spec says; nothing else determines the size of a claim that does not exist yet. */
    private static PersistentVolumeClaim atLeast(ClusterView view, PersistentVolumeClaim claim) {
        claim.getSpec()
                .getResources()
                .setRequests(Map.of(
                        "storage",
                        Claims.size(view.rendering(), claim.getMetadata().getName())));
        return claim;
    }

    public static Result care(ClusterView view, Fitness fitness) {
        int pods = Membership.of(view, fitness).pods();
        List<Action> actions = new ArrayList<>();
        for (PersistentVolumeClaim claim : view.claims()) {
            boolean used = view.ordinalOf(claim) < pods;
            if (Former.leaving(view, claim) || (!used && !view.ours(claim))) {
                continue;
            }
            if (!used && mayGo(view, fitness, claim)) {
                actions.add(new Action.Delete(claim, "its member left, and storage.retain.whenScaled is Delete"));
                continue;
            }
            Map<String, Object> patch = new LinkedHashMap<>();
            metadata(view, fitness, claim, used).ifPresent(metadata -> patch.put("metadata", metadata));
            if (used) {
                growth(view, claim)
                        .ifPresent(size -> patch.put(
                                "spec", Map.of("resources", Map.of("requests", Map.of("storage", size.toString())))));
            }
            if (!patch.isEmpty()) {
                actions.add(new Action.Patch(claim, Json.text(patch), patch.containsKey("spec") ? "grow" : "describe"));
            }
        }
        return Step.actOrDone(actions, List.of());
    }

    public static List<Finding> findings(ClusterView view, Fitness fitness) {
        int pods = Membership.of(view, fitness).pods();
        return view.claims().stream()
                .filter(claim -> view.ordinalOf(claim) < pods)
                .flatMap(claim -> trouble(view, claim).stream())
                .toList();
    }

    /**
     * Whether a claim may be deleted: its member is in neither the settings nor the StatefulSet, nothing in the budget prevents it, and the pod is
     * gone.
     */
    private static boolean mayGo(ClusterView view, Fitness fitness, PersistentVolumeClaim claim) {
        int ordinal = view.ordinalOf(claim);
        return Claims.deletedWhenScaled(view.rendering())
                && view.ours(claim)
                && fitness.knowsItsData()
                && view.statefulSet().isPresent()
                && ordinal >= view.spec().instances()
                && ordinal >= view.replicas()
                && fitness.told().filter(told -> told <= ordinal).isPresent()
                && view.pods().noneMatch(pod -> Names.ordinal(pod.getMetadata().getName()) == ordinal)
                && fitness.obstacle(ordinal, Disruption.Forget).isEmpty();
    }

    private static Optional<Map<String, Object>> metadata(
            ClusterView view, Fitness fitness, PersistentVolumeClaim claim, boolean used) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        Map<String, String> labels =
                Objects.requireNonNullElse(claim.getMetadata().getLabels(), Map.of());
        if (!view.names().cluster().equals(labels.get(Labels.CLUSTER))) {
            metadata.put("labels", view.rendering().labels());
        }
        Map<String, String> annotations = annotations(view, fitness, claim, used);
        if (!annotations.isEmpty()) {
            metadata.put("annotations", annotations);
        }
        List<OwnerReference> owners = owners(view, claim);
        if (Claims.deletedWithCluster(view.rendering()) && !owners.equals(Metadata.owners(claim))) {
            metadata.put("ownerReferences", owners);
        }
        return metadata.isEmpty() ? Optional.empty() : Optional.of(metadata);
    }

    /**
     * What a claim in use must say about its content, where it does not say so yet: until then, only its former cluster's uid distinguishes it
     * from a new one.
     */
    private static Map<String, String> annotations(
            ClusterView view, Fitness fitness, PersistentVolumeClaim claim, boolean used) {
        Map<String, String> wanted =
                new LinkedHashMap<>(used ? fitness.marks(view.ordinalOf(claim)) : Map.<String, String>of());
        wanted.entrySet().removeIf(e -> Metadata.annotation(claim, e.getKey()).equals(e.getValue()));
        return wanted;
    }

    /** The owners by {@code storage.retain.whenDeleted}: never this cluster, as long as the claim's data is not known to be this cluster's. */
    private static List<OwnerReference> owners(ClusterView view, PersistentVolumeClaim claim) {
        List<OwnerReference> others = Metadata.owners(claim).stream()
                .filter(o -> !o.getKind().equals(PostgresCluster.KIND))
                .filter(o -> !o.getKind().equals("StatefulSet") && !o.getKind().equals("Pod"))
                .toList();
        if (!Claims.deletedWithCluster(view.rendering()) || !view.ours(claim)) {
            return others;
        }
        Optional<OwnerReference> present = Metadata.owners(claim).stream()
                .filter(o -> o.getUid().equals(view.uid()))
                .findFirst();
        List<OwnerReference> owners = new ArrayList<>(others);
        owners.add(present.orElseGet(
                () -> new OwnerReferenceBuilder(view.rendering().owner()).build()));
        return owners;
    }

    /** The size to request, if the spec wants more than the claim requests. A claim that was grown by hand keeps its size. */
    private static Optional<Quantity> growth(ClusterView view, PersistentVolumeClaim claim) {
        Quantity wanted = Claims.size(view.rendering(), claim.getMetadata().getName());
        Quantity asked = requested(claim);
        boolean bound =
                claim.getStatus() != null && "Bound".equals(claim.getStatus().getPhase());
        return bound && Quantity.getAmountInBytes(wanted).compareTo(Quantity.getAmountInBytes(asked)) > 0
                ? Optional.of(wanted)
                : Optional.empty();
    }

    public static Quantity requested(PersistentVolumeClaim claim) {
        if (claim.getSpec() == null
                || claim.getSpec().getResources() == null
                || claim.getSpec().getResources().getRequests() == null) {
            return new Quantity("0");
        }
        return claim.getSpec().getResources().getRequests().getOrDefault("storage", new Quantity("0"));
    }

    public static Optional<Quantity> actual(PersistentVolumeClaim claim) {
        return Optional.ofNullable(claim.getStatus()).map(s -> s.getCapacity()).map(c -> c.get("storage"));
    }

    public static boolean growing(PersistentVolumeClaim claim) {
        return actual(claim)
                .filter(size ->
                        Quantity.getAmountInBytes(size).compareTo(Quantity.getAmountInBytes(requested(claim))) < 0)
                .isPresent();
    }

    /** The condition VolumesHealthy while nothing is wrong: True only when the claims of every member are seen bound. */
    public static Said healthy(ClusterView view) {
        List<String> growing = new ArrayList<>();
        List<String> unbound = new ArrayList<>();
        for (int ordinal = 0; ordinal < view.replicas(); ordinal++) {
            for (PersistentVolumeClaim wanted : Claims.of(view.rendering(), ordinal)) {
                String name = wanted.getMetadata().getName();
                Optional<PersistentVolumeClaim> claim = view.claim(name);
                if (claim.filter(c -> c.getStatus() != null
                                && "Bound".equals(c.getStatus().getPhase())
                                && c.getMetadata().getDeletionTimestamp() == null)
                        .isEmpty()) {
                    unbound.add(name + (claim.isEmpty() ? " (does not exist)" : ""));
                } else if (claim.filter(Volumes::growing).isPresent()) {
                    growing.add(name);
                }
            }
        }
        if (view.replicas() == 0) {
            return Said.unknown("Creating", "there are no volumes yet");
        }
        if (!unbound.isEmpty()) {
            return Said.unknown("NotBound", "not bound to a volume: %s".formatted(String.join(", ", unbound)));
        }
        return growing.isEmpty()
                ? Said.yes("Healthy", "every member's volume is bound and has the requested size")
                : Said.yes(
                        "Growing", "every member's volume is bound; growing: %s".formatted(String.join(", ", growing)));
    }

    /** A claim that is pending, lost, or not growing (docs/internals/workload.md 4 and 6). */
    private static Optional<Finding> trouble(ClusterView view, PersistentVolumeClaim claim) {
        String name = claim.getMetadata().getName();
        String phase = claim.getStatus() == null ? "Pending" : claim.getStatus().getPhase();
        if ("Lost".equals(phase)) {
            return Optional.of(new Finding(
                    Finding.Topic.Volumes,
                    true,
                    "VolumeLost",
                    "the volume of claim %s no longer exists. Bring it back. If that is impossible, docs/troubleshooting.md (A volume is lost) says what to do"
                            .formatted(name)));
        }
        if ("Pending".equals(phase)) {
            return view.notice("PersistentVolumeClaim", name, "ProvisioningFailed", "FailedBinding", "VolumeMismatch")
                    .map(notice -> new Finding(
                            Finding.Topic.Volumes,
                            true,
                            "VolumePending",
                            "claim %s has no volume yet: %s".formatted(name, notice.message())));
        }
        if (!growing(claim)) {
            return Optional.empty();
        }
        String status = Objects.toString(
                claim.getStatus().getAllocatedResourceStatuses() == null
                        ? null
                        : claim.getStatus().getAllocatedResourceStatuses().get("storage"),
                "");
        if (status.endsWith("Infeasible") || status.endsWith("Failed")) {
            String text = view.notice("PersistentVolumeClaim", name, "VolumeResizeFailed", "FileSystemResizeFailed")
                    .map(n -> ": " + n.message())
                    .orElse("");
            return Optional.of(new Finding(
                    Finding.Topic.Volumes,
                    true,
                    "ResizeFailed",
                    "%s cannot grow from %s to %s%s. Set storage.size to a value above %s that the driver can give"
                            .formatted(
                                    name,
                                    actual(claim).map(Quantity::toString).orElse("?"),
                                    requested(claim),
                                    text,
                                    actual(claim).map(Quantity::toString).orElse("?"))));
        }
        return Optional.empty();
    }
}
