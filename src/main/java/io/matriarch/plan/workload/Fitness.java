package io.matriarch.plan.workload;

import io.matriarch.plan.step.Finding;
import io.matriarch.plan.workload.Budget.Disruption;
import io.matriarch.plan.workload.Budget.Obstacle;
import java.util.Map;
import java.util.Optional;

/** What a workload step may ask about the application in the pods. Workload steps know nothing else about PostgreSQL. */
public interface Fitness {
    /** Whether there is, or was, data. Until then nothing can be lost: pods are created and removed at once. */
    boolean hasData();

    /** Whether it is known at present whose data counts. While it is not, no member leaves. */
    boolean knowsItsData();

    /** The number of members that the application was told to have. */
    Optional<Integer> told();

    /** Whether a member reports that it leads, or holds the lead, or held it last. */
    boolean leads(int ordinal);

    /** What prevents taking a member down or removing it, by the budget. */
    Optional<Obstacle> obstacle(int ordinal, Disruption disruption);

    /** The reason, for the user, why a member cannot leave yet. */
    Finding cannotLeave(int ordinal, Obstacle obstacle);

    /** What must still happen before the pod of a member that was told to leave can be removed; empty when it can be. */
    Optional<String> awaitedBeforeLeaving(int ordinal);

    /** Annotations of a member's claims that say what is on them, for a later cluster of the same name. */
    Map<String, String> marks(int ordinal);
}
