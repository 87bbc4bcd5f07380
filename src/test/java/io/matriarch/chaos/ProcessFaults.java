package io.matriarch.chaos;

import static io.matriarch.chaos.Arena.namespace;

import io.matriarch.chaos.Fault.Loses;
import io.matriarch.chaos.Fault.Moves;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/** Processes, containers and nodes die or stand still (docs/internals/faults.md rows 1 to 4, 7, 18, 20 to 24). */
final class ProcessFaults {
    static final Predicate<String> AGENT = line -> line.matches(".*/bin/java .*io\\.matriarch\\.Main.*");
    static final Predicate<String> POSTMASTER = line -> line.matches(".*/bin/postgres -D .*");
    private static final Predicate<String> BACKEND =
            line -> line.matches("postgres: .*\\bINSERT|postgres: .*\\bidle.*");
    static final String CONTAINER = "postgres";

    static final Fault POSTMASTER_KILLED = new Fault(
            "postmaster killed",
            Moves.Maybe,
            Loses.LastMoment,
            scene -> scene.arena().outages().killPostgres(namespace(), scene.primary()));

    static final Fault BACKEND_KILLED = new Fault(
            "backend killed",
            Moves.Maybe,
            Loses.LastMoment,
            scene -> scene.arena().outages().kill(namespace(), scene.primary(), CONTAINER, BACKEND));

    static final Fault AGENT_KILLED = new Fault(
            "agent killed",
            Moves.Maybe,
            Loses.LastMoment,
            scene -> scene.arena().outages().kill(namespace(), scene.primary(), CONTAINER, AGENT));

    static final Fault CONTAINER_KILLED = new Fault(
            "container killed",
            Moves.Maybe,
            Loses.LastMoment,
            scene -> scene.arena().outages().kill(namespace(), scene.primary(), CONTAINER));

    /** The fuse ends all of it. */
    static final Fault AGENT_FROZEN = new Fault("agent frozen", Moves.Maybe, Loses.WhileCutOff, scene -> {
        scene.arena().outages().freeze(namespace(), scene.primary(), CONTAINER, AGENT);
        scene.outlastLease();
    });

    static final Fault POSTMASTER_FROZEN = new Fault("postmaster frozen", Moves.Maybe, Loses.LastMoment, scene -> {
        scene.arena().outages().freeze(namespace(), scene.primary(), CONTAINER, POSTMASTER);
        scene.outlastLease();
    });

    static final Fault NODE_OFF = new Fault("node off", Moves.Always, Loses.LastMoment, scene -> {
        String node = scene.arena().outages().nodeOf(namespace(), scene.primary());
        scene.undo(() -> scene.arena().outages().startNode(node));
        scene.arena().outages().stopNode(node);
        scene.awaitAnother();
        scene.awaitWrites();
    });

    static final Fault NODE_FROZEN = new Fault("node frozen", Moves.Always, Loses.WhileCutOff, scene -> {
        String node = scene.arena().outages().nodeOf(namespace(), scene.primary());
        scene.undo(() -> scene.arena().outages().thawNode(node));
        scene.arena().outages().freezeNode(node);
        scene.awaitAnother();
        scene.awaitWrites();
    });

    static final Fault REPLICA_KILLED = new Fault(
            "replica's container killed",
            Moves.Never,
            Loses.Nothing,
            scene -> scene.arena().outages().kill(namespace(), scene.replica(), CONTAINER));

    /** There is room again soon: who was the primary may go on. */
    static final Fault VOLUME_FULL =
            new Fault("primary's volume full for 10 s", Moves.Maybe, Loses.LastMoment, scene -> {
                fill(scene);
                scene.hold(Duration.ofSeconds(10));
            });

    /** The other members have room. */
    static final Fault VOLUME_STAYS_FULL = new Fault("primary's volume full", Moves.Always, Loses.LastMoment, scene -> {
        fill(scene);
        scene.awaitAnother();
        scene.awaitWrites();
    });

    static final List<Fault> ALL = List.of(
            POSTMASTER_KILLED,
            BACKEND_KILLED,
            AGENT_KILLED,
            CONTAINER_KILLED,
            AGENT_FROZEN,
            POSTMASTER_FROZEN,
            NODE_OFF,
            NODE_FROZEN,
            REPLICA_KILLED,
            VOLUME_FULL,
            VOLUME_STAYS_FULL);

    private ProcessFaults() {}

    /** WAL is written until the primary's volume has no room for more. */
    private static void fill(Scene scene) throws IOException {
        String claim = "data-" + scene.primary();
        scene.undo(() -> scene.arena().outages().emptyVolume(namespace(), claim));
        scene.arena().outages().fillVolume(namespace(), claim);
        try {
            for (int megabyte = 0; megabyte < 100; megabyte++) {
                scene.arena().execute("SELECT pg_logical_emit_message(true, 'filler', repeat('x', 1000000))");
            }
        } catch (SQLException full) {
            // as it should be
        }
    }
}
