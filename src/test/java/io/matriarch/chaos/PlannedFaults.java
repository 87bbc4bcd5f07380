package io.matriarch.chaos;

import static io.matriarch.chaos.Arena.namespace;

import io.matriarch.api.contract.Labels;
import io.matriarch.chaos.Fault.Loses;
import io.matriarch.chaos.Fault.Moves;
import java.util.List;

/** What people do to a cluster on purpose (docs/internals/faults.md rows 5, 6, 41, 43, 44): nothing is lost by it in any mode, unless they say so. */
final class PlannedFaults {
    static final Fault POD_DELETED = new Fault("pod deleted", Moves.Always, Loses.Nothing, scene -> {
        scene.arena().delete(scene.primary(), null);
        scene.awaitAnother();
    });

    static final Fault POD_FORCED = new Fault(
            "pod deleted by force",
            Moves.Maybe,
            Loses.LastMoment,
            scene -> scene.arena().delete(scene.primary(), 0L));

    static final Fault SWITCHOVER = new Fault("switchover", Moves.Always, Loses.Nothing, scene -> {
        scene.arena().command(Labels.SWITCHOVER, "/" + id(scene));
        scene.awaitAnother();
    });

    /** It may be refused when something else goes wrong meanwhile; for what is combined with it. */
    static final Fault ASKED_TO_SWITCH_OVER = new Fault(
            "switchover asked for",
            Moves.Maybe,
            Loses.Nothing,
            scene -> scene.arena().command(Labels.SWITCHOVER, "/" + id(scene)));

    static final Fault FENCED = new Fault("primary fenced", Moves.Always, Loses.Nothing, scene -> {
        scene.undo(() -> scene.arena().patch("{\"fencedInstances\": null}"));
        scene.arena().patch("{\"fencedInstances\": [%d]}".formatted(ordinal(scene.primary())));
        scene.awaitAnother();
        scene.awaitWrites();
    });

    /** The primary is the member that leaves. */
    static final Fault SCALED_AWAY = new Fault("primary scaled away", Moves.Maybe, Loses.Nothing, scene -> {
        String last = "orders-" + (Arena.INSTANCES - 1);
        if (!scene.primary().equals(last)) {
            scene.arena().command(Labels.SWITCHOVER, last + "/" + id(scene));
            scene.awaitAnother();
        }
        scene.undo(() -> scene.arena().awaitReady(Arena.INSTANCES));
        scene.undo(() -> scene.arena().patch("{\"instances\": %d}".formatted(Arena.INSTANCES)));
        scene.arena().patch("{\"instances\": %d}".formatted(Arena.INSTANCES - 1));
        scene.arena().awaitReady(Arena.INSTANCES - 1);
        scene.awaitWrites();
    });

    static final Fault OPERATOR_AWAY =
            new Fault("operator away, container killed", Moves.Maybe, Loses.LastMoment, scene -> {
                scene.undo(() -> scene.arena().operator().start());
                scene.arena().operator().stop();
                ProcessFaults.CONTAINER_KILLED.strike().on(scene);
                scene.awaitWrites();
            });

    /** Two of three are gone, and a human promotes what is left. */
    static final Fault FORCED = new Fault("failover forced", Moves.Always, Loses.AsForced, scene -> {
        for (String gone : List.of(scene.primary(), scene.replica())) {
            String node = scene.arena().outages().nodeOf(namespace(), gone);
            scene.undo(() -> scene.arena().outages().startNode(node));
            scene.arena().outages().stopNode(node);
        }
        scene.arena().eventually(() -> {
            if (!scene.arena().says("NoQuorum")) {
                throw new AssertionError("the condition NoQuorum is missing");
            }
        });
        scene.arena().command(Labels.FORCE_FAILOVER, id(scene));
        scene.awaitAnother();
    });

    static final List<Fault> ALL =
            List.of(POD_DELETED, POD_FORCED, SWITCHOVER, FENCED, SCALED_AWAY, OPERATOR_AWAY, FORCED);

    private PlannedFaults() {}

    static String id(Scene scene) {
        return "chaos-" + Integer.toHexString(scene.random().nextInt() | 0x40000000);
    }

    private static int ordinal(String member) {
        return Integer.parseInt(member.substring(member.lastIndexOf('-') + 1));
    }
}
