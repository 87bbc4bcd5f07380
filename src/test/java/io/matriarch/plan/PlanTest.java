package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.plan.postgres.Bootstrapping;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Plan;
import io.matriarch.render.SettingsDocument;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** View in, plan out. */
class PlanTest {
    private static List<String> targets(Plan plan) {
        return plan.actions().stream().map(p -> p.action().target()).toList();
    }

    private static List<String> reasons(Plan plan) {
        return plan.findings().stream().map(Finding::reason).toList();
    }

    private static Settings settings(World world) {
        return SettingsDocument.read((ConfigMap) Optional.ofNullable(world.objects.get("ConfigMap/orders-settings"))
                        .orElseThrow())
                .orElseThrow();
    }

    private static int partition(StatefulSet set) {
        return set.getSpec().getUpdateStrategy().getRollingUpdate().getPartition();
    }

    @Test
    void everythingIsMadeInOnePassWithVolumesBeforePods() {
        World world = new World(3, "");
        List<String> targets = targets(world.plan());
        assertThat(targets)
                .contains("Secret orders-app", "Lease orders", "Service orders-rw", "PodDisruptionBudget orders")
                .endsWith("StatefulSet orders")
                .containsSubsequence(
                        "Lease orders",
                        "ConfigMap orders-settings",
                        "PersistentVolumeClaim data-orders-2",
                        "StatefulSet orders");
        world.apply(world.plan());
        assertThat(settings(world).bootstrap().action()).isEqualTo(BootstrapAction.Initdb);
        assertThat(partition(world.set())).isZero();
    }

    @Test
    void aClusterThatIsAsItShallBeIsLeftAlone() {
        World world = World.made(3, "");
        assertThat(targets(world.plan())).isEmpty();
        assertThat(world.plan().settled()).as("%s", world.plan()).isTrue();
        assertThat(partition(world.set())).isEqualTo(3);
    }

    @Test
    void aSingleInstanceHasNoDisruptionBudget() {
        World world = World.made(2, "");
        assertThat(world.objects).containsKey("PodDisruptionBudget/orders");
        world.cluster = World.cluster(1, "disruptionBudget: {enabled: false}");
        assertThat(targets(world.plan())).contains("PodDisruptionBudget orders");
        assertThat(targets(World.made(1, "").plan())).isEmpty();
    }

    /** Three members are still there, and two drains at once must not take two of them. */
    @Test
    void theDisruptionBudgetStaysUntilOneMemberIsLeft() {
        World world = World.made(3, "");
        world.cluster = World.cluster(1, "");
        world.apply(world.plan());
        assertThat(world.objects).containsKey("PodDisruptionBudget/orders");
        world.lease(0, 2);
        world.pod(0, "orders-r1", true, "Primary");
        world.pod(2, "orders-r1", false, "None");
        world.settle();
        world.objects.remove("Pod/orders-2");
        world.settle();
        assertThat(world.objects).containsKey("PodDisruptionBudget/orders");
        world.lease(0, 1);
        world.pod(0, "orders-r1", true, "Primary");
        world.pod(1, "orders-r1", false, "None");
        world.settle();
        assertThat(world.set().getSpec().getReplicas()).isEqualTo(1);
        assertThat(world.objects).doesNotContainKey("PodDisruptionBudget/orders");
    }

    @Test
    void whereAllAreFencedADrainIsNotHeldUp() {
        World world = World.made(3, "");
        world.cluster = World.cluster(3, "fencedInstances: ['*']");
        world.settle();
        assertThat(world.objects).doesNotContainKey("PodDisruptionBudget/orders");
        world.cluster = World.cluster(3, "fencedInstances: [0, 1]");
        world.settle();
        assertThat(world.objects).containsKey("PodDisruptionBudget/orders");
    }

    @Test
    void downFirstTheSettingsThenTheMembershipThenThePod() {
        World world = World.made(3, "");
        world.cluster = World.cluster(2, "");
        assertThat(targets(world.plan())).containsExactly("ConfigMap orders-settings");
        world.apply(world.plan());
        assertThat(settings(world).instances()).isEqualTo(2);
        assertThat(targets(world.plan())).isEmpty();
        assertThat(world.plan().waits()).anyMatch(w -> w.contains("give up the slot and membership of orders-2"));
        world.lease(0, 2);
        world.pod(0, "orders-r1", true, "Primary");
        world.pod(2, "orders-r1", false, "None");
        assertThat(targets(world.plan())).containsExactly("StatefulSet orders");
        world.apply(world.plan());
        assertThat(world.set().getSpec().getReplicas()).isEqualTo(2);
        assertThat(partition(world.set())).isEqualTo(2);
        assertThat(world.objects).containsKey("PersistentVolumeClaim/data-orders-2");
    }

