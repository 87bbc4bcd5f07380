package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Settings;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.workload.Shape;
import io.matriarch.render.SettingsDocument;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a cluster that was made once looks like, some things are never done. The parameter is the seed. */
class AnyViewTest {
    private static final int VIEWS = 400;
    private static final List<World> MADE =
            IntStream.rangeClosed(1, 4).mapToObj(n -> World.made(n, "")).toList();

    static Stream<Long> seeds() {
        return IntStream.range(0, VIEWS).mapToObj(n -> (long) n);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void holds(long seed) {
        Random random = new Random(seed);
        World world = any(random);
        ClusterView view = world.view();
        Plan plan = ClusterPlan.of(view);
        assertThat(ClusterPlan.of(world.view()))
                .as("the same view gives the same plan")
                .isEqualTo(plan);
        List<Action> actions = plan.actions().stream().map(Plan.Planned::action).toList();
        assertThat(actions.stream().filter(a -> destroys(view, a)))
                .as("destructive actions of one pass")
                .hasSizeLessThanOrEqualTo(1);
        for (Action action : actions) {
            if (action instanceof Action.Delete delete) {
                deletes(view, delete);
            }
            if (action.object() instanceof StatefulSet set) {
                shapes(view, set);
            }
            if (action.object() instanceof ConfigMap map) {
                asks(view, SettingsDocument.read(map).orElseThrow());
            }
            assertThat(action.object().getKind()).as("the Lease is the agents'").isNotEqualTo("Lease");
            assertThat(action instanceof Action.Delete || !(action.object() instanceof Pod))
                    .as("roles and reports are the agents'")
                    .isTrue();
        }
        assertThat(plan.settled() || !plan.actions().isEmpty() || !plan.waits().isEmpty())
                .as("a plan says what it does or waits for")
                .isTrue();
        assertThat(StatusReport.of(view, plan, List.of()))
                .as("status")
                .isEqualTo(StatusReport.of(view, plan, List.of()));
        Evidence.of(world);
    }

    private static boolean destroys(ClusterView view, Action action) {
        return (action instanceof Action.Delete delete && !(delete.object() instanceof PersistentVolumeClaim))
                || (action.object() instanceof StatefulSet set && set.getSpec().getReplicas() < view.replicas());
    }

    /** What agents are asked can be done, and nothing is begun anew. */
    private static void asks(ClusterView view, Settings asked) {
        Settings before = view.settings().orElseThrow();
        assertThat(asked.bootstrap()).as("a database is made once").isEqualTo(before.bootstrap());
        assertThat(Math.abs(asked.instances() - view.replicas())).isLessThanOrEqualTo(1);
        assertThat(Optional.ofNullable(asked.replication())
                        .map(Settings.Replication::acknowledgements)
                        .orElseThrow())
                .as("a replica can acknowledge")
                .isBetween(0, asked.instances() - 1);
        assertThat(asked.fenced()).allMatch(ordinal -> ordinal < asked.instances());
        String primary = view.primary().map(Member::name).orElse("");
        if (asked.instances() < view.replicas()) {
            assertThat(primary)
                    .as("the member on top leaves")
                    .isNotEqualTo(view.names().pod(asked.instances()));
        }
        for (Settings.Request request : asked.requests()) {
            assertThat(before.requests().contains(request)
                            || view.primary().isPresent() != (request.kind() == Settings.RequestKind.ForceFailover))
                    .as("%s while the primary is \"%s\"", request, primary)
                    .isTrue();
            Optional.ofNullable(request.to()).ifPresent(to -> {
                assertThat(to).isLessThan(view.replicas());
                assertThat(view.names().pod(to)).isNotEqualTo(primary);
                assertThat(asked.fenced()).doesNotContain(to);
            });
        }
    }

    private static void deletes(ClusterView view, Action.Delete delete) {
        switch (delete.object()) {
            case Pod pod -> {
                Member member = Member.of(pod);
                assertThat(member.ready()).as("a ready pod is deleted").isFalse();
                assertThat(member.terminating()).isFalse();
                assertThat(Shape.strategy(view.statefulSet().orElseThrow())).isEqualTo("OnDelete");
                assertThat(Shape.updateRevision(view)).isPresent().isNotEqualTo(Optional.of(member.revision()));
            }
            case PersistentVolumeClaim claim -> {
                int ordinal = view.ordinalOf(claim);
                assertThat(ordinal).isGreaterThanOrEqualTo(view.spec().instances());
                assertThat(view.member(ordinal)).isEmpty();
                assertThat(view.primary().map(Member::name))
                        .as("who has all of it")
                        .isEqualTo(view.holder());
                assertThat(view.lease().orElseThrow().members()).doesNotContain(ordinal);
                assertThat(view.voters()).doesNotContain(ordinal);
                assertThat(view.holder()).isNotEqualTo(Optional.of(view.names().pod(ordinal)));
            }
            default -> assertThat(delete.object().getKind()).isEqualTo("PodDisruptionBudget");
        }
    }

    private static void shapes(ClusterView view, StatefulSet set) {
        int replicas = set.getSpec().getReplicas();
        assertThat(Math.abs(replicas - view.replicas()))
                .as("members come and go one by one")
                .isLessThanOrEqualTo(1);
        if (replicas < view.replicas()) {
            assertThat(view.lease().orElseThrow().members()).doesNotContain(replicas);
            assertThat(view.voters()).as("voters").doesNotContain(replicas);
            assertThat(view.holder()).isNotEqualTo(Optional.of(view.names().pod(replicas)));
            assertThat(view.settings().orElseThrow().instances()).isLessThanOrEqualTo(replicas);
        }
        if (replicas > view.replicas()) {
            assertThat(view.claim(view.names().dataClaim(replicas - 1)))
                    .as("the volume before the pod")
                    .isPresent();
        }
        if (set.getSpec().getUpdateStrategy().getType().equals("RollingUpdate")) {
            assertThat(set.getSpec().getUpdateStrategy().getRollingUpdate().getPartition())
                    .as("pinned")
                    .isEqualTo(replicas);
        }
    }

    /** A cluster that was made, and then this and that happened to it. */
    private static World any(Random random) {
        int n = 1 + random.nextInt(4);
        World from = MADE.get(n - 1);
        String retain = random.nextBoolean() ? "storage: {size: 1Gi, retain: {whenScaled: Delete}}" : "";
        int wanted = 1 + random.nextInt(4);
        String fenced = random.nextInt(4) == 0 ? "fencedInstances: [%d]".formatted(random.nextInt(wanted)) : "";
        World world = new World(wanted, String.join("\n", retain, fenced));
        from.objects.values().forEach(o -> world.put(io.fabric8.kubernetes.client.utils.Serialization.clone(o)));
        boolean changed = random.nextInt(3) == 0;
        int primary = random.nextInt(n);
        world.lease(primary, 1 + random.nextInt(n));
        if (random.nextInt(3) == 0) {
            world.voters(IntStream.range(0, 1 + random.nextInt(n)).boxed().toList());
        }
        if (random.nextInt(3) == 0) {
            List<String> commands = List.copyOf(new TreeSet<>(Labels.COMMANDS));
            world.cluster
                    .getMetadata()
                    .setAnnotations(Map.of(
                            commands.get(random.nextInt(commands.size())), "orders-%d/x".formatted(random.nextInt(5))));
        }
        for (int ordinal = 0; ordinal < n; ordinal++) {
            String revision = random.nextInt(3) == 0 ? "orders-r0" : "orders-r1";
            switch (random.nextInt(8)) {
                case 0 -> world.broken(ordinal, revision);
                case 1 -> world.objects.remove("Pod/" + World.NAMES.pod(ordinal));
                case 2 -> {
                    Pod pod = world.pod(ordinal, revision, false, "None");
                    pod.getMetadata()
                            .setDeletionTimestamp(
                                    random.nextBoolean() ? "2026-11-01T11:00:00Z" : "2026-11-01T12:00:20Z");
                }
                case 3 -> world.nodeGone(world.pod(ordinal, revision, false, "Primary"), "2026-11-01T11:59:00Z");
                case 4 -> world.pod(ordinal, revision, random.nextBoolean(), "Primary");
                default -> world.pod(ordinal, revision, true, ordinal == primary ? "Primary" : "Replica");
            }
        }
        if (random.nextInt(3) == 0) {
            String uid = world.objects.values().stream()
                    .filter(Pod.class::isInstance)
                    .map(p -> p.getMetadata().getUid())
                    .findAny()
                    .orElse("gone");
            Map<String, String> annotations =
                    new java.util.HashMap<>(world.set().getMetadata().getAnnotations());
            annotations.put(Labels.UNLOCKED_FOR, random.nextBoolean() ? uid : "gone");
            world.set().getMetadata().setAnnotations(annotations);
            world.set().getSpec().getUpdateStrategy().setType("OnDelete");
            world.set().getSpec().getUpdateStrategy().setRollingUpdate(null);
        }
        world.observed(changed ? "orders-r0" : "orders-r1", "orders-r1");
        if (random.nextInt(4) == 0) {
            world.set().getMetadata().setGeneration(world.set().getMetadata().getGeneration() + 1);
        }
        assertThat(world.view().lease().map(ClusterLease::systemIdentifier)).isPresent();
        return world;
    }
}
