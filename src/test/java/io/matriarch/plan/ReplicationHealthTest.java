package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.plan.postgres.Health;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.step.Finding;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How replication and the primary's change are told, from what members report. */
class ReplicationHealthTest {
    private World world = World.made(3, "");

    private Condition told() {
        return condition("ReplicationHealthy");
    }

    private Condition condition(String type) {
        return Optional.ofNullable(status().conditions()).orElse(List.of()).stream()
                .filter(c -> c.getType().equals(type))
                .findFirst()
                .orElseThrow();
    }

    private PostgresClusterStatus status() {
        return StatusReport.of(world.view(), world.plan(), List.of());
    }

    private void primary(int ordinal, String key, Object value) {
        Map<String, Object> report = new HashMap<>(Map.of(
                "v",
                1,
                "role",
                "Primary",
                "state",
                "Running",
                "epoch",
                1,
                "settings",
                "x",
                "members",
                List.of(0, 1, 2)));
        report.put(key, value);
        world.pod(ordinal, "orders-r1", true, report);
    }

    private static Map<String, Object> synchronous(String state, int acknowledgements) {
        return Map.of("state", state, "acknowledgements", acknowledgements, "voters", List.of(0, 1, 2));
    }

    @Test
    void whoIsFencedIsNotSaidToStream() {
        world.cluster = World.cluster(3, "fencedInstances: [2]");
        primary(0, "synchronous", synchronous("Quorum", 1));
        assertThat(told().getMessage()).startsWith("every replica that is not fenced streams");
        world.cluster = World.cluster(3, "fencedInstances: ['*']");
        assertThat(told().getStatus()).isEqualTo("Unknown");
        assertThat(told().getMessage()).contains("every member is fenced");
    }

    /** Its consumer gets an error or nothing at all, and the cluster is well: Ready stays True, and says it. */
    @Test
    void aSlotInTroubleIsTold() {
        primary(
                0,
                "slots",
                List.of(Map.of("name", "idle", "state", "HoldsWal"), Map.of("name", "cdc", "state", "Lost")));
        assertThat(condition("Ready").getMessage())
                .contains("nobody reads the replication slot idle on orders-0")
                .contains("the replication slot cdc on orders-0 is lost");
        assertThat(Health.findings(world.view())).extracting(Finding::reason).contains("SlotHoldsWAL", "SlotLost");

        primary(0, "synchronous", synchronous("Quorum", 1));
        List<Map<String, String>> dropped = List.of(Map.of("name", "cdc", "state", "Dropped"));
        world.pod(
                1,
                "orders-r1",
                true,
                Map.of("v", 1, "role", "Replica", "state", "Streaming", "epoch", 1, "settings", "x", "slots", dropped));
        assertThat(condition("Ready").getStatus()).isEqualTo("True");
        assertThat(condition("Ready").getMessage())
                .contains("the logical slot cdc is gone: it was made on orders-1")
                .contains("takes a new snapshot");
    }

    @Test
    void aFullDiskIsTheVolumesTrouble() {
        world.pod(
                1,
                "orders-r1",
                false,
                Map.of(
                        "v",
                        1,
                        "role",
                        "None",
                        "state",
                        "Failed",
                        "epoch",
                        1,
                        "settings",
                        "x",
                        "problem",
                        Map.of("reason", "DiskFull", "message", "the volume data-orders-1 is full")));
        assertThat(condition("VolumesHealthy").getReason()).isEqualTo("DiskFull");
        assertThat(condition("Ready").getReason()).isEqualTo("DiskFull");
        assertThat(condition("Stalled").getReason()).isEqualTo("DiskFull");
    }

    @Test
    void quorumSaysWhoAcknowledges() {
        primary(0, "synchronous", synchronous("Quorum", 1));
        assertThat(told().getStatus()).isEqualTo("True");
        assertThat(told().getReason()).isEqualTo("Quorum");
        assertThat(told().getMessage()).contains("1 of orders-1, orders-2 have flushed");
        assertThat(status().members())
                .extracting(PostgresClusterStatus.Member::synchronous)
                .containsExactly(null, true, true);
    }

    @Test
    void readyWaitsForTheFirstReplicasThatAcknowledge() {
        primary(0, "synchronous", Map.of("state", "Async"));
        assertThat(told().getReason()).isEqualTo("NotYetSynchronous");
        assertThat(told().getMessage()).contains("alone until 1 of the replicas stream");
        assertThat(condition("Ready").getStatus()).isEqualTo("False");
        primary(0, "synchronous", synchronous("Quorum", 1));
        assertThat(condition("Ready").getStatus()).isEqualTo("True");
    }

    @Test
    void aClusterThatNeverServedHasNotLostItsPrimary() {
        world = World.made(3, "");
        for (int member = 0; member < 3; member++) {
            world.pod(member, "orders-r1", false, "None");
        }
        assertThat(world.view().bootstrapped()).isTrue();
        assertThat(Health.findings(world.view())).extracting(Finding::reason).doesNotContain("NoPrimary");
        assertThat(condition("Ready").getReason()).isEqualTo("Creating");
    }

