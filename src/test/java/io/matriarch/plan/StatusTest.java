package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.plan.postgres.Configuration;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The status says what is seen, and Unknown where nothing is. */
class StatusTest {
    private World world = World.made(3, "");

    private PostgresClusterStatus told() {
        PostgresClusterStatus status = Evidence.of(world);
        world.cluster.setStatus(status);
        return status;
    }

    private Condition condition(String type) {
        return Optional.ofNullable(told().conditions()).orElse(List.of()).stream()
                .filter(c -> c.getType().equals(type))
                .findFirst()
                .orElseThrow();
    }

    private void says(String type, String status, String reason) {
        assertThat(condition(type))
                .extracting(Condition::getStatus, Condition::getReason)
                .as(type)
                .containsExactly(status, reason);
    }

    private void spec(int instances, String more) {
        PostgresClusterStatus before = world.cluster.getStatus();
        world.cluster = World.cluster(instances, more);
        world.cluster.setStatus(before);
    }

    private Map<String, Object> primary(String synchronous, List<Integer> connected) {
        return Map.of(
                "v",
                1,
                "role",
                "Primary",
                "state",
                "Running",
                "epoch",
                1,
                "serverVersion",
                "17.6",
                "settings",
                Configuration.wanted(world.view()).revision(),
                "members",
                List.of(0, 1, 2),
                "connected",
                connected,
                "synchronous",
                Map.of("state", synchronous, "acknowledgements", 1, "voters", List.of(0, 1, 2)));
    }

    @Test
    void fromTheFirstSecondNothingIsClaimed() {
        world = new World(3, "");
        for (String type : List.of(
                "ReplicationHealthy",
                "SynchronousReplication",
                "ConfigurationAccepted",
                "VolumesHealthy",
                "PendingRestart",
                "UpgradePending")) {
            assertThat(condition(type).getStatus()).as(type).isEqualTo("Unknown");
        }
        world.settle();
        for (int ordinal = 0; ordinal < 3; ordinal++) {
            world.broken(ordinal, "orders-r1");
        }
        says("ReplicationHealthy", "Unknown", "Creating");
        says("ConfigurationAccepted", "Unknown", "NotHeard");
        says("VolumesHealthy", "Unknown", "NotBound");
        says("Stalled", "True", "ImagePull");
        says("Reconciling", "False", "Stalled");
        world.bind();
        says("VolumesHealthy", "True", "Healthy");
    }

    @Test
    void aVolumeThatIsGoneIsNotHealthy() {
        world.objects.remove("PersistentVolumeClaim/data-orders-1");
        says("VolumesHealthy", "Unknown", "NotBound");
        assertThat(condition("VolumesHealthy").getMessage()).contains("data-orders-1 (does not exist)");
        world = World.made(3, "");
        world.objects.values().stream()
                .filter(PersistentVolumeClaim.class::isInstance)
                .forEach(claim -> ((PersistentVolumeClaim) claim).setStatus(null));
        says("VolumesHealthy", "Unknown", "NotBound");
    }

    @Test
    void withEveryMemberFencedNobodyKnows() {
        told();
        spec(3, "fencedInstances: ['*']");
        world.settle();
        for (int ordinal = 0; ordinal < 3; ordinal++) {
            world.pod(ordinal, "orders-r1", false, "None");
        }
        for (String type : List.of("ReplicationHealthy", "ConfigurationAccepted", "PendingRestart")) {
            says(type, "Unknown", "Fenced");
        }
        says("Stalled", "True", "Fenced");
    }

    /** The documented way to lower a limit waits for this: who goes on before each member has stopped finds the higher one again. */
    @Test
    void nobodyIsCalledFencedBeforeItHasStopped() {
        told();
        spec(3, "fencedInstances: ['*']");
        world.settle();
        world.pod(0, "orders-r1", false, Map.of("v", 1, "role", "None", "state", "Waiting"));
        world.pod(1, "orders-r1", true, Map.of("v", 1, "role", "Replica", "state", "Streaming"));
        world.pod(2, "orders-r1", false, Map.of("v", 1, "role", "Replica", "state", "Detached"));
        for (String type : List.of("ReplicationHealthy", "ConfigurationAccepted", "PendingRestart", "Ready")) {
            says(type, "Ready".equals(type) ? "False" : "Unknown", "Fencing");
            assertThat(condition(type).getMessage())
                    .contains("orders-1, orders-2")
                    .contains("not stopped yet");
        }
        says("Stalled", "False", "NotStalled");
        world.pod(1, "orders-r1", false, Map.of("v", 1, "role", "None", "state", "Stopped"));
        world.pod(2, "orders-r1", false, Map.of("v", 1, "role", "None", "state", "Waiting"));
        says("ReplicationHealthy", "Unknown", "Fencing");
        world.pod(1, "orders-r1", false, Map.of("v", 1, "role", "None", "state", "Waiting"));
        says("ReplicationHealthy", "Unknown", "Fenced");
        says("Stalled", "True", "Fenced");
    }

