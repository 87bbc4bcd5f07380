package io.matriarch.instance.ha.sim;

import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

/** Runs schedules for as long as asked, from a seed on: {@code bench/simulate}. */
public final class Simulate {
    private Simulate() {}

    public static void main(String[] arguments) {
        long seconds = Long.parseLong(arguments[0]);
        long first = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.nanoTime() & 0xFFFFFFFFL;
        if (arguments.length > 2) {
            tell(Simulation.explain(first, Parts.REAL));
            return;
        }
        System.out.println("first seed " + first);
        long began = System.nanoTime();
        AtomicLong steps = new AtomicLong();
        AtomicLong schedules = new AtomicLong();
        AtomicLong acknowledged = new AtomicLong();
        AtomicLong elections = new AtomicLong();
        AtomicLong failures = new AtomicLong();
        while (System.nanoTime() - began < seconds * 1_000_000_000L) {
            long from = first + schedules.get();
            LongStream.range(from, from + 256).parallel().forEach(seed -> {
                Simulation.Result result = Simulation.run(seed, Parts.REAL);
                steps.addAndGet(result.steps());
                acknowledged.addAndGet(result.acknowledged());
                elections.addAndGet(result.elections());
                if (result.violation().isPresent()) {
                    failures.incrementAndGet();
                    System.out.println(result.plot() + ": " + result.violation().get());
                }
            });
            schedules.addAndGet(256);
        }
        double took = (System.nanoTime() - began) / 1e9;
        System.out.printf(
                "%d schedules, %d steps (%.0f schedules/s, %.0f steps/s), %d acknowledged, %d elections, %d violations%n",
                schedules.get(),
                steps.get(),
                schedules.get() / took,
                steps.get() / took,
                acknowledged.get(),
                elections.get(),
                failures.get());
        System.exit(failures.get() > 0 ? 1 : 0);
    }

    private static void tell(Simulation.Result result) {
        result.trace().forEach(System.out::println);
        System.out.println(result.plot() + "; " + result.faults() + " faults: "
                + result.violation().orElse("all well"));
    }
}
