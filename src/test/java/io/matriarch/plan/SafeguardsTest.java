package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Settings;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.view.Metadata;
import io.matriarch.render.Rendering;
import io.matriarch.render.SettingsDocument;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What takes something away has several reasons to wait. Each one alone is enough. */
class SafeguardsTest {
    private static final String DELETE = "storage: {size: 1Gi, retain: {whenScaled: Delete}}";
    private static final String CLAIM = "PersistentVolumeClaim data-orders-2";
    private static final String SET = "StatefulSet orders";

    private static List<String> targets(World world) {
        return world.plan().actions().stream().map(p -> p.action().target()).toList();
    }

    /** Three members became two, and nothing keeps the claim of the third. */
    private static World left() {
        World world = World.made(3, DELETE);
        world.cluster = World.cluster(2, DELETE);
        world.apply(world.plan());
        stopped(world);
        world.settle();
        world.objects.remove("Pod/orders-2");
        return world;
    }

    /** The member on top has given everything up. */
    private static void stopped(World world) {
        world.lease(0, 2);
        world.pod(0, "orders-r1", true, "Primary");
        world.pod(2, "orders-r1", false, "None");
    }

    private static PersistentVolumeClaim claim(World world) {
        return (PersistentVolumeClaim) Optional.ofNullable(world.objects.get("PersistentVolumeClaim/data-orders-2"))
                .orElseThrow();
    }

    private static void told(World world, int instances) {
        ConfigMap live = (ConfigMap) Optional.ofNullable(world.objects.get("ConfigMap/orders-settings"))
                .orElseThrow();
        Settings settings = SettingsDocument.read(live).orElseThrow();
        Settings other = SettingsDocument.of(new Rendering(world.cluster), instances, settings.bootstrap(), List.of());
        live.setData(
                SettingsDocument.configMap(new Rendering(world.cluster), other).getData());
    }

    private static Arguments row(String name, Consumer<World> reason) {
        return Arguments.of(name, reason);
    }

    static Stream<Arguments> reasonsToKeepTheClaim() {
        return Stream.of(
                row("the user keeps volumes", w -> w.cluster = World.cluster(2, "")),
                row("its member is wanted again", w -> w.cluster = World.cluster(3, DELETE)),
                row("its pod shall be there", w -> w.set().getSpec().setReplicas(3)),
                row("its pod is still there", w -> w.pod(2, "orders-r1", false, "None")),
                row("the agents are not told yet", w -> told(w, 3)),
                row("it is a member in the Lease", w -> w.lease(0, 3)),
                row("it acknowledges commits", w -> w.voters(List.of(0, 1, 2))),
                row("it holds the Lease", w -> w.lease(2, 2)),
                row("nobody serves as primary", w -> w.pod(0, "orders-r1", false, "None")),
                row("the primary still has its slot", w -> w.pod(0, "orders-r1", true, primary(List.of(0, 1, 2)))),
                row("no replica has what it has", w -> w.pod(1, "orders-r1", true, "None")),
                row("somebody else than the primary that is seen holds the Lease", w -> w.lease(1, 2)),
                row("it is not this cluster's own", w -> {
                    Map<String, String> annotations =
                            new HashMap<>(claim(w).getMetadata().getAnnotations());
                    annotations.put(Labels.CLUSTER_UID, "another");
                    claim(w).getMetadata().setAnnotations(annotations);
                }));
    }

