package io.matriarch.plan.status;

import io.matriarch.api.contract.Problem.Subject;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.view.PodTrouble;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Pods that do not come up, with what the user can do about it (docs/internals/workload.md 6). */
public final class Troubles {
    private static final String POD = "\0";

    private Troubles() {}

    public static List<Finding> findings(ClusterView view) {
        List<Finding> findings = new ArrayList<>();
        Map<String, PodTrouble> kinds = new LinkedHashMap<>();
        Map<String, List<String>> pods = new LinkedHashMap<>();
        for (Member member : view.members()) {
            // The finding about replication says once why no member is elected, whether the pods are ready or not.
            PodTrouble.of(view, member)
                    .filter(t -> t.about() != Subject.Election)
                    .ifPresent(trouble -> {
                        String kind = trouble.message().replace(member.name(), POD);
                        kinds.putIfAbsent(kind, trouble);
                        pods.computeIfAbsent(kind, k -> new ArrayList<>()).add(member.name());
                    });
        }
        // A problem that several pods share is reported once.
        kinds.forEach((kind, trouble) -> findings.add(new Finding(
                trouble.about() == Subject.Volume ? Finding.Topic.Volumes : Finding.Topic.Cluster,
                trouble.needsUser(),
                trouble.reason(),
                kind.replace(POD, String.join(", ", pods.getOrDefault(kind, List.of()))))));
        if (view.statefulSet().isPresent() && view.members().size() < view.replicas()) {
            view.notice("StatefulSet", view.names().statefulSet(), "FailedCreate", "SuccessfulCreate")
                    .filter(notice -> notice.reason().equals("FailedCreate"))
                    .ifPresent(notice -> findings.add(Finding.stalled(
                            "PodRefused", "the API server refuses a pod: %s".formatted(notice.message()))));
        }
        return findings;
    }
}
