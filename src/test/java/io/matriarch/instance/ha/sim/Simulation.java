package io.matriarch.instance.ha.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs one schedule: a cluster comes into being, faults happen, all is made well again, and it has to come together. */
public final class Simulation {
    private static final long AFTERWARDS = 5_000;
    private static final long CONVERGENCE = 150_000;
    private static final long TURN = 5_000;

    private Simulation() {}

    /**
     * What a run came to.
     *
     * @param violation the invariant that does not hold, if any
     * @param outage longest time without an acknowledgement since the first fault, in milliseconds
     * @param trace the last that happened, if it was asked for
     */
    public record Result(
            long seed,
            long steps,
            long acknowledged,
            long elections,
            Optional<String> violation,
            String plot,
            int faults,
            long outage,
            List<String> trace) {
        /** All that was traced, and what it came to. */
        public String story() {
            return "%s%n%s; %d faults: %s"
                    .formatted(String.join("\n", trace), plot, faults, violation.orElse("all well"));
        }
    }

    public static Result run(long seed, Parts parts) {
        return run(new Plot(seed), parts, false);
    }

    /** The same schedule with as few faults as still break it, told step by step. */
    public static Result explain(long seed, Parts parts) {
        List<Fault> faults = new Plot(seed).faults();
        String violation = run(seed, parts).violation().orElse("").replaceAll(":.*", "");
        boolean shorter = true;
        while (shorter) {
            shorter = false;
            for (int index = faults.size() - 1; index >= 0; index--) {
                List<Fault> fewer = new ArrayList<>(faults);
                fewer.remove(index);
                Optional<String> still =
                        run(new Plot(seed, fewer), parts, false).violation();
                if (still.filter(what -> what.startsWith(violation)).isPresent()) {
                    faults = fewer;
                    shorter = true;
                }
            }
        }
        return run(new Plot(seed, faults), parts, true);
    }

    static Result run(Plot plot, Parts parts, boolean tracing) {
        World world = new World(plot, parts, tracing);
        Optional<String> violation = Optional.empty();
        String described = plot.toString();
        try {
            play(world);
        } catch (Checks.Violation e) {
            violation = Optional.of(e.getMessage());
        } catch (RuntimeException e) {
            violation = Optional.of("I0: %s at %s".formatted(e, e.getStackTrace()[0]));
        }
        return new Result(
                plot.seed(),
                world.steps,
                world.checks.acknowledgements,
                world.checks.elections,
                violation,
                described,
                plot.faults().size(),
                world.checks.longestGap,
                world.trace());
    }

    private static void play(World world) {
        for (int ordinal = 0; ordinal < world.plot.instances; ordinal++) {
            Node node = world.nodes.get(ordinal);
            node.wanted = true;
            node.startContainer();
        }
        long last = 0;
        long ends = 0;
        world.plot.faults().stream()
                .mapToLong(Fault::at)
                .min()
                .ifPresent(first -> world.at(first, world.checks::watch));
        for (Fault fault : world.plot.faults()) {
            world.at(fault.at(), () -> fault.happen(world));
            last = Math.max(last, fault.at() + Math.min(fault.lasts(), 20_000));
            ends = Math.max(ends, fault.at() + fault.lasts());
        }
        world.run(last + AFTERWARDS);
        world.tell("--- all is well");
        world.heal();
        world.plot.heal();
        world.nodes.forEach(Node::healed);
        if (!world.clocked) {
            return;
        }
        world.run(Math.max(world.now, ends));
        long latest = world.now + CONVERGENCE;
        Optional<String> unsettled = Optional.of("");
        while (unsettled.isPresent() && world.now < latest) {
            world.run(world.now + TURN);
            unsettled = world.checks.unsettled(world.plot.instances, world.now - TURN);
        }
        unsettled.ifPresent(world.checks::violated);
    }
}
