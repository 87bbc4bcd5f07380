package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.matriarch.plan.step.Finding;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A container that ends and is started again and again: whichever moment of it is seen, the same is told. */
class CrashLoopTest {
    private final World world = World.made(3, "");

    private Pod crashed(Instant started, Instant finished, int restarts, boolean running) {
        Pod pod = world.pod(2, "orders-r1", false, Map.of("v", 1, "role", "None", "state", "Waiting"));
        // spotless:off
        var container = new io.fabric8.kubernetes.api.model.ContainerStatusBuilder()
                .withName("postgres").withReady(false).withRestartCount(restarts)
                .withNewLastState()
                    .withNewTerminated()
                        .withExitCode(3).withReason("Error").withMessage("no space left on device")
                        .withStartedAt(started.toString()).withFinishedAt(finished.toString())
                    .endTerminated()
                .endLastState();
        pod.setStatus(new PodStatusBuilder()
                .withPhase("Running")
                .withContainerStatuses(running
                        ? container.withNewState().withNewRunning().withStartedAt(finished.plusSeconds(1).toString()).endRunning().endState().build()
                        : container.withNewState().withNewWaiting().withReason("CrashLoopBackOff").endWaiting().endState().build())
                .build());
        // spotless:on
        world.put(pod);
        return pod;
    }

    private List<Finding> told() {
        return world.plan().findings().stream()
                .filter(f -> f.topic() == Finding.Topic.Cluster)
                .toList();
    }

    @Test
    void theSameIsToldWhetherItWaitsOrRunsForAMoment() {
        Instant began = World.NOW.minusSeconds(20);
        crashed(began, World.NOW.minusSeconds(10), 4, false);
        List<Finding> waiting = told();
        assertThat(waiting)
                .singleElement()
                .satisfies(f -> assertThat(f.message()).contains("orders-2", "exit code 3", "no space left"));
        crashed(began, World.NOW.minusSeconds(10), 4, true);
        assertThat(told()).isEqualTo(waiting);
        world.now = World.NOW.plusSeconds(120);
        assertThat(told()).as("it runs, this time").isEmpty();
    }

    @Test
    void aMemberThatServedAndWasKilledIsOnItsWayUp() {
        crashed(World.NOW.minusSeconds(86_400), World.NOW.minusSeconds(5), 7, true);
        assertThat(told()).isEmpty();
        crashed(World.NOW.minusSeconds(20), World.NOW.minusSeconds(5), 1, true);
        assertThat(told()).as("the first time").isEmpty();
    }
}
