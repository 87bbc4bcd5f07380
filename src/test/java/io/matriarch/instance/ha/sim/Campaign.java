package io.matriarch.instance.ha.sim;

import io.matriarch.instance.ha.sim.Simulation.Result;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.LongStream;

/** Schedules of consecutive seeds, on all cores, added up. */
public final class Campaign {
    private static final int BATCH = 64;

    private Campaign() {}

    /** What the schedules so far came to. */
    public record Total(long schedules, long steps, long acknowledged, long elections, long violations) {
        private static final Total NONE = new Total(0, 0, 0, 0, 0);

        private Total with(Result result) {
            return new Total(
                    schedules + 1,
                    steps + result.steps(),
                    acknowledged + result.acknowledged(),
                    elections + result.elections(),
                    violations + (result.violation().isPresent() ? 1 : 0));
        }
    }

    /**
     * Runs until it is enough.
     *
     * @param broken told of each schedule that breaks an invariant
     */
    public static Total run(long first, Parts parts, Predicate<Total> enough, Consumer<Result> broken) {
        Total total = Total.NONE;
        while (!enough.test(total)) {
            long from = first + total.schedules();
            List<Result> results = LongStream.range(from, from + BATCH)
                    .parallel()
                    .mapToObj(seed -> Simulation.run(seed, parts))
                    .toList();
            for (Result result : results) {
                total = total.with(result);
                if (result.violation().isPresent()) {
                    broken.accept(result);
                }
            }
        }
        return total;
    }
}
