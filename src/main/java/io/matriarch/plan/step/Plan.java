package io.matriarch.plan.step;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What one pass over an object has to do.
 *
 * @param remember what must be in the status before the first action; if the object has changed since it was seen, no action is carried out
 * @param actions writes, in order; if one fails, the pass ends, provided that later ones depend on it
 * @param waits what the object waits for
 * @param recheck when to look again if nothing happens before
 * @param findings what to tell the user
 */
public record Plan(
        List<Intent> remember,
        List<Planned> actions,
        List<String> waits,
        Optional<Duration> recheck,
        List<Finding> findings) {
    /**
     * An action.
     *
     * @param blocks whether later actions depend on it
     */
    public record Planned(Action action, boolean blocks) {}

    public Plan {
        remember = List.copyOf(remember);
        actions = List.copyOf(actions);
        waits = List.copyOf(waits);
        findings = List.copyOf(findings);
    }

    /** Whether there is nothing left to do or to wait for. */
    public boolean settled() {
        return actions.isEmpty() && waits.isEmpty();
    }
}
