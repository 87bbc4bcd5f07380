package io.matriarch.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * {@code bench/soak}: faults drawn by seed, one after another, on one cluster under load. Every so often the mode of replication and the profile are
 * drawn anew. Which faults come, upon which members and in what order, is told by the seed; what they meet is not.
 */
public final class Soak {
    static final List<Fault> ALL = Stream.of(
                    ProcessFaults.ALL, NetworkFaults.ALL, ApiFaults.ALL, PlannedFaults.ALL, CompoundFaults.ALL)
            .flatMap(List::stream)
            .toList();
    private static final List<String> PROFILES = List.of("Fast", "Default", "Relaxed");
    private static final int FAULTS_PER_MODE = 6;

    private final Random random;
    private final long end;
    private final List<Fault> faults;
    private final Map<String, Tally> tallies = new TreeMap<>();
    private boolean asynchronous;

    private Soak(long seed, double minutes, List<Fault> faults) {
        this.random = new Random(seed);
        this.end = System.nanoTime() + (long) (minutes * 60e9);
        this.faults = faults;
    }

    public static void main(String[] arguments) throws Exception {
        double minutes = 10;
        long seed = System.nanoTime() & 0xFFFFFFFFL;
        String only = "";
        for (int i = 0; i < arguments.length; i += 2) {
            switch (i + 1 == arguments.length ? "" : arguments[i]) {
                case "--minutes" -> minutes = Double.parseDouble(arguments[i + 1]);
                case "--seed" -> seed = Long.parseLong(arguments[i + 1]);
                case "--only" -> only = arguments[i + 1];
                default -> {
                    System.err.println(
                            "usage: bench/soak [--minutes N] [--seed S] [--only WORDS]   faults whose names have these words; the names:");
                    ALL.forEach(fault -> System.err.println("  " + fault));
                    System.exit(2);
                }
            }
        }
        String words = only;
        boolean root = "root".equals(System.getProperty("user.name"));
        List<Fault> chosen = ALL.stream()
                .filter(fault -> fault.name().contains(words))
                .filter(fault -> root || !fault.takesRoot())
                .toList();
        if (chosen.isEmpty()) {
            System.err.println("no fault has these words in its name: " + words);
            System.exit(2);
        }
        System.out.println("seed " + seed + (root ? "" : "; without root some faults are left out"));
        System.exit(new Soak(seed, minutes, chosen).run() ? 0 : 1);
    }

    private boolean run() throws IOException {
        boolean held = true;
        try (Arena arena = new Arena()) {
            arena.open();
            System.out.printf(
                    "%-8s %-9s %-8s %-45s %6s %5s %9s %6s%n",
                    "time", "mode", "profile", "fault", "rows", "lost", "outage", "took");
            String profile = "";
            long began = System.nanoTime();
            for (int number = 0; System.nanoTime() < end; number++) {
                if (number % FAULTS_PER_MODE == 0) {
                    profile = PROFILES.get(random.nextInt(PROFILES.size()));
                    change(arena, profile);
                }
                Fault fault = draw();
                // Each fault draws from a seed of its own: how much one draws does not change what comes after it.
                held = one(arena, fault, new Random(random.nextLong()), profile, began);
                if (!held) {
                    break;
                }
            }
        }
        tell();
        return held;
    }

    private Fault draw() {
        while (true) {
            Fault fault = faults.get(random.nextInt(faults.size()));
            if (!asynchronous || fault.loses() != Fault.Loses.AsForced || faults.size() == 1) {
                return fault; // an asynchronous cluster elects who is left, unasked
            }
        }
    }

    private void change(Arena arena, String profile) {
        asynchronous = random.nextInt(3) == 0;
        arena.configure(asynchronous, profile);
    }

    private boolean one(Arena arena, Fault fault, Random chance, String profile, long began) {
        long begin = System.nanoTime();
        String line = "%-8s %-9s %-8s %-45s"
                .formatted(clock(begin - began), asynchronous ? "Async" : "Quorum", profile, fault);
        try {
            Trial.Outcome outcome = new Trial(arena, asynchronous).run(fault, chance);
            tallies.computeIfAbsent(fault.name(), name -> new Tally()).add(outcome);
            System.out.printf(
                    "%s %6d %5d %6d ms %4d s%n",
                    line,
                    outcome.acknowledged(),
                    outcome.lost(),
                    outcome.outage(),
                    Duration.ofNanos(System.nanoTime() - begin).toSeconds());
            return true;
        } catch (Exception | AssertionError e) {
            System.out.println(line + " VIOLATED");
            e.printStackTrace(System.out);
            if (!(e instanceof AssertionError)) {
                System.out.println(arena.evidence());
            }
            return false;
        }
    }

    private static String clock(long nanos) {
        Duration time = Duration.ofNanos(nanos);
        return "%02d:%02d:%02d".formatted(time.toHours(), time.toMinutesPart(), time.toSecondsPart());
    }

    private void tell() {
        System.out.printf(
                "%n%-45s %5s %12s %5s %12s %12s%n", "fault", "times", "acknowledged", "lost", "median", "worst");
        tallies.forEach((fault, tally) -> System.out.printf(
                "%-45s %5d %12d %5d %9d ms %9d ms%n",
                fault, tally.times(), tally.acknowledged(), tally.lost(), tally.median(), tally.worst()));
    }
}
