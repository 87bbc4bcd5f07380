package io.matriarch.plan;

import io.matriarch.plan.objects.Credentials;
import io.matriarch.plan.objects.Exposure;
import io.matriarch.plan.objects.Former;
import io.matriarch.plan.objects.Identity;
import io.matriarch.plan.objects.Validate;
import io.matriarch.plan.postgres.Bootstrapping;
import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.postgres.Health;
import io.matriarch.plan.postgres.Requests;
import io.matriarch.plan.status.Readiness;
import io.matriarch.plan.status.Troubles;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Step;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.workload.Repair;
import io.matriarch.plan.workload.Scale;
import io.matriarch.plan.workload.Shape;
import io.matriarch.plan.workload.Volumes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What one pass over a cluster is to do.
 *
 * @param actions writes, in order; one that fails ends the pass if those after it depend on it
 * @param waits what the cluster waits for
 * @param recheck when to look again if nothing happens before
 * @param findings what to tell the user
 */
public record Plan(List<Planned> actions, List<String> waits, Optional<Duration> recheck, List<Finding> findings) {
    /**
     * An action.
     *
     * @param blocks whether those after it depend on it
     */
    public record Planned(Action action, boolean blocks) {}

    public Plan {
        actions = List.copyOf(actions);
        waits = List.copyOf(waits);
        findings = List.copyOf(findings);
    }

    /** Whether nothing is left to do or to wait for. */
    public boolean settled() {
        return actions.isEmpty() && waits.isEmpty();
    }

    /** All steps, from top to bottom. The first that is not done ends the walk, except those that never block. */
    public static Plan of(ClusterView view) {
        return new Walk(view)
                .never(Requests::step)
                .never(Volumes::kept)
                .step(Validate::step)
                .step(Former::step)
                .step(Identity::step)
                .never(Exposure::step)
                .step(Bootstrapping::lease)
                .step(Volumes::leaving)
                .step(Configuration::step)
                .step(Volumes::create)
                .never(Volumes::care)
                .step(Shape::step)
                .step(Repair::step)
                .step(Scale::step)
                .step(Readiness::step)
                .tell(Bootstrapping.order(view).findings())
                .tell(Volumes.findings(view))
                .tell(Troubles.findings(view))
                .tell(Health.findings(view))
                .tell(Credentials.findings(view))
                .tell(Shape.findings(view))
                .plan();
    }

    private static final class Walk {
        private final ClusterView view;
        private final List<Planned> actions = new ArrayList<>();
        private final List<String> waits = new ArrayList<>();
        private final List<Finding> findings = new ArrayList<>();
        private Optional<Duration> recheck = Optional.empty();
        private boolean ended;

        Walk(ClusterView view) {
            this.view = view;
        }

        Walk step(Step step) {
            return take(step, true);
        }

        Walk never(Step step) {
            return take(step, false);
        }

        private Walk take(Step step, boolean blocks) {
            if (ended) {
                return this;
            }
            Result result = step.take(view);
            findings.addAll(result.findings());
            switch (result) {
                case Done done -> {}
                case Act act -> {
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

        /** What is to be told whatever the steps said. */
        Walk tell(List<Finding> more) {
            findings.addAll(more);
            return this;
        }

        Plan plan() {
            return new Plan(
                    actions, waits, recheck, findings.stream().distinct().toList());
        }
    }
}
