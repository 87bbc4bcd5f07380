package io.matriarch.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.matriarch.chaos.Trial.Outcome;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The faults that matter most, one after another on one cluster, with replicas that acknowledge and then without. {@code bench/soak} has all of
 * them, as long as you like.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
@Tag("postgres")
class ChaosTest {
    private final Arena arena;
    private final Random random = new Random(1);

    ChaosTest() throws IOException {
        arena = new Arena();
    }

    @BeforeAll
    void open() {
        arena.open();
        arena.configure(false, "Fast");
    }

    @AfterAll
    void close() throws IOException {
        arena.close();
        assertThat(arena.cluster().folder()).doesNotExist();
    }

    static List<Fault> withQuorum() {
        return List.of(
                ProcessFaults.POSTMASTER_KILLED,
                PlannedFaults.SWITCHOVER,
                NetworkFaults.ISOLATED,
                ApiFaults.FROZEN_AND_POSTMASTER);
    }

    static List<Fault> asynchronous() {
        return List.of(ProcessFaults.AGENT_KILLED, PlannedFaults.POD_DELETED, NetworkFaults.ISOLATED);
    }

    @Order(1)
    @ParameterizedTest(name = "{0}")
    @MethodSource
    void withQuorum(Fault fault) throws Exception {
        run(fault, false);
    }

    @Order(2)
    @ParameterizedTest(name = "{0}, asynchronous")
    @MethodSource
    void asynchronous(Fault fault) throws Exception {
        arena.configure(true, "Fast");
        run(fault, true);
    }

    private void run(Fault fault, boolean asynchronous) throws Exception {
        boolean root = "root".equals(System.getProperty("user.name"));
        assumeTrue(root || !fault.takesRoot(), "takes root");
        long begin = System.nanoTime();
        Outcome outcome = new Trial(arena, asynchronous).run(fault, random);
        System.out.printf(
                "%s: %d rows acknowledged, %d lost, longest outage %d ms, %s; %.1f s%n",
                fault,
                outcome.acknowledged(),
                outcome.lost(),
                outcome.outage(),
                outcome.moved() ? "another primary" : "the same primary",
                (System.nanoTime() - begin) / 1e9);
    }
}
