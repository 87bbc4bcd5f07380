package io.matriarch.plan.workload;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatus;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.objects.Drift;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Said;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.view.Metadata;
import io.matriarch.render.PodTemplate;
import io.matriarch.render.Workload;
import io.matriarch.render.Workload.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The StatefulSet's shape (docs/internals/workload.md 2). Its template is rendered again only when a user's input to it has changed; a new version
 * of the operator leaves it alone. At rest the partition equals the replicas, so that the StatefulSet's controller never replaces a pod by itself;
 * template and partition are changed in one write. Until the cluster has its first database the partition is 0, so that correcting a mistake
 * repairs the pods by itself.
 */
public final class Shape {
    private Shape() {}

    public static Result step(ClusterView view, Fitness fitness) {
        Optional<StatefulSet> live = view.statefulSet();
        if (live.isEmpty()) {
            int replicas = Membership.of(view, fitness).pods();
            StatefulSet desired = Workload.statefulSet(
                    view.rendering(),
                    PodTemplate.of(view.rendering(), view.operator().image()),
                    Workload.inputs(view.rendering()),
                    view.operator().image(),
                    List.of(),
                    replicas,
                    new Update.Partition(fitness.hasData() ? replicas : 0));
            return Act.andGoOn(List.of(new Action.Apply(desired)), List.of());
        }
        StatefulSet desired =
                desired(view, live.get(), view.replicas(), update(view, fitness, live.get()), unlocked(live.get()));
        if (Drift.needsApply(desired, live.get())) {
            return Act.andLook(List.of(new Action.Apply(desired)), List.of());
        }
        return new Done();
    }

    private static boolean changed(ClusterView view, StatefulSet live) {
        return !Workload.inputs(view.rendering()).equals(Metadata.annotation(live, Labels.INPUTS));
    }

    /** The update strategy at rest, or that of a repair under way. */
    private static Update update(ClusterView view, Fitness fitness, StatefulSet live) {
        return unlocked(live).isPresent()
                ? new Update.OnDelete()
                : new Update.Partition(partition(view, fitness, live, view.replicas()));
    }

    private static int partition(ClusterView view, Fitness fitness, StatefulSet live, int replicas) {
        if (!fitness.hasData()) {
            return 0;
        }
        boolean pinned = Optional.ofNullable(live.getSpec().getUpdateStrategy())
                .map(s -> s.getRollingUpdate())
                .map(r -> r.getPartition())
                .filter(p -> p > 0)
                .isPresent();
        StatefulSetStatus status = live.getStatus();
        boolean complete = status == null
                || Objects.equals(status.getCurrentRevision(), status.getUpdateRevision())
                || status.getUpdateRevision() == null;
        // Lost pods below the partition are recreated from the current revision: pin it only if that revision works.
        return pinned || complete || changed(view, live) || !"RollingUpdate".equals(strategy(live)) ? replicas : 0;
    }

    public static String strategy(StatefulSet live) {
        return live.getSpec().getUpdateStrategy() == null
                ? "RollingUpdate"
                : Objects.requireNonNullElse(live.getSpec().getUpdateStrategy().getType(), "RollingUpdate");
    }

    /** Uid of the pod for whose replacement the StatefulSet is unlocked. */
    public static Optional<String> unlocked(StatefulSet live) {
        return Optional.of(Metadata.annotation(live, Labels.UNLOCKED_FOR)).filter(uid -> !uid.isEmpty());
    }

    static StatefulSet resized(ClusterView view, Fitness fitness, int replicas) {
        StatefulSet live = view.statefulSet().orElseThrow();
        return desired(
                view, live, replicas, new Update.Partition(partition(view, fitness, live, replicas)), Optional.empty());
    }

    static StatefulSet unlockedFor(ClusterView view, String uid) {
        StatefulSet live = view.statefulSet().orElseThrow();
        return desired(view, live, view.replicas(), new Update.OnDelete(), Optional.of(uid));
    }

    static StatefulSet locked(ClusterView view, Fitness fitness) {
        return resized(view, fitness, view.replicas());
    }

