package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.instance.ha.sim.Campaign;
import io.matriarch.instance.ha.sim.Simulation;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each rule is needed, and the simulation would notice if it were gone. The seeds are fixed: what it finds, it finds each time. */
@Tag("long")
class MutationsTest {
    private static final long FIRST = 5_000;
    private static final long MOST = 8_000;

    @ParameterizedTest
    @EnumSource(Mutation.class)
    void isCaught(Mutation mutation) {
        List<Simulation.Result> broken = new ArrayList<>();
        Campaign.Total total =
                Campaign.run(FIRST, mutation.parts(), so -> so.violations() > 0 || so.schedules() >= MOST, broken::add);
        assertThat(broken).as("of %d schedules", total.schedules()).isNotEmpty();
        System.out.printf(
                "%s, seed %d: %s%n",
                mutation,
                broken.getFirst().seed(),
                broken.getFirst().violation().orElseThrow());
    }
}
