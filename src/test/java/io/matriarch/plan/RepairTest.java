package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.matriarch.api.contract.Labels;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pod is replaced because it is broken, never because of what it waits for, and never as long as it may be needed. */
class RepairTest {
    private final World world = changed(3);

    /** Somebody changed the template: all pods are outdated. */
    private static World changed(int instances) {
        World world = World.made(instances, "");
        world.observed("orders-r1", "orders-r2");
        return world;
    }

    private static Map<String, Object> report(String role, String state, String reason) {
        Map<String, Object> report = new HashMap<>(Map.of("v", 1, "role", role, "state", state, "epoch", 1));
        if (!reason.isEmpty()) {
            report.put("problem", Map.of("reason", reason, "message", "why it is so"));
        }
        return report;
    }

    private Pod unready(int ordinal, String role, String state, String reason) {
        return running(world, world.pod(ordinal, "orders-r1", false, report(role, state, reason)));
    }

    private static Pod running(World world, Pod pod) {
        // spotless:off
        pod.setStatus(new io.fabric8.kubernetes.api.model.PodStatusBuilder(pod.getStatus())
                .addNewContainerStatus()
                    .withName("postgres").withReady(false)
                    .withNewState().withNewRunning().endRunning().endState()
                .endContainerStatus()
                .build());
        // spotless:on
        world.put(pod);
        return pod;
    }

    private boolean repairs(int ordinal) {
        String uid = world.view().member(ordinal).orElseThrow().uid();
        return world.plan().actions().stream()
                .map(p -> p.action().object())
                .filter(o -> o.getMetadata().getAnnotations() != null)
                .anyMatch(o -> uid.equals(o.getMetadata().getAnnotations().get(Labels.UNLOCKED_FOR)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"NoQuorum", "LagTooHigh", "LeaseGone", "RebuildWaits", "DataAhead", "DataLost", "ForeignVolume"})
    void whoWaitsForOthersOrForAHumanIsNotBroken(String reason) {
        unready(0, "None", "Waiting", "");
        unready(1, "Replica", "Detached", reason);
        assertThat(repairs(1)).isFalse();
        assertThat(world.plan().findings())
                .as("and is told")
                .anyMatch(f -> f.reason().equals(reason));
    }

    /** It may be about data: only the version that says it knows. */
    @Test
    void whatAnOlderOrNewerAgentSaysIsNoReasonToReplaceThePod() {
        unready(1, "None", "Failed", "SaidByAnotherVersion");
        assertThat(repairs(1)).isFalse();
        assertThat(world.plan().findings())
                .as("and is told")
                .anyMatch(f -> f.reason().equals("SaidByAnotherVersion"));
    }

    @Test
    void whatAnotherTemplateMayCureIsReplaced() {
        unready(1, "None", "Failed", "StartFailed");
        assertThat(repairs(1)).isTrue();
    }

    @Test
    void aServerThatRunsIsNotReplacedWhateverItsAgentSays() {
        unready(1, "Replica", "Streaming", "PasswordsFailed");
        assertThat(repairs(1)).isFalse();
    }

    /** A sidecar that crashes makes the pod unready; PostgreSQL in it may be the primary, or all that can vote. */
    private Pod sidecar(int ordinal, String role, String state) {
        Pod pod = unready(ordinal, role, state, "");
        // spotless:off
        pod.setStatus(new io.fabric8.kubernetes.api.model.PodStatusBuilder(pod.getStatus())
                .addNewContainerStatus()
                    .withName("exporter").withReady(false)
                    .withNewState().withNewTerminated().withExitCode(1).withMessage("no such flag").endTerminated().endState()
                .endContainerStatus()
                .build());
        // spotless:on
        world.put(pod);
        return pod;
    }

    @Test
    void ofPodsWithACrashingSidecarTheHolderIsTheLast() {
        for (int ordinal = 0; ordinal < 3; ordinal++) {
            sidecar(ordinal, ordinal == 2 ? "Primary" : "Replica", ordinal == 2 ? "Running" : "Streaming");
        }
        world.lease(2, 3);
        assertThat(repairs(2)).isFalse();
        assertThat(repairs(1)).isTrue();
        world.pod(1, "orders-r2", false, report("Replica", "Streaming", ""));
        world.pod(0, "orders-r2", false, report("Replica", "Streaming", ""));
        assertThat(repairs(2)).as("nobody is ready to take over").isFalse();
        world.pod(1, "orders-r2", true, "Replica");
        assertThat(repairs(2)).as("it hands over when it is told to end").isTrue();
    }

    @Test
    void whileNobodyIsPrimaryWhoCanVoteStays() {
        unready(0, "None", "Waiting", "");
        world.lease(0, 3);
        sidecar(1, "Replica", "Detached");
        assertThat(repairs(1)).isFalse();
        world.pod(0, "orders-r1", true, "Primary");
        assertThat(repairs(1)).isTrue();
    }

    @Test
    void theHolderThatCannotStartIsReplacedAsItIsDown() {
        unready(0, "None", "Failed", "StartFailed");
        assertThat(repairs(0)).isTrue();
        world.broken(0, "orders-r1");
        assertThat(repairs(0)).isTrue();
    }

    @Test
    void aSingleMemberIsReplaced() {
        World single = changed(1);
        Pod pod = running(single, single.pod(0, "orders-r1", false, report("Primary", "Running", "")));
        // spotless:off
        pod.setStatus(new io.fabric8.kubernetes.api.model.PodStatusBuilder(pod.getStatus())
                .addNewContainerStatus()
                    .withName("exporter").withReady(false)
                    .withNewState().withNewTerminated().withExitCode(1).endTerminated().endState()
                .endContainerStatus()
                .build());
        // spotless:on
        single.put(pod);
        assertThat(single.plan().actions()).isNotEmpty();
    }

    @Test
    void aFencedMemberIsLeftAsItIs() {
        world.cluster = World.cluster(3, "fencedInstances: [1]");
        world.settle();
        world.observed("orders-r1", "orders-r2");
        sidecar(1, "None", "Stopped");
        assertThat(repairs(1)).isFalse();
    }
}