    @Test
    void theClaimOfAMemberThatLeftGoesOnlyWithItsPodAndTheUsersWord() {
        String delete = "storage: {size: 1Gi, retain: {whenScaled: Delete}}";
        World world = World.made(2, delete);
        world.cluster = World.cluster(1, delete);
        world.apply(world.plan());
        world.lease(0, 1);
        world.pod(0, "orders-r1", true, "Primary");
        world.pod(1, "orders-r1", false, "None");
        world.settle();
        assertThat(world.set().getSpec().getReplicas()).isEqualTo(1);
        assertThat(world.objects).containsKey("PersistentVolumeClaim/data-orders-1");
        world.objects.remove("Pod/orders-1");
        assertThat(targets(world.plan())).containsExactly("PersistentVolumeClaim data-orders-1");
    }

    @Test
    void thePrimaryOnTopIsNotTakenAway() {
        World world = World.made(3, "");
        world.lease(2, 3);
        world.pod(0, "orders-r1", true, "Replica");
        world.pod(2, "orders-r1", true, "Primary");
        world.settle();
        world.cluster = World.cluster(1, "");
        Plan plan = world.plan();
        assertThat(targets(plan)).contains("ConfigMap orders-settings").doesNotContain("StatefulSet orders");
        assertThat(reasons(plan)).contains("PrimaryWouldLeave");
        world.apply(plan);
        assertThat(settings(world).instances()).isEqualTo(3);
        assertThat(settings(world).requests())
                .containsExactly(new Settings.Request(Settings.RequestKind.Switchover, "scale-down-1/1", 0));
    }

    @Test
    void upTheVolumeAndTheSettingsBeforeThePod() {
        World world = World.made(1, "");
        world.cluster = World.cluster(3, "");
        List<String> first = targets(world.plan());
        assertThat(first)
                .contains("ConfigMap orders-settings", "PersistentVolumeClaim data-orders-1")
                .doesNotContain("PersistentVolumeClaim data-orders-2", "StatefulSet orders");
        world.apply(world.plan());
        world.bind();
        assertThat(targets(world.plan())).containsExactly("StatefulSet orders");
        world.apply(world.plan());
        world.observed("orders-r1", "orders-r1");
        assertThat(world.set().getSpec().getReplicas()).isEqualTo(2);
        assertThat(targets(world.plan())).as("orders-1 is awaited").isEmpty();
    }

    @Test
    void aVolumeThatWasThereBeforeIsLookedAtFirst() {
        World world = new World(2, "");
        world.put(claim(0, Map.of()));
        world.apply(world.plan());
        assertThat(settings(world).bootstrap().action()).isEqualTo(BootstrapAction.Inspect);
        assertThat(world.view()
                        .claim("data-orders-0")
                        .orElseThrow()
                        .getMetadata()
                        .getAnnotations())
                .as("whose it is stays to be seen")
                .doesNotContainKey(Labels.CLUSTER_UID);
    }

    private static PersistentVolumeClaim claim(int ordinal, Map<String, String> annotations) {
        // spotless:off
        return new io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder()
                .withNewMetadata()
                    .withNamespace("shop").withName(World.NAMES.dataClaim(ordinal)).withUid("claim-" + ordinal)
                    .withAnnotations(annotations)
                .endMetadata()
                .withNewSpec()
                    .withNewResources().withRequests(Map.of("storage", new io.fabric8.kubernetes.api.model.Quantity("1Gi"))).endResources()
                .endSpec()
                .withNewStatus().withPhase("Bound").endStatus()
                .build();
        // spotless:on
    }

    private static Map<String, Object> found(String content, long primaryEpoch, String system) {
        Map<String, Object> report = new HashMap<>(Map.of("v", 1, "role", "None", "state", "Waiting"));
        report.put("volume", content);
        if (content.equals("Data")) {
            report.put("systemIdentifier", system);
            report.put("owner", "shop/orders");
            report.put("timeline", 1);
            report.put("lsn", "0/3000000");
            report.put("primaryEpoch", primaryEpoch);
        }
        return report;
    }

    private static World inspecting() {
        World world = new World(2, "");
        world.put(claim(0, Map.of()));
        world.put(claim(1, Map.of()));
        world.apply(world.plan());
        world.observed("orders-r1", "orders-r1");
        return world;
    }