    /** Seen in the playground: "the last one was nobody" at first, and then the one that was about to be the next. */
    @Test
    void theLastPrimaryIsToldWhileThereIsNone() {
        primary(0, "serverVersion", "17.6");
        world.cluster.setStatus(status());
        for (int member = 0; member < 3; member++) {
            world.pod(member, "orders-r1", true, Map.of("v", 1, "role", "Replica", "state", "Waiting"));
        }
        Reign first = new Reign(1, 1, "0/0", "orders-0");
        Reign second = new Reign(2, 2, "0/3000000", "orders-2");
        Reign next = new Reign(3, 3, "0/0", "orders-1");
        for (String holder : List.of("", "orders-1/uid/1")) {
            world.between(holder.isEmpty() ? List.of(first, second) : List.of(first, second, next), holder);
            assertThat(condition("Ready").getMessage())
                    .contains("no member serves as primary; the last one was orders-2");
        }
    }

    @Test
    void asyncIsAsTheUserWantsIt() {
        world = World.made(3, "replication: {mode: Async}");
        primary(0, "synchronous", Map.of("state", "Async"));
        assertThat(told().getReason()).isEqualTo("Async");
        assertThat(status().members())
                .extracting(PostgresClusterStatus.Member::synchronous)
                .containsOnlyNulls();
    }

    @Test
    void blockedAndDegradedAreNotHealthy() {
        primary(0, "synchronous", synchronous("Blocked", 1));
        world.pod(1, "orders-r1", false, "None");
        assertThat(told().getStatus()).isEqualTo("False");
        assertThat(told().getReason()).isEqualTo("Blocked");
        assertThat(told().getMessage())
                .contains(
                        "1 of orders-1, orders-2 must acknowledge",
                        "orders-1 (Waiting) does not stream from the primary orders-0");
        primary(0, "synchronous", synchronous("Degraded", 0));
        assertThat(told().getReason()).isEqualTo("Degraded");
    }

    @Test
    void aSettingThatMakesCommitsNotWaitIsTold() {
        for (String value : List.of("off", "LOCAL", "remote_write", "0")) {
            world.cluster = World.cluster(3, "postgres: {parameters: {synchronous_commit: '%s'}}".formatted(value));
            assertThat(told().getReason()).as(value).isEqualTo("CommitsDoNotWait");
            assertThat(told().getMessage()).contains("synchronous_commit to " + value, "Async");
        }
        for (String fields : List.of(
                "postgres: {parameters: {synchronous_commit: remote_apply}}",
                "postgres: {parameters: {synchronous_commit: 'off'}}\nreplication: {mode: Async}")) {
            world.cluster = World.cluster(3, fields);
            assertThat(told().getReason()).as(fields).isNotEqualTo("CommitsDoNotWait");
        }
    }

    @Test
    void whyNobodyIsElectedIsTold() {
        world.pod(0, "orders-r1", false, "None");
        world.pod(
                1,
                "orders-r1",
                true,
                Map.of(
                        "v",
                        1,
                        "role",
                        "Replica",
                        "state",
                        "Detached",
                        "problem",
                        Map.of("reason", "NoQuorum", "message", "1 of 2 votes")));
        assertThat(told().getReason()).isEqualTo("NoQuorum");
        assertThat(told().getMessage()).contains("orders-1: 1 of 2 votes");
    }

    @Test
    void aRoleChangeKeepsTheTimeWhenItWasSeen() {
        primary(
                1,
                "change",
                Map.of(
                        "epoch",
                        4,
                        "from",
                        "orders-0",
                        "reason",
                        "LeaseExpired",
                        "millis",
                        11_250,
                        "message",
                        "2 voted"));
        world.pod(0, "orders-r1", true, "Replica");
        PostgresClusterStatus first = status();
        assertThat(first.lastRoleChange())
                .isEqualTo(new PostgresClusterStatus.RoleChange(
                        4, "orders-0", "orders-1", "LeaseExpired", "11.250s", "2026-11-01T12:00:00Z", "2 voted"));
        world.cluster.setStatus(first);
        world.now = World.NOW.plusSeconds(90);
        assertThat(status().lastRoleChange()).isEqualTo(first.lastRoleChange());
        world.pod(1, "orders-r1", false, "None");
        assertThat(status().lastRoleChange()).as("without a primary").isEqualTo(first.lastRoleChange());
    }

    @Test
    void fencedMembersHoldNothingUp() {
        world.cluster = World.cluster(3, "fencedInstances: [2]");
        world.settle();
        world.pod(2, "orders-r1", false, "None");
        assertThat(world.plan().settled()).as("%s", world.plan()).isTrue();
        assertThat(world.plan().findings()).singleElement().satisfies(f -> {
            assertThat(f.reason()).isEqualTo("Fenced");
            assertThat(f.message()).contains("orders-2").doesNotContain("nobody");
        });
    }

    @Test
    void aFencedMemberDoesNotKeepOthersFromComing() {
        world.cluster = World.cluster(3, "fencedInstances: [2]");
        world.settle();
        world.pod(2, "orders-r1", false, "None");
        world.cluster = World.cluster(4, "fencedInstances: [2]");
        assertThat(world.plan().actions())
                .extracting(p -> p.action().target())
                .contains("ConfigMap orders-settings", "PersistentVolumeClaim data-orders-3");
    }
}
