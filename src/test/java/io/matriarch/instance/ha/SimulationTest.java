package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.instance.ha.sim.Campaign;
import io.matriarch.instance.ha.sim.Parts;
import io.matriarch.instance.ha.sim.Simulation;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The protocol against a world that loses, delays, repeats and stops things (docs/decisions/0004): no acknowledged commit is lost, never do two
 * primaries acknowledge, and when all is well again one serves and all follow it. Fresh seeds each time; one that fails is told step by step, and
 * {@code bench/simulate --explain SEED} tells it again.
 */
@Tag("long")
class SimulationTest {
    private static final long STEPS = 12_000_000;

    @Test
    void noScheduleBreaksAnInvariant() {
        Campaign.Total total = unbroken(Parts.REAL, STEPS);
        assertThat(total.elections()).as("elections").isGreaterThan(total.schedules());
        assertThat(total.acknowledged()).as("acknowledged commits").isGreaterThan(50 * total.schedules());
    }

    @Test
    void votesAloneLoseNothingThatWasAcknowledgedWhateverTheClocksSay() {
        unbroken(Mutation.TIMELESS, STEPS / 3);
    }

    private static Campaign.Total unbroken(Parts parts, long steps) {
        long seed = Long.getLong("simulation.seed", System.nanoTime() & 0xFFFFFFFFL);
        System.out.println("first seed " + seed);
        List<Long> broken = new ArrayList<>();
        Campaign.Total total = Campaign.run(
                seed, parts, so -> so.steps() >= steps || so.violations() > 0, result -> broken.add(result.seed()));
        System.out.println(total);
        assertThat(broken)
                .as(() -> Simulation.explain(broken.getFirst(), parts).story())
                .isEmpty();
        return total;
    }

    @Test
    void aSeedIsASchedule() {
        for (long seed = 1; seed <= 20; seed++) {
            Simulation.Result once = Simulation.run(seed, Parts.REAL);
            assertThat(Simulation.run(seed, Parts.REAL)).isEqualTo(once);
            assertThat(once.steps()).isPositive();
        }
    }
}