    @Test
    void theDeadPrimarysLastWordIsNoRole() {
        told();
        world.lease(2, 3);
        world.between(
                List.of(new Reign(1, 1, "0/0", "orders-0"), new Reign(3, 2, "0/1", "orders-2", 1)), "orders-2/uid/3");
        world.pod(2, "orders-r1", true, Map.of("v", 1, "role", "Primary", "state", "Running", "epoch", 3));
        // The node's end has not been noticed yet: the pod is said to be ready.
        assertThat(member(0).state()).isEqualTo("Unreachable");
        assertThat(member(0).role()).isNull();
        assertThat(member(0).since()).isEqualTo("2026-11-01T12:00:00Z");
        assertThat(member(2).role()).isEqualTo("Primary");
        world.now = world.now.plus(Duration.ofMinutes(1));
        world.nodeGone(world.pod(0, "orders-r1", false, "Primary"), "2026-11-01T12:00:40Z");
        assertThat(member(0).since()).as("since it was noticed first").isEqualTo("2026-11-01T12:00:00Z");
        says("ReplicationHealthy", "False", "NotStreaming");
        assertThat(condition("ReplicationHealthy").getMessage())
                .isEqualTo("orders-0 (Unreachable) does not stream from the primary orders-2");
        says("ConfigurationAccepted", "Unknown", "NotHeard");
        says("PendingRestart", "Unknown", "NotHeard");
    }

    private PostgresClusterStatus.Member member(int ordinal) {
        return Optional.ofNullable(told().members()).orElseThrow().get(ordinal);
    }

    @Test
    void aMemberThatFellSilentIsUnreachableAndOneThatStartsIsNot() {
        var pod = world.pod(1, "orders-r1", false, "Replica");
        assertThat(member(1).state()).isEqualTo("Streaming");
        // spotless:off
        pod.getStatus().setContainerStatuses(List.of(new io.fabric8.kubernetes.api.model.ContainerStatusBuilder()
                .withName("postgres").withNewState().withNewRunning("2026-11-01T11:00:00Z").endState().build()));
        // spotless:on
        pod.getStatus().getConditions().getFirst().setLastTransitionTime("2026-11-01T10:59:00Z");
        assertThat(member(1).state()).isEqualTo("Streaming");
        pod.getStatus().getConditions().getFirst().setLastTransitionTime("2026-11-01T11:59:00Z");
        assertThat(member(1).state()).isEqualTo("Unreachable");
        assertThat(member(1).since()).isEqualTo("2026-11-01T11:59:00Z");
    }

    @Test
    void thePrimaryKnowsBetterThanTheReplica() {
        world.pod(0, "orders-r1", true, primary("Quorum", List.of(0, 1, 2)));
        says("ReplicationHealthy", "True", "Quorum");
        world.pod(0, "orders-r1", true, primary("Quorum", List.of(0, 1)));
        says("ReplicationHealthy", "False", "NotStreaming");
        assertThat(condition("ReplicationHealthy").getMessage()).contains("orders-2 (not connected) does not stream");
    }

    @Test
    void whoIsBeingPromotedWasNotTheLastPrimary() {
        told();
        for (int ordinal = 0; ordinal < 3; ordinal++) {
            world.pod(ordinal, "orders-r1", true, "Replica");
        }
        // The holder's promotion is written in the Lease, and its own report is not there yet.
        world.between(
                List.of(new Reign(1, 1, "0/0", "orders-0"), new Reign(3, 2, "0/1", "orders-2", 1)), "orders-2/uid/3");
        assertThat(condition("Ready").getMessage()).contains("the last one was orders-0");
        world.between(
                List.of(new Reign(1, 1, "0/0", "orders-0"), new Reign(3, 2, "0/1", "orders-2")), "orders-2/uid/3");
        assertThat(condition("Ready").getMessage()).contains("the last one was orders-0");
    }

    @Test
    void aPlannedHandOverIsNoLoss() {
        told();
        for (int ordinal = 0; ordinal < 3; ordinal++) {
            world.pod(ordinal, "orders-r1", true, "Replica");
        }
        world.handoff(1, "switchover:orders-1/a");
        says("Ready", "False", "HandingOver");
        world.now = world.now.plusSeconds(31);
        says("Ready", "False", "NoPrimary");
        world.now = world.now.plusSeconds(1);
        says("Ready", "False", "NoPrimary");
    }

