package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Affected;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.workload.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is begun is in the status before anything is done: a crash between any two writes leaves nothing that nobody knows of. */
class IntentTest {
    private final World world = World.made(3, "");

    /** The status once the plan's intents are written, and nothing else is done yet. */
    private PostgresClusterStatus remembered(Plan plan) {
        return Intent.onto(world.cluster.getStatus(), plan.remember(), PostgresClusterStatus.class);
    }

    private static List<String> targets(Plan plan) {
        return plan.actions().stream().map(p -> p.action().target()).toList();
    }

    private void broken(int ordinal) {
        world.broken(ordinal, "orders-r1");
        world.observed("orders-r1", "orders-r2");
    }

    private void report() {
        world.cluster.setStatus(StatusReport.of(world.view(), world.plan(), List.of()));
    }

    @Test
    void aClusterThatIsAsItShallBeRemembersNothing() {
        assertThat(world.plan().remember()).isEmpty();
    }

    @Test
    void aCommandIsRememberedBeforeTheMembersAreAsked() {
        world.cluster.getMetadata().setAnnotations(Map.of(Labels.SWITCHOVER, "orders-1/a"));
        Plan plan = world.plan();
        assertThat(targets(plan)).contains("ConfigMap orders-settings");
        assertThat(remembered(plan).requests())
                .extracting(Request::id, Request::outcome)
                .containsExactly(
                        org.assertj.core.api.Assertions.tuple("switchover:orders-1/a", Request.Outcome.Accepted));
    }

    @Test
    void aMemberIsRememberedBeforeItIsToldToLeave() {
        world.cluster.setSpec(World.cluster(2, "").getSpec());
        Plan plan = world.plan();
        assertThat(targets(plan)).contains("ConfigMap orders-settings");
        assertThat(Optional.ofNullable(remembered(plan).leaving()).map(Affected::member))
                .contains("orders-2");
        world.apply(plan);
        report();
        assertThat(world.cluster.getStatus().leaving())
                .as("until its pod is taken away")
                .isNotNull();
        world.lease(0, 2);
        world.pod(0, "orders-r1", true, "Primary");
        world.pod(2, "orders-r1", false, "None");
        world.settle();
        assertThat(world.set().getSpec().getReplicas()).isEqualTo(2);
        report();
        assertThat(world.cluster.getStatus().leaving()).isNull();
    }

    @Test
    void aPodIsRememberedBeforeTheStatefulSetIsUnlockedForIt() {
        broken(1);
        Plan plan = world.plan();
        assertThat(targets(plan)).contains("StatefulSet orders");
        assertThat(Optional.ofNullable(remembered(plan).replacing()).map(Affected::member))
                .contains("orders-1");
    }

    /** The operator ended after it wrote what it begins, and before it did anything. */
    @Test
    void whatTheStatusRemembersGoesOn() {
        broken(1);
        world.cluster.setStatus(remembered(world.plan()));
        broken(2);
        Plan plan = world.plan();
        StatefulSet unlocked = plan.actions().stream()
                .map(p -> p.action().object())
                .filter(StatefulSet.class::isInstance)
                .map(StatefulSet.class::cast)
                .findFirst()
                .orElseThrow();
        assertThat(Shape.unlocked(unlocked))
                .as("orders-1, although orders-2 is above it")
                .contains(world.view().member(1).orElseThrow().uid());
    }

    @Test
    void aStatefulSetThatIsUnlockedForAPodThatNobodyRemembersIsLockedFirst() {
        broken(1);
        world.apply(world.plan());
        world.observed("orders-r1", "orders-r2");
        assertThat(world.plan().actions()).as("remembered").anyMatch(p -> p.action() instanceof Action.Delete);
        world.cluster.setStatus(null);
        Plan plan = world.plan();
        assertThat(plan.actions()).noneMatch(p -> p.action() instanceof Action.Delete);
        world.apply(plan);
        assertThat(Shape.unlocked(world.set())).isEmpty();
        world.observed("orders-r1", "orders-r2");
        assertThat(Optional.ofNullable(remembered(world.plan()).replacing()).map(Affected::member))
                .as("then it begins anew")
                .contains("orders-1");
    }

    @Test
    void whatIsOverIsForgotten() {
        broken(1);
        world.apply(world.plan());
        world.observed("orders-r1", "orders-r2");
        report();
        assertThat(world.cluster.getStatus().replacing()).isNotNull();
        world.apply(world.plan());
        assertThat(world.objects).doesNotContainKey("Pod/orders-1");
        Pod next = world.pod(1, "orders-r2", true, "Replica");
        world.apply(world.plan());
        assertThat(Shape.unlocked(world.set())).isEmpty();
        world.observed("orders-r1", "orders-r2");
        report();
        assertThat(world.cluster.getStatus().replacing())
                .as("the successor is %s", next.getMetadata().getUid())
                .isNull();
    }
}
