package io.matriarch.plan.step;

import io.matriarch.plan.step.Plan.Planned;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Takes the steps of a pass, from top to bottom. The first step that is not done ends the walk; steps that run alongside never do.
 *
 * @param <V> what a step may know
 */
public final class Walk<V> {
    private final V view;
    private final List<Intent> remember = new ArrayList<>();
    private final List<Planned> actions = new ArrayList<>();
    private final List<String> waits = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();
    private Optional<Duration> recheck = Optional.empty();
    private boolean ended;

    public Walk(V view) {
        this.view = view;
    }

    public Walk<V> step(Step<V> step) {
        return take(step, true);
    }

    public Walk<V> alongside(Step<V> step) {
        return take(step, false);
    }

    private Walk<V> take(Step<V> step, boolean blocks) {
        if (ended) {
            return this;
        }
        Result result = step.take(view);
        findings.addAll(result.findings());
        switch (result) {
            case Done done -> {}
            case Act act -> {
                remember.addAll(act.remember());
                act.actions().forEach(action -> actions.add(new Planned(action, blocks)));
                ended = blocks && !act.goOn();
            }
            case Wait wait -> {
                waits.add(wait.what());
                recheck = Optional.of(
                        recheck.filter(r -> r.compareTo(wait.recheck()) < 0).orElse(wait.recheck()));
                ended = blocks;
            }
        }
        return this;
    }

    /** Adds findings that are reported whatever the steps return. */
    public Walk<V> tell(List<Finding> more) {
        findings.addAll(more);
        return this;
    }

    public Plan plan() {
        return new Plan(
                remember, actions, waits, recheck, findings.stream().distinct().toList());
    }
}
