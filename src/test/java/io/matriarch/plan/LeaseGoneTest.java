package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.plan.postgres.Bootstrapping;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Plan;
import io.matriarch.render.SettingsDocument;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Somebody deleted the Lease, and no member serves: a cluster that had a database is not one that is yet to be made. */
class LeaseGoneTest {
    private static World bereft(int instances) {
        World world = World.made(instances, "");
        world.cluster.setStatus(StatusReport.of(world.view(), world.plan(), List.of()));
        world.objects.remove("Lease/orders");
        for (int ordinal = 0; ordinal < instances; ordinal++) {
            world.pod(ordinal, "orders-r1", true, replica(ordinal == 0 ? 1 : 0));
        }
        return world;
    }

    private static Map<String, Object> replica(long primaryEpoch) {
        Map<String, Object> report = new HashMap<>(Map.of("v", 1, "role", "Replica", "state", "Detached"));
        report.put("volume", "Data");
        report.put("systemIdentifier", World.SYSTEM);
        report.put("owner", "shop/orders");
        report.put("timeline", 1);
        report.put("lsn", "0/3000000");
        report.put("primaryEpoch", primaryEpoch);
        return report;
    }

    private static Settings settings(World world) {
        return world.view().settings().orElseThrow();
    }

    private static void pinned(World world) {
        StatefulSet set = world.set();
        assertThat(set.getSpec().getUpdateStrategy().getRollingUpdate().getPartition())
                .as("its controller replaces no pod by itself")
                .isEqualTo(set.getSpec().getReplicas());
    }

    @Test
    void thePartitionStaysAndNoPodIsReplaced() {
        World world = bereft(3);
        world.observed("orders-r1", "orders-r2");
        for (int pass = 0; pass < 4; pass++) {
            Plan plan = world.plan();
            assertThat(plan.actions()).noneMatch(p -> p.action() instanceof Action.Delete);
            world.apply(plan);
            world.observed("orders-r1", "orders-r2");
            pinned(world);
        }
    }

    @Test
    void nobodyLeavesAndEverybodyIsLookedAt() {
        World world = bereft(3);
        world.cluster.setSpec(World.cluster(1, "").getSpec());
        for (int pass = 0; pass < 4; pass++) {
            world.apply(world.plan());
            world.observed("orders-r1", "orders-r1");
        }
        assertThat(world.set().getSpec().getReplicas()).isEqualTo(3);
        assertThat(settings(world).instances()).isEqualTo(3);
        assertThat(world.plan().waits()).anyMatch(w -> w.contains("the Lease"));
        assertThat(settings(world).bootstrap().action()).isEqualTo(BootstrapAction.Adopt);
        world.pod(2, "orders-r1", false, Map.of("v", 1, "role", "None", "state", "Waiting"));
        assertThat(Bootstrapping.order(withoutOrder(world).view()).order().action())
                .as("orders-2 may have the newest data")
                .isEqualTo(BootstrapAction.Inspect);
    }

    private static World withoutOrder(World world) {
        Settings was = settings(world);
        world.put(SettingsDocument.configMap(
                world.view().rendering(),
                SettingsDocument.of(world.view().rendering(), was.instances(), Bootstrapping.NONE, List.of())));
        return world;
    }

    @Test
    void itIsToldAndNotCalledCreating() {
        World world = bereft(3);
        Map<String, Object> report = replica(1);
        report.put("problem", Map.of("reason", "LeaseGone", "message", "the Lease was deleted. orders-0 was the last"));
        world.pod(0, "orders-r1", true, report);
        List<Condition> conditions = Optional.ofNullable(
                        StatusReport.of(world.view(), world.plan(), List.of()).conditions())
                .orElse(List.of());
        assertThat(conditions)
                .filteredOn(c -> c.getType().equals("Ready"))
                .singleElement()
                .satisfies(c -> {
                    assertThat(c.getReason()).isEqualTo("NoPrimary");
                    assertThat(c.getMessage()).contains("no member serves as primary");
                });
        assertThat(conditions)
                .filteredOn(c -> c.getType().equals("ReplicationHealthy"))
                .singleElement()
                .satisfies(c -> {
                    assertThat(c.getReason()).isEqualTo("LeaseGone");
                    assertThat(c.getMessage()).contains("the Lease was deleted");
                });
    }
}