    @Test
    void theClaimOfAMemberThatLeftGoes() {
        assertThat(targets(left())).containsExactly(CLAIM);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("reasonsToKeepTheClaim")
    void aClaimIsKeptFor(String reason, Consumer<World> make) {
        World world = left();
        make.accept(world);
        assertThat(targets(world)).doesNotContain(CLAIM);
    }

    static Stream<Arguments> reasonsToKeepThePod() {
        return Stream.of(
                row("it is a member in the Lease", w -> {
                    w.lease(0, 3);
                    Map<String, Object> report = primary(List.of(0, 1));
                    w.pod(0, "orders-r1", true, report);
                }),
                row("the primary has its slot", w -> w.pod(0, "orders-r1", true, primary(List.of(0, 1, 2)))),
                row("it acknowledges commits", w -> w.voters(List.of(0, 1, 2))),
                row("it holds the Lease", w -> w.lease(2, 2)),
                row("it goes on streaming", w -> w.pod(2, "orders-r1", true, "Replica")),
                row("nobody can say", w -> w.pod(0, "orders-r1", false, "None")));
    }

    private static Map<String, Object> primary(List<Integer> members) {
        return Map.of("v", 1, "role", "Primary", "state", "Running", "epoch", 1, "members", members);
    }

    @Test
    void thePodOfAMemberThatGaveUpEverythingGoes() {
        World world = World.made(3, "");
        world.cluster = World.cluster(2, "");
        world.apply(world.plan());
        stopped(world);
        assertThat(targets(world)).containsExactly(SET);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("reasonsToKeepThePod")
    void aPodIsKeptFor(String reason, Consumer<World> make) {
        World world = World.made(3, "");
        world.cluster = World.cluster(2, "");
        world.apply(world.plan());
        stopped(world);
        make.accept(world);
        assertThat(targets(world)).doesNotContain(SET);
    }

    /** In an incident the user wants to keep the data, and may delete the cluster next: that counts, whatever else the operator waits for. */
    @ParameterizedTest
    @org.junit.jupiter.params.provider.ValueSource(booleans = {false, true})
    void volumesAreKeptFromTheMomentTheUserSaysSo(boolean leaseless) {
        World world = World.made(2, "storage: {size: 1Gi, retain: {whenDeleted: Delete}}");
        world.settle();
        assertThat(owners(world)).as("they would go with the cluster").hasSize(2);
        if (leaseless) {
            world.cluster = World.cluster(2, "");
            world.objects.remove("Lease/orders");
        } else {
            world.cluster = World.cluster(2, "postgres: {hba: [\"host all\\nall\"]}");
            assertThat(world.plan().findings()).anyMatch(f -> f.reason().equals("InvalidSpec"));
        }
        assertThat(world.plan().waits()).isNotEmpty();
        world.apply(world.plan());
        assertThat(owners(world)).isEmpty();
        assertThat(targets(world)).isEmpty();
    }

    private static List<io.fabric8.kubernetes.api.model.OwnerReference> owners(World world) {
        return world.objects.values().stream()
                .filter(PersistentVolumeClaim.class::isInstance)
                .flatMap(claim -> Metadata.owners(claim).stream())
                .toList();
    }

    /** Three of four would be left, and two replicas must acknowledge each commit. */
    @Test
    void aMemberDoesNotLeaveWhenTheOthersCouldNotAcknowledge() {
        String quorum = "replication: {acknowledgements: 2}";
        World world = World.made(4, quorum);
        world.cluster = World.cluster(3, quorum);
        world.pod(1, "orders-r1", true, "None");
        assertThat(targets(world)).isEmpty();
        assertThat(world.plan().findings()).anySatisfy(f -> {
            assertThat(f.reason()).isEqualTo("QuorumWouldBreak");
            assertThat(f.message()).contains("orders-3 stays for now", "2 of the remaining replicas", "1 stream");
        });
        world.pod(1, "orders-r1", true, "Replica");
        assertThat(targets(world)).containsExactly("ConfigMap orders-settings");
    }

    @Test
    void noMemberIsAddedWhileOneIsMissing() {
        World world = World.made(2, "");
        world.cluster = World.cluster(3, "");
        world.pod(1, "orders-r1", false, "None");
        assertThat(targets(world)).doesNotContain("ConfigMap orders-settings", CLAIM, SET);
        world.pod(1, "orders-r1", true, "Replica");
        world.apply(world.plan());
        world.bind();
        world.pod(1, "orders-r1", false, "None");
        assertThat(targets(world)).as("told, and then one is lost").doesNotContain(SET);
    }

    @Test
    void aVolumeThatIsLargerThanTheSpecStaysAsItIs() {
        World world = World.made(1, "");
        PersistentVolumeClaim claim =
                (PersistentVolumeClaim) Optional.ofNullable(world.objects.get("PersistentVolumeClaim/data-orders-0"))
                        .orElseThrow();
        claim.getSpec().getResources().setRequests(Map.of("storage", new Quantity("9Gi")));
        assertThat(targets(world)).isEmpty();
    }

    @Test
    void aPodThatRecoveredIsNotReplaced() {
        World world = World.made(3, "");
        world.observed("orders-r1", "orders-r2");
        world.broken(1, "orders-r1");
        world.apply(world.plan());
        world.observed("orders-r1", "orders-r2");
        io.fabric8.kubernetes.api.model.Pod pod = world.pod(1, "orders-r1", true, "Replica");
        pod.getMetadata().setUid(world.set().getMetadata().getAnnotations().get(Labels.UNLOCKED_FOR));
        assertThat(world.plan().actions())
                .noneMatch(p -> p.action() instanceof Action.Delete)
                .isNotEmpty();
        world.apply(world.plan());
        assertThat(world.set().getSpec().getUpdateStrategy().getType())
                .as("locked again")
                .isEqualTo("RollingUpdate");
    }

    @Test
    void theTemplateIsNotRenderedAgainForSomethingElse() {
        World world = World.made(2, "");
        world.set().getSpec().getTemplate().getSpec().setTerminationGracePeriodSeconds(7L);
        world.cluster = World.cluster(3, "");
        world.settle();
        assertThat(world.set().getSpec().getTemplate().getSpec().getTerminationGracePeriodSeconds())
                .as("as an older operator made it")
                .isEqualTo(7L);
    }
}
