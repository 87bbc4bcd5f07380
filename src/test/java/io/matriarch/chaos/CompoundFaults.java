package io.matriarch.chaos;

import static io.matriarch.chaos.Arena.namespace;

import io.matriarch.api.contract.Labels;
import io.matriarch.chaos.Fault.Loses;
import io.matriarch.chaos.Fault.Moves;
import java.time.Duration;
import java.util.List;
import java.util.NoSuchElementException;

/** Faults upon faults: two at once, and in the middle of what follows one (docs/internals/faults.md rows 36, 40, 45, 46). */
final class CompoundFaults {
    static final Fault PRIMARY_AND_REPLICA =
            new Fault("primary's and replica's container killed", Moves.Maybe, Loses.LastMoment, scene -> {
                scene.arena().outages().kill(namespace(), scene.primary(), ProcessFaults.CONTAINER);
                scene.hold(Duration.ofMillis(scene.random().nextInt(2000)));
                scene.arena().outages().kill(namespace(), scene.replica(), ProcessFaults.CONTAINER);
            });

    /** The next primary is killed as soon as it serves; it may be the same member, come back. */
    static final Fault CASCADE = new Fault("the successor killed too", Moves.Maybe, Loses.LastMoment, scene -> {
        scene.arena().outages().kill(namespace(), scene.primary(), ProcessFaults.CONTAINER);
        scene.hold(Duration.ofMillis(1500));
        scene.awaitWrites();
        scene.hold(Duration.ofMillis(scene.random().nextInt(500)));
        scene.arena()
                .holder()
                .ifPresent(next -> scene.arena().outages().kill(namespace(), next, ProcessFaults.CONTAINER));
    });

    static final Fault SWITCHOVER_BROKEN =
            new Fault("old primary killed during a switchover", Moves.Maybe, Loses.LastMoment, scene -> {
                scene.arena().command(Labels.SWITCHOVER, "/" + PlannedFaults.id(scene));
                scene.hold(Duration.ofMillis(scene.random().nextInt(800)));
                scene.arena().outages().kill(namespace(), scene.primary(), ProcessFaults.CONTAINER);
            });

    static final Fault CLONE_BROKEN = new Fault("clone killed half-way", Moves.Maybe, Loses.Nothing, scene -> {
        String replica = scene.replica();
        scene.arena().command(Labels.REBUILD, replica + "/" + PlannedFaults.id(scene));
        killWhile(scene, replica, ".*/pg_basebackup .*");
    });

    /** What the old primary wrote while it was cut off has to go; it is killed while that is done. */
    static final Fault REWIND_BROKEN = new Fault("rewind killed half-way", Moves.Maybe, Loses.WhileCutOff, scene -> {
        NetworkFaults.isolate(scene);
        scene.awaitAnother();
        scene.awaitWrites();
        scene.heal();
        killWhile(scene, scene.primary(), ".*/pg_(rewind|basebackup) .*");
    });

    /** Two of those that take no time, within two seconds. */
    static final Fault TWO_AT_ONCE = new Fault("two faults at once", Moves.Maybe, Loses.LastMoment, scene -> {
        List<Fault> sudden = List.of(
                ProcessFaults.POSTMASTER_KILLED,
                ProcessFaults.AGENT_KILLED,
                ProcessFaults.CONTAINER_KILLED,
                ProcessFaults.REPLICA_KILLED,
                PlannedFaults.POD_FORCED,
                PlannedFaults.ASKED_TO_SWITCH_OVER);
        for (int fault = 0; fault < 2; fault++) {
            try {
                sudden.get(scene.random().nextInt(sudden.size())).strike().on(scene);
            } catch (NoSuchElementException e) {
                // what it would kill is dead already
            }
            scene.hold(Duration.ofMillis(scene.random().nextInt(2000)));
        }
    });

    static final List<Fault> ALL =
            List.of(PRIMARY_AND_REPLICA, CASCADE, SWITCHOVER_BROKEN, CLONE_BROKEN, REWIND_BROKEN, TWO_AT_ONCE);

    private CompoundFaults() {}

    /** SIGKILLs the container of a member as soon as such a program runs in it. */
    private static void killWhile(Scene scene, String member, String commandLine) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            try {
                scene.arena()
                        .outages()
                        .freeze(namespace(), member, ProcessFaults.CONTAINER, line -> line.matches(commandLine));
                scene.arena().outages().kill(namespace(), member, ProcessFaults.CONTAINER);
                return;
            } catch (NoSuchElementException notYet) {
                if (System.nanoTime() > end) {
                    throw new AssertionError(
                            "no program like %s was seen in %s%n%s"
                                    .formatted(
                                            commandLine, member, scene.arena().evidence()),
                            notYet);
                }
                Thread.sleep(5);
            }
        }
    }
}
