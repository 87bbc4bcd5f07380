package io.matriarch.instance.ha.sim;

import io.matriarch.instance.ha.sim.Fault.Kind;
import io.matriarch.instance.ha.sim.Simulation.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Two faults of docs/high-availability.md one after another, in a cluster of three that nothing else befalls: what is broken, and how long nobody can write. */
public final class Pairs {
    /** From the first fault to the second, in milliseconds. */
    public static final List<Long> APART =
            List.of(0L, 200L, 500L, 1_000L, 1_600L, 2_500L, 4_000L, 6_000L, 8_000L, 10_000L);

    private static final long FIRST = 40_000;
    private static final int PRIMARY = -1;

    private Pairs() {}

    /** A fault, on whoever is the primary then unless its name says something else. It lasts for 20 seconds if it lasts. */
    public enum Trouble {
        POSTGRES_KILLED(Kind.POSTMASTER_ENDS, PRIMARY, 0),
        CONTAINER_KILLED(Kind.CONTAINER_ENDS, PRIMARY, 0),
        AGENT_FROZEN(Kind.AGENT_PAUSE, PRIMARY, 20_000),
        POD_DELETED(Kind.TERMINATED, PRIMARY, 0),
        NODE_FROZEN(Kind.NODE_PAUSE, PRIMARY, 20_000),
        CUT_OFF(Kind.ISOLATED, PRIMARY, 20_000),
        CUT_FROM_REPLICAS(Kind.PEERS_CUT, PRIMARY, 20_000),
        CUT_FROM_API(Kind.API_CUT, PRIMARY, 20_000),
        API_STOPPED(Kind.API_DOWN, PRIMARY, 20_001),
        API_SILENT(Kind.API_DOWN, PRIMARY, 20_002),
        API_FROZEN(Kind.API_DOWN, PRIMARY, 20_000),
        REPLICA_FROZEN(Kind.NODE_PAUSE, 2, 20_000),
        DISK_HANGS(Kind.DISK_HANGS, PRIMARY, 20_000),
        DISK_LOST(Kind.DISK_LOST, PRIMARY, 0),
        LEASE_DELETED(Kind.LEASE_DELETED, PRIMARY, 0),
        SWITCHOVER(Kind.SWITCHOVER, PRIMARY, 0),
        /** The API server stops with the next request that gives the Lease back, or on: that one never reaches it. */
        RELEASE_REFUSED(Kind.AWAY_FOR_A_RELEASE, PRIMARY, 1, 20_001),
        /** That one is lost on its way. */
        RELEASE_LOST(Kind.AWAY_FOR_A_RELEASE, PRIMARY, 1, 20_002),
        /** That one is dealt with when the API server goes on. */
        RELEASE_LATE(Kind.AWAY_FOR_A_RELEASE, PRIMARY, 1, 20_003),
        /** That one is done, and nobody hears of it. */
        RELEASE_UNHEARD(Kind.AWAY_FOR_A_RELEASE, PRIMARY, 0, 20_001);

        private final Kind kind;
        private final int node;
        private final int other;
        private final long lasts;

        Trouble(Kind kind, int node, long lasts) {
            this(kind, node, 1, lasts);
        }

        Trouble(Kind kind, int node, int other, long lasts) {
            this.kind = kind;
            this.node = node;
            this.other = other;
            this.lasts = lasts;
        }

        Fault at(long when) {
            return new Fault(when, kind, node, other, lasts);
        }

        /** Whether the API server answers nobody while it lasts. */
        public boolean api() {
            return kind == Kind.API_DOWN || kind == Kind.AWAY_FOR_A_RELEASE;
        }
    }

    /**
     * What a pair came to, over all times between the two and all seeds.
     *
     * @param worst longest time without an acknowledgement, in milliseconds
     * @param apart of that one
     * @param broken schedules that broke an invariant
     */
    public record Cell(Trouble first, Trouble second, long worst, long apart, List<Result> broken) {
        @Override
        public String toString() {
            return "%s, then %s: %.1f s (%.1f s apart)".formatted(first, second, worst / 1000.0, apart / 1000.0);
        }
    }

    /** All pairs, in both orders; {@code seeds}: how many schedules of each. */
    public static List<Cell> all(Parts parts, long seed, int seeds) {
        List<Cell> cells = new ArrayList<>();
        for (Trouble first : Trouble.values()) {
            for (Trouble second : Trouble.values()) {
                cells.add(pair(parts, first, second, seed, seeds));
            }
        }
        return cells;
    }

    public static Cell pair(Parts parts, Trouble first, Trouble second, long seed, int seeds) {
        record Run(long apart, Result result) {}
        List<Run> runs = APART.stream()
                .flatMap(apart -> LongStream.range(seed, seed + seeds)
                        .mapToObj(one -> new Run(apart, run(parts, first, second, apart, one, false))))
                .toList();
        Run worst = runs.stream()
                .max(java.util.Comparator.comparingLong(run -> run.result().outage()))
                .orElseThrow();
        return new Cell(
                first,
                second,
                worst.result().outage(),
                worst.apart(),
                runs.stream()
                        .map(Run::result)
                        .filter(result -> result.violation().isPresent())
                        .toList());
    }

    /** One of them, told step by step if {@code tracing}. */
    public static Result run(Parts parts, Trouble first, Trouble second, long apart, long seed, boolean tracing) {
        List<Fault> faults = List.of(first.at(FIRST), second.at(FIRST + apart));
        return Simulation.run(Plot.quiet(seed, true, faults), parts, tracing);
    }

    /** Seconds without a write, first fault down and second across. */
    public static String matrix(List<Cell> cells) {
        StringBuilder text = new StringBuilder("%-18s".formatted("first, then"));
        for (Trouble second : Trouble.values()) {
            text.append(" %5s".formatted(shortened(second)));
        }
        for (Trouble first : Trouble.values()) {
            text.append("%n%-18s".formatted(first.name().toLowerCase(Locale.ROOT)))
                    .append(cells.stream()
                            .filter(cell -> cell.first() == first)
                            .map(cell -> " %5.1f".formatted(cell.worst() / 1000.0))
                            .collect(Collectors.joining()));
        }
        return text.toString();
    }

    private static String shortened(Trouble trouble) {
        return java.util.Arrays.stream(trouble.name().toLowerCase(Locale.ROOT).split("_"))
                .map(word -> word.substring(0, Math.min(2, word.length())))
                .collect(Collectors.joining("."));
    }
}