    @Test
    void emptyVolumesBeginAnewOnceEveryOneIsKnown() {
        World world = inspecting();
        world.pod(0, "orders-r1", false, found("Empty", 0, ""));
        assertThat(Bootstrapping.order(world.view()).order().action()).isEqualTo(BootstrapAction.Inspect);
        world.pod(1, "orders-r1", false, found("Empty", 0, ""));
        assertThat(Bootstrapping.order(world.view()).order().action()).isEqualTo(BootstrapAction.Initdb);
    }

    @Test
    void theLastPrimarysDataIsTakenOver() {
        World world = inspecting();
        world.pod(0, "orders-r1", false, found("Data", 3, World.SYSTEM));
        world.pod(1, "orders-r1", false, found("Data", 4, World.SYSTEM));
        Settings.BootstrapOrder order = Bootstrapping.order(world.view()).order();
        assertThat(order.action()).isEqualTo(BootstrapAction.Adopt);
        assertThat(order.ordinal()).isEqualTo(1);
        assertThat(order.systemIdentifier()).isEqualTo(World.SYSTEM);
        assertThat(order.epoch()).isEqualTo(4);
    }

    private static Map<String, Object> ending(int timeline, String lsn, long primaryEpoch) {
        Map<String, Object> report = found("Data", primaryEpoch, World.SYSTEM);
        report.put("timeline", timeline);
        report.put("lsn", lsn);
        return report;
    }

    @Test
    void aReplicaOfTheLostPrimaryBeatsAFormerPrimary() {
        World world = inspecting();
        world.pod(0, "orders-r1", false, ending(1, "0/9000000", 1));
        world.pod(1, "orders-r1", false, ending(2, "0/5000000", 0));
        assertThat(Bootstrapping.order(world.view()).order().ordinal()).isEqualTo(1);
        world.pod(0, "orders-r1", false, ending(2, "0/5000001", 0));
        assertThat(Bootstrapping.order(world.view()).order().ordinal()).isZero();
        world.pod(1, "orders-r1", false, ending(2, "0/5000001", 2));
        assertThat(Bootstrapping.order(world.view()).order().ordinal())
                .as("the primary itself, when it has as much")
                .isEqualTo(1);
    }

    @Test
    void nobodyGoesOnBeforeItIsKnownHowFarEachGoes() {
        World world = inspecting();
        Map<String, Object> report = found("Data", 4, World.SYSTEM);
        report.remove("lsn");
        world.pod(0, "orders-r1", false, report);
        world.pod(1, "orders-r1", false, found("Data", 3, World.SYSTEM));
        assertThat(Bootstrapping.order(world.view()).order().action()).isEqualTo(BootstrapAction.Inspect);
    }

    @Test
    void aTornRewindIsNoReasonToBeginAnew() {
        World world = inspecting();
        world.pod(0, "orders-r1", false, found("Unfinished", 0, ""));
        world.pod(1, "orders-r1", false, found("Empty", 0, ""));
        assertThat(Bootstrapping.order(world.view()).order().action()).isEqualTo(BootstrapAction.Inspect);
        assertThat(reasons(world.plan())).contains("UnfinishedVolume");
    }

    @Test
    void dataOfTwoSystemsIsNotTouched() {
        World world = inspecting();
        world.pod(0, "orders-r1", false, found("Data", 3, World.SYSTEM));
        world.pod(1, "orders-r1", false, found("Data", 4, "123"));
        assertThat(Bootstrapping.order(world.view()).order().action()).isEqualTo(BootstrapAction.Inspect);
        assertThat(reasons(world.plan())).contains("DifferentSystems");
    }

    @Test
    void newerDataOnAClaimThatWouldNotBeUsedIsNotForgotten() {
        World world = inspecting();
        world.put(claim(4, Map.of(Labels.SYSTEM_IDENTIFIER, World.SYSTEM, Labels.PRIMARY_EPOCH, "9")));
        world.pod(0, "orders-r1", false, found("Data", 3, World.SYSTEM));
        world.pod(1, "orders-r1", false, found("Data", 2, World.SYSTEM));
        assertThat(Bootstrapping.order(world.view()).order().action()).isEqualTo(BootstrapAction.Inspect);
        assertThat(world.plan().findings())
                .anyMatch(f -> f.reason().equals("DataElsewhere") && f.message().contains("spec.instances to 5"));
    }

