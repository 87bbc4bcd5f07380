package io.matriarch.plan.status;

import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.postgres.Replicas;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Heard;
import io.matriarch.plan.view.Member;
import io.matriarch.render.Availability;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The last step: does everything that was created exist, and is it in use? */
public final class Readiness {
    private static final Duration RECHECK = Duration.ofSeconds(5);

    private Readiness() {}

    public static Result step(ClusterView view) {
        List<String> awaited = new ArrayList<>();
        List<Integer> fenced = Availability.fenced(view.spec(), view.replicas());
        for (int ordinal = 0; ordinal < view.replicas(); ordinal++) {
            if (fenced.contains(ordinal) && view.member(ordinal).isPresent()) {
                continue;
            }
            String pod = view.names().pod(ordinal);
            view.member(ordinal)
                    .ifPresentOrElse(
                            member -> {
                                if (!member.ready()) {
                                    awaited.add("%s (%s)".formatted(pod, Heard.state(view, member)));
                                }
                            },
                            () -> awaited.add(pod));
        }
        if (!awaited.isEmpty()) {
            return new Wait(String.join(", ", awaited), RECHECK);
        }
        if (view.primary().isEmpty() && fenced.size() < view.replicas()) {
            return new Wait("a primary", RECHECK);
        }
        if (Replicas.notYetSynchronous(view)) {
            return new Wait("the replicas that acknowledge commits", RECHECK);
        }
        String revision = Configuration.wanted(view).revision();
        List<String> behind = view.members().stream()
                .filter(m -> !fenced.contains(m.ordinal()))
                .filter(m -> m.report()
                        .filter(r -> revision.equals(r.settings())
                                || (r.rejected() != null
                                        && revision.equals(r.rejected().revision())))
                        .isEmpty())
                .map(Member::name)
                .toList();
        if (!behind.isEmpty()) {
            return new Wait("%s to use the changed settings".formatted(String.join(", ", behind)), RECHECK);
        }
        return new Done();
    }
}
