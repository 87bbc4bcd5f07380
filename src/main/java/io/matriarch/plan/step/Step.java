package io.matriarch.plan.step;

import java.time.Duration;
import java.util.List;

/**
 * One step of a pass: a pure function of the view.
 *
 * @param <V> what the step may know
 */
@FunctionalInterface
public interface Step<V> {
    Result take(V view);

    /** The result of a step. Its findings are reported in any case. */
    sealed interface Result {
        List<Finding> findings();
    }

    /** Everything is as it must be. */
    record Done(List<Finding> findings) implements Result {
        public Done(Finding... findings) {
            this(List.of(findings));
        }
    }

    /**
     * Actions to carry out now, in order.
     *
     * @param remember what must be in the status before the first action is carried out
     * @param goOn whether the following steps need not see the effect first
     */
    record Act(List<Intent> remember, List<Action> actions, boolean goOn, List<Finding> findings) implements Result {
        /** The following steps may act in the same pass, after these actions. */
        public static Act andGoOn(List<Action> actions, List<Finding> findings) {
            return new Act(List.of(), actions, true, findings);
        }

        /** The pass ends with these actions: what comes next depends on their effect. */
        public static Act andLook(List<Action> actions, List<Finding> findings) {
            return new Act(List.of(), actions, false, findings);
        }

        /** The same actions, once these intents are in the status. */
        public Act remembering(Intent... intents) {
            return new Act(List.of(intents), actions, goOn, findings);
        }
    }

    /**
     * Nothing to do until something happens.
     *
     * @param what the step waits for, for the condition Reconciling
     * @param recheck when to look again if no event comes before
     */
    record Wait(String what, Duration recheck, List<Finding> findings) implements Result {
        public Wait(String what, Duration recheck, Finding... findings) {
            this(what, recheck, List.of(findings));
        }
    }

    /** Acts if there is something to do. */
    static Result actOrDone(List<Action> actions, List<Finding> findings) {
        return actions.isEmpty() ? new Done(findings) : Act.andGoOn(actions, findings);
    }
}
