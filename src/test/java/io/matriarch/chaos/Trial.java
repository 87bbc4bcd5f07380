package io.matriarch.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.testkit.Acknowledgements;
import java.time.Duration;
import java.util.Random;
import java.util.Set;

/**
 * One fault under load, and the checks:
 *
 * <ol>
 *   <li>clients write: two through the Service, one that knows all members;
 *   <li>the fault strikes, lasts, and ends; under load all members serve again;
 *   <li>the clients stop, and all members come together;
 *   <li>no acknowledged row is missing (or only what an asynchronous cluster may lose), and no server acknowledged after its successor did.
 * </ol>
 */
final class Trial {
    private static final int SERVICE_CLIENTS = 2;
    private static final int WARM = 30;
    private static final long MOMENT_MILLIS = 1_000;
    private static final Duration NOTICED = Duration.ofMillis(1500);

    private final Arena arena;
    private final boolean asynchronous;

    /** @param asynchronous whether the cluster replicates so */
    Trial(Arena arena, boolean asynchronous) {
        this.arena = arena;
        this.asynchronous = asynchronous;
    }

    /**
     * What clients saw.
     *
     * @param lost acknowledged rows that are missing, as they may
     * @param outage longest time without an acknowledgement, in milliseconds
     * @param moved whether another member is the primary now
     */
    record Outcome(int acknowledged, int lost, long outage, boolean moved) {}

    Outcome run(Fault fault, Random random) throws Exception {
        arena.truncate();
        Acknowledgements all;
        Scene scene;
        try (Writers writers = new Writers(arena.account())) {
            String service = arena.service();
            for (int client = 0; client < SERVICE_CLIENTS; client++) {
                writers.begin(() -> service);
            }
            writers.begin(arena::hosts);
            arena.eventually(() -> assertThat(writers.acknowledged().size())
                    .as("acknowledged at first")
                    .isGreaterThan(WARM));
            scene = new Scene(arena, writers, random);
            try {
                fault.strike().on(scene);
            } finally {
                scene.heal();
            }
            if (fault.moves() == Fault.Moves.Always) {
                scene.awaitAnother();
            }
            // What was killed is noticed a moment later: until then all looks well.
            scene.hold(NOTICED);
            arena.awaitReady(Arena.INSTANCES);
            scene.awaitWrites();
            writers.close();
            all = writers.acknowledged();
        }
        return judge(fault, scene, all, arena.awaitConverged(Arena.INSTANCES));
    }

    private Outcome judge(Fault fault, Scene scene, Acknowledgements all, Set<String> rows) {
        try {
            if (asynchronous && fault.equals(ProcessFaults.NODE_FROZEN)) {
                all.reignsInterleaveForAMomentAtMost(MOMENT_MILLIS);
            } else {
                all.reignsDoNotInterleave();
            }
            if (fault.loses() == Fault.Loses.Nothing || !asynchronous && fault.loses() != Fault.Loses.AsForced) {
                assertThat(all.missing(rows)).as("acknowledged and not there").isEmpty();
            } else {
                all.onlyEndsAreMissing(rows, fault.loses().tailMillis());
            }
            String primary = arena.primary();
            if (fault.moves() == Fault.Moves.Never) {
                assertThat(primary).as("the primary afterwards").isEqualTo(scene.primary());
            }
            return new Outcome(
                    all.size(),
                    all.missing(rows).size(),
                    Writers.outside(all).outage(),
                    !primary.equals(scene.primary()));
        } catch (AssertionError e) {
            throw new AssertionError("%s: %s%n%s".formatted(fault.name(), e.getMessage(), arena.evidence()), e);
        }
    }
}
