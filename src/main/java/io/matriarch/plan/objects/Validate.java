package io.matriarch.plan.objects;

import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.render.Validation;
import java.time.Duration;
import java.util.List;

/** Rules that need the whole spec and that no schema can express. A refused spec changes nothing that is running. */
public final class Validate {
    private static final Duration RECHECK = Duration.ofMinutes(5);

    private Validate() {}

    public static Result step(ClusterView view) {
        List<String> errors = Validation.problems(view.rendering());
        return errors.isEmpty()
                ? new Done()
                : new Wait(
                        "a correction of the spec",
                        RECHECK,
                        errors.stream()
                                .map(e -> Finding.stalled("InvalidSpec", e))
                                .toList());
    }
}
