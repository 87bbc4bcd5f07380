package io.matriarch.chaos;

import static io.matriarch.chaos.Arena.namespace;

import io.matriarch.chaos.Fault.Loses;
import io.matriarch.chaos.Fault.Moves;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Members cannot reach each other or the API server (docs/internals/faults.md rows 11 to 15, 55). Cutting pods apart takes root. */
final class NetworkFaults {
    /** A client inside goes on trying, and must stop being acknowledged before others are. */
    static final Fault ISOLATED = new Fault("primary isolated", Moves.Always, Loses.WhileCutOff, scene -> {
        isolate(scene);
        scene.awaitAnother();
        scene.awaitWrites();
    });

    static final Fault FROM_REPLICAS =
            new Fault("primary cut from the replicas", Moves.Maybe, Loses.WhileCutOff, scene -> {
                scene.clientInside();
                scene.undo(() -> scene.arena().outages().heal());
                for (String replica : scene.replicas()) {
                    scene.arena().outages().cut(namespace(), scene.primary(), replica);
                }
                scene.outlastLease();
            });

    /** Its packets reach nobody; theirs reach it. */
    static final Fault ONE_WAY = new Fault("primary not heard", Moves.Maybe, Loses.WhileCutOff, scene -> {
        scene.clientInside();
        scene.undo(() -> scene.arena().outages().heal());
        for (String replica : scene.replicas()) {
            scene.arena().outages().cutOneWay(namespace(), scene.primary(), replica);
        }
        scene.outlastLease();
    });

    /** The other way round. */
    static final Fault DEAF = new Fault("primary does not hear", Moves.Maybe, Loses.WhileCutOff, scene -> {
        scene.clientInside();
        scene.undo(() -> scene.arena().outages().heal());
        for (String replica : scene.replicas()) {
            scene.arena().outages().cutOneWay(namespace(), replica, scene.primary());
        }
        scene.outlastLease();
    });

    /** It hands over after 20 s, through a replica. */
    static final Fault FROM_API = new Fault("primary cut from the API server", Moves.Always, Loses.Nothing, scene -> {
        scene.undo(() -> scene.arena().outages().cutFromApi(namespace(), scene.primary(), false));
        scene.arena().outages().cutFromApi(namespace(), scene.primary(), true);
        scene.awaitAnother();
        scene.awaitWrites();
    });

    static final Fault APART = new Fault("all members cut from each other", Moves.Maybe, Loses.WhileCutOff, scene -> {
        scene.undo(() -> scene.arena().outages().heal());
        for (String replica : scene.replicas()) {
            scene.arena().outages().cut(namespace(), scene.primary(), replica);
        }
        scene.arena()
                .outages()
                .cut(namespace(), scene.replicas().getFirst(), scene.replicas().getLast());
        scene.outlastLease();
    });

    static final Fault FLAPPING = new Fault("network comes and goes", Moves.Maybe, Loses.WhileCutOff, scene -> {
        scene.undo(() -> scene.arena().outages().heal());
        for (int time = 0; time < 4; time++) {
            scene.arena().outages().cut(namespace(), scene.primary(), scene.replica());
            scene.hold(Duration.ofSeconds(3));
            scene.arena().outages().heal();
            scene.hold(Duration.ofSeconds(2));
        }
    });

    static final List<Fault> ALL = List.of(ISOLATED, FROM_REPLICAS, ONE_WAY, DEAF, FROM_API, APART, FLAPPING);

    private NetworkFaults() {}

    /** Cuts the primary from all, with a client inside. */
    static void isolate(Scene scene) throws IOException {
        scene.clientInside();
        scene.undo(() -> scene.arena().outages().heal());
        scene.undo(() -> scene.arena().outages().cutFromApi(namespace(), scene.primary(), false));
        for (String replica : scene.replicas()) {
            scene.arena().outages().cut(namespace(), scene.primary(), replica);
        }
        scene.arena().outages().cutFromApi(namespace(), scene.primary(), true);
    }
}