    @Test
    void aDeletedLeaseNeverLeadsToANewDatabase() {
        World world = World.made(2, "");
        world.objects.remove("Lease/orders");
        assertThat(targets(world.plan())).as("its holder makes it again").isEmpty();
        world.pod(0, "orders-r1", false, found("Data", 1, World.SYSTEM));
        world.pod(1, "orders-r1", false, found("Unknown", 0, ""));
        Plan plan = world.plan();
        assertThat(targets(plan)).contains("ConfigMap orders-settings").doesNotContain("Lease orders");
        world.apply(plan);
        assertThat(settings(world).bootstrap().action()).isEqualTo(BootstrapAction.Inspect);
        assertThat(targets(world.plan())).contains("Lease orders");
    }

    @Test
    void aNewOperatorLeavesTheTemplateAlone() {
        World world = World.made(2, "");
        world.image = "matriarch:2";
        Plan plan = world.plan();
        assertThat(targets(plan)).isEmpty();
        assertThat(plan.findings())
                .anyMatch(f -> f.reason().equals("OperatorUpgraded")
                        && f.message().contains("orders-0, orders-1")
                        && f.message().contains("matriarch:1")
                        && f.message().contains("matriarch:2"));
    }

    @Test
    void aChangedTemplateComesPinned() {
        World world = World.made(2, "");
        world.cluster = World.cluster(2, "resources: {requests: {memory: 1Gi}}");
        assertThat(targets(world.plan())).containsExactly("StatefulSet orders");
        world.apply(world.plan());
        assertThat(partition(world.set())).isEqualTo(2);
        world.observed("orders-r1", "orders-r2");
        assertThat(targets(world.plan())).as("healthy pods stay").isEmpty();
        assertThat(reasons(world.plan())).contains("TemplateChanged");
    }

    @Test
    void aBrokenOutdatedPodIsReplacedUnderOneUnlock() {
        World world = World.made(3, "");
        world.observed("orders-r1", "orders-r2");
        Pod broken = world.broken(1, "orders-r1");
        assertThat(targets(world.plan())).containsExactly("StatefulSet orders");
        world.apply(world.plan());
        assertThat(world.set().getSpec().getUpdateStrategy().getType()).isEqualTo("OnDelete");
        assertThat(world.plan().waits())
                .as("not before the controller has seen it")
                .isNotEmpty();
        assertThat(targets(world.plan())).isEmpty();
        world.observed("orders-r1", "orders-r2");
        assertThat(world.plan().actions()).singleElement().satisfies(p -> {
            assertThat(p.action()).isInstanceOf(Action.Delete.class);
            assertThat(p.action().object().getMetadata().getUid())
                    .isEqualTo(broken.getMetadata().getUid());
        });
        world.apply(world.plan());
        assertThat(targets(world.plan())).as("its successor is awaited").isEmpty();
        world.pod(1, "orders-r2", true, "Replica");
        world.apply(world.plan());
        assertThat(world.set().getSpec().getUpdateStrategy().getType()).isEqualTo("RollingUpdate");
        assertThat(partition(world.set())).isEqualTo(3);
    }

    @Test
    void whatIsLeftOfAFormerClusterIsAwaited() {
        World world = World.made(1, "");
        for (HasMetadata object : world.objects.values()) {
            object.getMetadata().getOwnerReferences().stream()
                    .filter(o -> o.getKind().equals("PostgresCluster"))
                    .forEach(o -> o.setUid("former"));
        }
        assertThat(targets(world.plan())).isEmpty();
        assertThat(world.plan().waits()).anyMatch(w -> w.contains("StatefulSet orders"));
    }

    @Test
    void aRolloutRestartIsNotBlamedOnTheSpec() {
        World world = World.made(2, "");
        world.set()
                .getSpec()
                .getTemplate()
                .getMetadata()
                .setAnnotations(new HashMap<>(Map.of("kubectl.kubernetes.io/restartedAt", "2026-11-01T12:00:00Z")));
        world.observed("orders-r1", "orders-r2");
        assertThat(world.plan().findings())
                .filteredOn(f -> f.topic() == Finding.Topic.Upgrade)
                .singleElement()
                .satisfies(f -> {
                    assertThat(f.reason()).isEqualTo("RolloutRestart");
                    assertThat(f.message())
                            .contains("kubectl rollout restart", "orders-0, orders-1")
                            .doesNotContain("spec");
                });
        assertThat(targets(world.plan())).as("nor undone").isEmpty();
    }

    @Test
    void aRefusedSpecChangesNothing() {
        World world = World.made(2, "");
        world.cluster = World.cluster(2, "pod: {containers: [{name: postgres, image: x}]}");
        Plan plan = world.plan();
        assertThat(targets(plan)).isEmpty();
        assertThat(reasons(plan)).contains("InvalidSpec");
    }
}
