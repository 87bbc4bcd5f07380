package io.matriarch.plan;

import io.matriarch.plan.objects.Credentials;
import io.matriarch.plan.objects.Exposure;
import io.matriarch.plan.objects.Former;
import io.matriarch.plan.objects.Identity;
import io.matriarch.plan.objects.Validate;
import io.matriarch.plan.postgres.Bootstrapping;
import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.postgres.Health;
import io.matriarch.plan.postgres.PostgresFitness;
import io.matriarch.plan.postgres.Requests;
import io.matriarch.plan.status.Readiness;
import io.matriarch.plan.status.Troubles;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.step.Walk;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.workload.Fitness;
import io.matriarch.plan.workload.Repair;
import io.matriarch.plan.workload.Scale;
import io.matriarch.plan.workload.Shape;
import io.matriarch.plan.workload.Volumes;

/** Plans what one pass over a cluster has to do. */
public final class ClusterPlan {
    private ClusterPlan() {}

    /** All steps, in order. The first step that is not done ends the walk, unless it is one that runs alongside. */
    public static Plan of(ClusterView view) {
        Fitness fitness = new PostgresFitness(view);
        return new Walk<>(view)
                .alongside(Requests::step)
                .alongside(v -> Volumes.kept(v, fitness))
                .step(Validate::step)
                .step(Former::step)
                .step(Identity::step)
                .alongside(Exposure::step)
                .step(Bootstrapping::lease)
                .step(v -> Volumes.leaving(v, fitness))
                .step(Configuration::step)
                .step(v -> Volumes.create(v, fitness))
                .alongside(v -> Volumes.care(v, fitness))
                .step(v -> Shape.step(v, fitness))
                .step(v -> Repair.step(v, fitness))
                .step(v -> Scale.step(v, fitness))
                .step(Readiness::step)
                .tell(Bootstrapping.order(view).findings())
                .tell(Volumes.findings(view, fitness))
                .tell(Troubles.findings(view))
                .tell(Health.findings(view))
                .tell(Credentials.findings(view))
                .tell(Shape.findings(view))
                .plan();
    }
}
