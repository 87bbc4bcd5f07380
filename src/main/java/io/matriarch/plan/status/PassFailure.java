package io.matriarch.plan.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.matriarch.plan.step.Said;
import java.time.Instant;
import java.util.List;

/** What the user learns about an object whose pass ended with an error. The pass is tried again, ever more rarely. */
public final class PassFailure {
    /** Reason of the conditions. */
    public static final String REASON = "PassFailed";

    private static final int LONGEST = 300;

    private PassFailure() {}

    /**
     * The former conditions, except for those that report the error.
     *
     * @param seen whether the object was observed before the error; otherwise it is unknown whether it is ready
     */
    public static List<Condition> conditions(
            List<Condition> before, long generation, Instant now, String error, boolean seen) {
        String words = error.lines().findFirst().orElse("").strip();
        String message = "the operator cannot finish its work here, and tries again: %s. See its log"
                .formatted(words.length() > LONGEST ? words.substring(0, LONGEST) + "…" : words);
        ConditionList conditions = new ConditionList(before, generation, now);
        conditions.set("Reconciling", Said.yes(REASON, message));
        if (!seen) {
            conditions.set("Ready", Said.unknown(REASON, message));
        }
        return conditions.all();
    }
}
