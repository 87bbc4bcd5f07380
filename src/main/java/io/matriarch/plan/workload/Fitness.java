package io.matriarch.plan.workload;

import io.matriarch.plan.step.Finding;
import io.matriarch.plan.workload.Budget.Disruption;
import io.matriarch.plan.workload.Budget.Obstacle;
import java.util.Map;
import java.util.Optional;

/** What a workload step may ask about the application in the pods. It knows of PostgreSQL nothing else. */
public interface Fitness {
    /** Whether there is, or was, data. Until then nothing can be lost: pods are made and taken away at once. */
    boolean hasData();

    /** Whether it is known at the moment whose data counts. While it is not, no member leaves. */
    boolean knowsItsData();

    /** How many members the application has been told to be. */
    Optional<Integer> told();

    /** Whether a member leads, says so, or was the last to lead. */
    boolean leads(int ordinal);

    /** What stands against taking a member down or away, by the budget. */
    Optional<Obstacle> obstacle(int ordinal, Disruption disruption);

    /** Why a member cannot leave yet, for the user. */
    Finding cannotLeave(int ordinal, Obstacle obstacle);

    /** What has still to happen until a member that was told to leave can lose its pod; empty when it can. */
    Optional<String> awaitedBeforeLeaving(int ordinal);

    /** Annotations of a member's claims that say what is on them: for a later cluster of the same name. */
    Map<String, String> marks(int ordinal);
}
