package io.matriarch.instance.ha.sim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** Virtual time, chance and the network of one simulated cluster: everything that happens is an event in one queue, drawn from one seed. */
final class World {
    final Plot plot;
    final SplittableRandom chance;
    final ApiServer api;
    final List<Node> nodes = new ArrayList<>();
    final Checks checks;
    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private final long[][] cutUntil;
    private final Deque<String> trace = new ArrayDeque<>();
    private final boolean tracing;
    /** Whether time is to protect, too. */
    final boolean clocked;

    private long sequence;
    long now;
    long steps;

    private record Event(long at, long sequence, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(sequence, other.sequence);
        }
    }

    World(Plot plot, Parts parts, boolean tracing) {
        this.plot = plot;
        this.tracing = tracing;
        this.clocked = parts.clocked();
        this.chance = new SplittableRandom(plot.seed());
        this.api = new ApiServer(this);
        this.checks = new Checks(this);
        this.cutUntil = new long[Plot.MOST + 1][Plot.MOST + 1];
        for (int ordinal = 0; ordinal < Plot.MOST; ordinal++) {
            nodes.add(new Node(this, ordinal, parts));
        }
    }

    /** The API server's place in the network. */
    static final int API = Plot.MOST;

    void at(long when, Runnable what) {
        queue.add(new Event(Math.max(when, now), sequence++, what));
    }

    void after(long delay, Runnable what) {
        at(now + delay, what);
    }

    /** Runs until nothing is left or time is over. */
    void run(long until) {
        while (!queue.isEmpty() && queue.peek().at() <= until) {
            Event next = queue.poll();
            now = next.at();
            steps++;
            next.what().run();
        }
        now = until;
    }

    int between(int least, int most) {
        return least + chance.nextInt(most - least + 1);
    }

    boolean happens(double probability) {
        return chance.nextDouble() < probability;
    }

    /** Sends something from one place to another: lost, late, twice or in another order, as the network likes. */
    void send(int from, int to, Runnable what) {
        if (cut(from, to) || from != to && happens(plot.loss())) {
            return;
        }
        after(latency(from, to), () -> {
            if (!cut(from, to)) {
                what.run();
            }
        });
        if (happens(plot.duplication())) {
            after(latency(from, to) + between(0, 2_000), what);
        }
    }

    private int latency(int from, int to) {
        if (from == to) {
            return between(0, 3);
        }
        return happens(plot.slowness()) ? between(100, 2_500) : between(1, 25);
    }

    boolean cut(int from, int to) {
        return cutUntil[from][to] > now;
    }

    void cut(int from, int to, long until) {
        cutUntil[from][to] = Math.max(cutUntil[from][to], until);
    }

    /** All is well again. */
    void heal() {
        for (long[] row : cutUntil) {
            java.util.Arrays.fill(row, 0);
        }
        api.heal();
    }

    void tell(String format, Object... values) {
        if (tracing) {
            trace.add("%9.3f ".formatted(now / 1000.0) + format.formatted(values));
            if (trace.size() > 1_500) {
                trace.removeFirst();
            }
        }
    }

    List<String> trace() {
        return List.copyOf(trace);
    }
}