    @Test
    void settledIsSaidOnlyWhenItIs() {
        says("Reconciling", "False", "Settled");
        world.observed("orders-r1", "orders-r2");
        says("UpgradePending", "True", "TemplateChanged");
        says("Reconciling", "False", "UpgradePending");
        world.observed("orders-r1", "orders-r1");
        Map<String, Object> report = new java.util.HashMap<>(primary("Quorum", List.of(0, 1, 2)));
        report.put("pendingRestart", List.of("max_connections"));
        world.pod(0, "orders-r1", true, report);
        says("Reconciling", "False", "RestartPending");
        says("Ready", "True", "Ready");
    }

    @Test
    void pausedIsShownAndTheClusterIsStillObserved() {
        told();
        spec(3, "paused: true");
        says("Ready", "True", "Paused");
        says("Reconciling", "False", "Paused");
        world.pod(2, "orders-r1", false, "None");
        says("Ready", "False", "Paused");
        says("ReplicationHealthy", "False", "NotStreaming");
    }

    @Test
    void whatIsOnlyBeingMadeIsNotDegraded() {
        world = World.made(3, "");
        world.pod(1, "orders-r1", false, "None");
        says("Ready", "False", "Creating");
        assertThat(told().readyAt()).isNull();
        world.pod(1, "orders-r1", true, "Replica");
        says("Ready", "True", "Ready");
        assertThat(told().readyAt()).isEqualTo("2026-11-01T12:00:00Z");
        world.pod(1, "orders-r1", false, "None");
        says("Ready", "False", "Degraded");
    }

    @Test
    void aSecretOfTheOperatorsOwnIsNotTheUsersToMake() {
        Map<String, Object> report = Map.of(
                "v",
                1,
                "role",
                "None",
                "state",
                "Failed",
                "problem",
                Map.of("reason", "SecretMissing", "message", "the Secret orders-app does not exist"));
        world.pod(1, "orders-r1", false, report);
        assertThat(condition("Stalled").getStatus()).isEqualTo("False");
    }

    /** Seen on Kubernetes: "until 1 of the replicas stream" while the last of them that counted was on its way out. */
    @Test
    void withOneMemberFewerThePromiseIsTheNewDefaultFromTheStart() {
        world.pod(0, "orders-r1", true, primary("Quorum", List.of(0, 1, 2)));
        told();
        spec(2, "");
        world.apply(world.plan());
        world.pod(0, "orders-r1", true, primary("Async", List.of(0, 1, 2)));
        assertThat(world.view().replicas()).isEqualTo(3);
        says("SynchronousReplication", "False", "Async");
        assertThat(condition("SynchronousReplication").getMessage()).contains("as is the default with 2 instances");
        says("Ready", "False", "ScalingDown");
        StatefulSet set = (StatefulSet)
                Optional.ofNullable(world.objects.get("StatefulSet/orders")).orElseThrow();
        set.getSpec().setReplicas(2);
        says("Ready", "False", "ScalingDown");
    }

    @Test
    void aSettingThatIsRefusedBeforeThereAreDataIsNotAccepted() {
        world = new World(3, "");
        world.settle();
        Map<String, Object> report = Map.of(
                "v",
                1,
                "role",
                "None",
                "state",
                "Failed",
                "problem",
                Map.of(
                        "reason",
                        "SettingsRejected",
                        "message",
                        "PostgreSQL refuses spec.postgres: invalid value for parameter \"shared_buffers\": \"banana\""));
        world.pod(0, "orders-r1", false, report);
        says("Stalled", "True", "SettingsRejected");
        says("ConfigurationAccepted", "False", "ConfigurationRejected");
        assertThat(condition("ConfigurationAccepted").getMessage()).contains("banana");
    }

    @Test
    void aPromiseThatChangedIsRememberedWhileNobodySpeaks() {
        world.pod(0, "orders-r1", true, primary("Quorum", List.of(0, 1, 2)));
        says("SynchronousReplication", "True", "Quorum");
        world.pod(0, "orders-r1", true, "Replica");
        says("SynchronousReplication", "Unknown", "LastKnownTrue");
        world.now = world.now.plusSeconds(5);
        says("SynchronousReplication", "Unknown", "LastKnownTrue");
        spec(2, "");
        world.pod(0, "orders-r1", true, primary("Async", List.of(0, 1)));
        assertThat(condition("SynchronousReplication").getStatus()).isEqualTo("False");
    }
}
