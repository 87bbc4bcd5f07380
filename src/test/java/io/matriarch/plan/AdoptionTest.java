package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.objects.Wanted;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Plan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@code kubectl delete --cascade=orphan} or a restore left, and the manifest again: a PostgresCluster with another uid. */
class AdoptionTest {
    private static World orphaned(int instances) {
        World world = World.made(instances, "");
        for (HasMetadata object : world.objects.values()) {
            List<io.fabric8.kubernetes.api.model.OwnerReference> left = new ArrayList<>(
                    Objects.requireNonNullElse(object.getMetadata().getOwnerReferences(), List.of()));
            left.removeIf(o -> o.getKind().equals("PostgresCluster"));
            object.getMetadata().setOwnerReferences(left);
        }
        world.cluster.getMetadata().setUid("another-uid");
        world.cluster.setStatus(null);
        return world;
    }

    private static List<String> reasons(Plan plan) {
        return plan.findings().stream().map(Finding::reason).toList();
    }

    private static HasMetadata object(World world, String key) {
        return Optional.ofNullable(world.objects.get(key)).orElseThrow();
    }

    @Test
    void orphansAreAdoptedAndNoPodIsTouched() {
        World world = orphaned(3);
        String template = Serialization.asYaml(world.set().getSpec().getTemplate());
        String passwords = Serialization.asYaml(
                ((io.fabric8.kubernetes.api.model.Secret) object(world, "Secret/orders-app")).getData());
        String pods = Serialization.asYaml(
                world.objects.values().stream().filter(Pod.class::isInstance).toList());
        assertThat(reasons(world.plan())).doesNotContain("NameTaken");

        List<Action> done = world.settle();

        assertThat(world.objects.values())
                .filteredOn(o -> !(o instanceof Pod) && !(o instanceof PersistentVolumeClaim))
                .allSatisfy(o -> assertThat(Wanted.ours(world.cluster, o))
                        .as(World.key(o))
                        .isTrue());
        assertThat(done).noneMatch(action -> action instanceof Action.Delete || action.object() instanceof Pod);
        assertThat(Serialization.asYaml(world.set().getSpec().getTemplate())).isEqualTo(template);
        assertThat(Serialization.asYaml(
                        ((io.fabric8.kubernetes.api.model.Secret) object(world, "Secret/orders-app")).getData()))
                .isEqualTo(passwords);
        assertThat(Serialization.asYaml(world.objects.values().stream()
                        .filter(Pod.class::isInstance)
                        .toList()))
                .isEqualTo(pods);
        assertThat(world.set().getSpec().getReplicas()).isEqualTo(3);
        assertThat(world.view().lease().orElseThrow().systemIdentifier()).isEqualTo(World.SYSTEM);
        assertThat(world.plan().actions()).isEmpty();
    }

    /** Labels alone prove nothing: an object of a cluster that lives stays with it. */
    @Test
    void whatAnotherClusterOwnsIsLeftToIt() {
        World world = orphaned(1);
        HasMetadata lease = object(world, "Lease/orders");
        lease.getMetadata()
                .setOwnerReferences(List.of(new OwnerReferenceBuilder()
                        .withApiVersion("matriarch.io/v1beta1")
                        .withKind("PostgresCluster")
                        .withName("billing")
                        .withUid("billing-uid")
                        .withController(true)
                        .build()));
        Plan plan = world.plan();
        assertThat(plan.actions()).isEmpty();
        assertThat(plan.findings())
                .filteredOn(f -> f.reason().equals("NameTaken"))
                .singleElement()
                .satisfies(f -> assertThat(f.message()).contains("Lease orders").doesNotContain("elete"));
    }

    @Test
    void strangersAreNamedOnceAndShortly() {
        World world = orphaned(1);
        for (HasMetadata object : world.objects.values()) {
            Map<String, String> labels = new HashMap<>(
                    Objects.requireNonNullElse(object.getMetadata().getLabels(), Map.<String, String>of()));
            labels.remove(Labels.CLUSTER);
            object.getMetadata().setLabels(labels);
        }
        Plan plan = world.plan();
        assertThat(plan.actions()).isEmpty();
        assertThat(plan.findings())
                .filteredOn(f -> f.reason().equals("NameTaken"))
                .singleElement()
                .satisfies(
                        f -> assertThat(f.message()).hasSizeLessThan(220).contains("more", "Use another cluster name"));
    }

    @Test
    void objectsOfTwoSystemsAreNotAdopted() {
        World world = orphaned(1);
        PersistentVolumeClaim claim = (PersistentVolumeClaim) object(world, "PersistentVolumeClaim/data-orders-0");
        Map<String, String> annotations = new HashMap<>(claim.getMetadata().getAnnotations());
        annotations.put(Labels.SYSTEM_IDENTIFIER, "7000000000000000009");
        claim.getMetadata().setAnnotations(annotations);
        Plan plan = world.plan();
        assertThat(plan.actions()).isEmpty();
        assertThat(reasons(plan)).contains("DifferentSystems");
    }

    /** Without the Lease the cluster looks as if it had no database, and its pods as if they might be replaced. */
    @Test
    void membersThatRunWithoutALeaseAreLeftAloneUntilItIsBack() {
        World world = orphaned(3);
        HasMetadata lease = object(world, "Lease/orders");
        world.objects.remove("Lease/orders");
        Plan plan = world.plan();
        assertThat(plan.actions()).isEmpty();
        assertThat(reasons(plan)).contains("LeaseGone");
        world.put(lease);
        world.settle();
        assertThat(Wanted.ours(world.cluster, world.set())).isTrue();
    }
}
