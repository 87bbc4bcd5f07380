package io.matriarch.plan;

import java.util.ArrayList;
import java.util.List;

/** Pods that do not come up, with what the user can do about it (rollout.md section 6). */
final class Troubles {
    private Troubles() {}

    static List<Finding> findings(ClusterView view) {
        List<Finding> findings = new ArrayList<>();
        for (Member member : view.members()) {
            PodTrouble.of(view, member)
                    .map(t -> new Finding(Finding.Topic.Cluster, t.needsUser(), t.reason(), t.message()))
                    .ifPresent(findings::add);
        }
        if (view.statefulSet().isPresent() && view.members().size() < view.replicas()) {
            view.notice("StatefulSet", view.names().statefulSet(), "FailedCreate", "SuccessfulCreate")
                    .filter(notice -> notice.reason().equals("FailedCreate"))
                    .ifPresent(notice -> findings.add(Finding.stalled(
                            "PodRefused", "the API server refuses a pod: %s".formatted(notice.message()))));
        }
        return findings;
    }
}
