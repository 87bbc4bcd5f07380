package io.matriarch.chaos;

import io.matriarch.chaos.Fault.Loses;
import io.matriarch.chaos.Fault.Moves;
import java.time.Duration;
import java.util.List;

/** The API server is away, slow, wrong or old (docs/internals/faults.md rows 8 to 10, 16, 17, 26). */
final class ApiFaults {
    static final Fault STOPPED = new Fault("API server stopped", Moves.Never, Loses.Nothing, scene -> {
        stop(scene);
        scene.outlastLease();
        scene.awaitWrites();
    });

    static final Fault FROZEN = new Fault("API server frozen", Moves.Never, Loses.Nothing, scene -> {
        freeze(scene);
        scene.outlastLease();
        scene.awaitWrites();
    });

    /** Restarted in place, while the API server is still away. */
    static final Fault STOPPED_AND_POSTMASTER =
            new Fault("API server stopped, postmaster killed", Moves.Maybe, Loses.LastMoment, scene -> {
                stop(scene);
                scene.outlastLease();
                ProcessFaults.POSTMASTER_KILLED.strike().on(scene);
                scene.awaitWrites();
            });

    static final Fault FROZEN_AND_POSTMASTER =
            new Fault("API server frozen, postmaster killed", Moves.Maybe, Loses.LastMoment, scene -> {
                freeze(scene);
                scene.outlastLease();
                ProcessFaults.POSTMASTER_KILLED.strike().on(scene);
                scene.awaitWrites();
            });

    /** Nobody may be elected until it is back. */
    static final Fault STOPPED_AND_CONTAINER =
            new Fault("API server stopped, container killed", Moves.Maybe, Loses.LastMoment, scene -> {
                stop(scene);
                scene.hold(Duration.ofSeconds(2));
                ProcessFaults.CONTAINER_KILLED.strike().on(scene);
                scene.hold(Duration.ofSeconds(6));
            });

    static final Fault SLOW = new Fault("API server slow, container killed", Moves.Maybe, Loses.LastMoment, scene -> {
        scene.undo(() -> scene.arena().apiFaults().latency(Duration.ZERO));
        scene.arena().apiFaults().latency(Duration.ofMillis(700));
        scene.hold(Duration.ofSeconds(5));
        ProcessFaults.CONTAINER_KILLED.strike().on(scene);
        scene.awaitWrites();
    });

    static final Fault ERRORS =
            new Fault("API server fails often, container killed", Moves.Maybe, Loses.LastMoment, scene -> {
                scene.undo(() -> scene.arena().apiFaults().failSome(0, 0));
                scene.arena().apiFaults().failSome(0.3, scene.random().nextLong());
                scene.hold(Duration.ofSeconds(5));
                ProcessFaults.CONTAINER_KILLED.strike().on(scene);
                scene.awaitWrites();
            });

    static final Fault STALE = new Fault("watches stale, container killed", Moves.Maybe, Loses.LastMoment, scene -> {
        scene.undo(() -> scene.arena().apiFaults().holdWatches(false));
        scene.arena().apiFaults().holdWatches(true);
        ProcessFaults.CONTAINER_KILLED.strike().on(scene);
        scene.outlastLease();
        scene.awaitWrites();
    });

    static final Fault LEASE_DELETED = new Fault("Lease deleted", Moves.Maybe, Loses.Nothing, scene -> {
        scene.arena().deleteLease();
        scene.hold(Duration.ofSeconds(3));
    });

    static final List<Fault> ALL = List.of(
            STOPPED,
            FROZEN,
            STOPPED_AND_POSTMASTER,
            FROZEN_AND_POSTMASTER,
            STOPPED_AND_CONTAINER,
            SLOW,
            ERRORS,
            STALE,
            LEASE_DELETED);

    private ApiFaults() {}

    private static void stop(Scene scene) {
        scene.undo(() -> scene.arena().cluster().api().resume());
        scene.arena().cluster().api().halt();
    }

    private static void freeze(Scene scene) {
        scene.undo(() -> scene.arena().apiFaults().freeze(false));
        scene.arena().apiFaults().freeze(true);
    }
}
