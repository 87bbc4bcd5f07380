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

    /** What a step says. Findings are told whatever it says. */
    sealed interface Result {
        List<Finding> findings();
    }

    /** Everything is as it shall be. */
    record Done(List<Finding> findings) implements Result {
        public Done(Finding... findings) {
            this(List.of(findings));
        }
    }

    /**
     * To be carried out now, in order.
     *
     * @param remember what is to be in the status before the first of them is carried out
     * @param goOn whether the steps that follow need not see the effect first
     */
    record Act(List<Intent> remember, List<Action> actions, boolean goOn, List<Finding> findings) implements Result {
        /** The steps after it may act in the same pass, after these. */
        public static Act andGoOn(List<Action> actions, List<Finding> findings) {
            return new Act(List.of(), actions, true, findings);
        }

        /** The pass ends with these: what comes next depends on how the world looks then. */
        public static Act andLook(List<Action> actions, List<Finding> findings) {
            return new Act(List.of(), actions, false, findings);
        }

        /** The same, once this is in the status. */
        public Act remembering(Intent... intents) {
            return new Act(List.of(intents), actions, goOn, findings);
        }
    }

    /**
     * Nothing to do until something happens.
     *
     * @param what is awaited, for the condition Reconciling
     * @param recheck when to look again if no event says so
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
