package io.matriarch.instance.ha.sim;

import java.util.List;

/** {@code bench/simulate}: runs schedules for as long as asked, or tells one of them step by step. */
public final class Simulate {
    private static final List<String> OPTIONS = List.of("--minutes", "--seed", "--explain");

    private Simulate() {}

    public static void main(String[] arguments) {
        double minutes = 1;
        long seed = System.nanoTime() & 0xFFFFFFFFL;
        if (List.of(arguments).contains("--pairs")) {
            List<Pairs.Cell> cells = Pairs.all(Parts.REAL, 1, 3);
            System.out.println(Pairs.matrix(cells));
            cells.stream()
                    .flatMap(cell -> cell.broken().stream())
                    .forEach(broken -> System.out.println(broken.violation().orElseThrow()));
            System.exit(cells.stream().allMatch(cell -> cell.broken().isEmpty()) ? 0 : 1);
        }
        for (int i = 0; i < arguments.length; i += 2) {
            if (!OPTIONS.contains(arguments[i]) || i + 1 == arguments.length) {
                System.err.println(
                        "usage: bench/simulate [--minutes N] [--seed S]   many schedules, from a seed on\n"
                                + "       bench/simulate --explain S                  one schedule, shortened and step by step\n"
                                + "       bench/simulate --pairs                      every two faults: the longest time without a write");
                System.exit(2);
            }
            switch (arguments[i]) {
                case "--minutes" -> minutes = Double.parseDouble(arguments[i + 1]);
                case "--seed" -> seed = Long.parseLong(arguments[i + 1]);
                default -> {
                    System.out.println(Simulation.explain(Long.parseLong(arguments[i + 1]), Parts.REAL)
                            .story());
                    return;
                }
            }
        }
        System.exit(run(minutes, seed) ? 0 : 1);
    }

    private static boolean run(double minutes, long seed) {
        System.out.println("first seed " + seed);
        long began = System.nanoTime();
        double wanted = minutes * 60e9;
        Campaign.Total total = Campaign.run(
                seed,
                Parts.REAL,
                so -> System.nanoTime() - began >= wanted,
                broken -> System.out.println(
                        broken.plot() + ": " + broken.violation().orElseThrow()));
        double took = (System.nanoTime() - began) / 1e9;
        System.out.printf(
                "%,d schedules (%,.0f/s), %,d steps (%,.0f/s), %,d commits acknowledged, %,d elections: %d violations%n",
                total.schedules(),
                total.schedules() / took,
                total.steps(),
                total.steps() / took,
                total.acknowledged(),
                total.elections(),
                total.violations());
        return total.violations() == 0;
    }
}