    private static StatefulSet desired(
            ClusterView view, StatefulSet live, int replicas, Update update, Optional<String> unlocked) {
        boolean changed = changed(view, live);
        String image = changed ? view.operator().image() : Metadata.annotation(live, Labels.AGENT_IMAGE);
        PodTemplateSpec template = changed
                ? PodTemplate.of(view.rendering(), image)
                : live.getSpec().getTemplate();
        List<PersistentVolumeClaim> claims =
                Objects.requireNonNullElse(live.getSpec().getVolumeClaimTemplates(), List.of());
        StatefulSet desired = Workload.statefulSet(
                view.rendering(),
                template,
                Workload.inputs(view.rendering()),
                image,
                claims.stream().map(Shape::given).toList(),
                replicas,
                update);
        unlocked.ifPresent(uid -> desired.getMetadata().getAnnotations().put(Labels.UNLOCKED_FOR, uid));
        return desired;
    }

    /** A claim template without the fields that only the API server fills in. */
    private static PersistentVolumeClaim given(PersistentVolumeClaim claim) {
        return new io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder(claim)
                .withStatus(null)
                .build();
    }

    /** Pods that differ from what the newest template would create. */
    public static List<Finding> findings(ClusterView view) {
        return view.statefulSet().map(live -> pending(view, live)).orElse(List.of());
    }

    /** Why it is unknown whether every pod is what the newest template creates; empty when it is known. */
    public static Optional<Said> unseen(ClusterView view) {
        if (view.members().isEmpty()) {
            return Optional.of(Said.unknown("NoPods", "there are no pods"));
        }
        return updateRevision(view).isPresent()
                ? Optional.empty()
                : Optional.of(Said.unknown(
                        "NotObserved", "the StatefulSet's controller has not seen the newest template yet"));
    }

    private static List<Finding> pending(ClusterView view, StatefulSet live) {
        List<Finding> findings = new ArrayList<>();
        String update = live.getStatus() == null ? null : live.getStatus().getUpdateRevision();
        List<String> off = view.members().stream()
                .filter(m -> update != null && !m.revision().equals(update))
                .map(Member::name)
                .toList();
        String agent = Metadata.annotation(live, Labels.AGENT_IMAGE);
        List<String> unrestarted = unrestarted(view, live);
        if (!off.isEmpty() && !unrestarted.isEmpty()) {
            findings.add(upgrade(
                    "RolloutRestart",
                    "\"kubectl rollout restart\" changed the pod template; it does not restart members. %s still run as before. To restart them, delete these pods one after another, replicas first, each when the one before is ready again"
                            .formatted(String.join(", ", unrestarted))));
        } else if (!off.isEmpty()) {
            findings.add(upgrade(
                    "TemplateChanged",
                    "%s run the pod template from before the last change of the spec. They work as they are; a pod that breaks is replaced by one of the new template"
                            .formatted(String.join(", ", off))));
        }
        if (!agent.isEmpty() && !agent.equals(view.operator().image())) {
            String pods = view.members().stream().map(Member::name).collect(Collectors.joining(", "));
            findings.add(upgrade(
                    "OperatorUpgraded",
                    "%s run the agent of %s, the operator is %s. They get its agent with the next change of the pod template"
                            .formatted(pods, agent, view.operator().image())));
        }
        return findings;
    }

    /** Pods from before the last {@code kubectl rollout restart}, which only writes an annotation into the pod template. */
    private static List<String> unrestarted(ClusterView view, StatefulSet live) {
        String asked = restartedAt(live.getSpec().getTemplate().getMetadata());
        return asked.isEmpty()
                ? List.of()
                : view.pods()
                        .filter(pod -> !restartedAt(pod.getMetadata()).equals(asked))
                        .map(pod -> pod.getMetadata().getName())
                        .sorted()
                        .toList();
    }

    private static String restartedAt(@Nullable ObjectMeta metadata) {
        return metadata == null || metadata.getAnnotations() == null
                ? ""
                : metadata.getAnnotations().getOrDefault("kubectl.kubernetes.io/restartedAt", "");
    }

    private static Finding upgrade(String reason, String message) {
        return new Finding(Finding.Topic.Upgrade, false, reason, message);
    }

    static boolean observed(StatefulSet live) {
        Long generation = live.getMetadata().getGeneration();
        Long seen = live.getStatus() == null ? null : live.getStatus().getObservedGeneration();
        return generation == null || (seen != null && seen >= generation);
    }

    public static Optional<String> updateRevision(ClusterView view) {
        return view.statefulSet()
                .filter(Shape::observed)
                .map(StatefulSet::getStatus)
                .map(StatefulSetStatus::getUpdateRevision);
    }
}
