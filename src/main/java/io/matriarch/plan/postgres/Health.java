package io.matriarch.plan.postgres;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Slot;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Finding.Telling;
import io.matriarch.plan.step.Finding.Topic;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Heard;
import io.matriarch.plan.view.LastPrimary;
import io.matriarch.plan.view.Member;
import io.matriarch.render.Availability;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** What the agents report about PostgreSQL: roles, replication, settings. */
public final class Health {
    private Health() {}

    public static List<Finding> findings(ClusterView view) {
        List<Finding> findings = new ArrayList<>();
        fenced(view, findings);
        if (view.served()
                && view.primary().isEmpty()
                && view.statefulSet().isPresent()
                && Availability.fenced(view.spec(), view.replicas()).size() < view.replicas()) {
            Optional<String> last = LastPrimary.of(view);
            findings.add(
                    LastPrimary.handsOver(view)
                            ? Finding.trouble(
                                            LastPrimary.HANDING_OVER,
                                            "%s hands over on request: no member accepts writes until its successor serves"
                                                    .formatted(last.orElse("the primary")))
                                    .told(Telling.Never)
                            : Finding.trouble(
                                            "NoPrimary",
                                            "no member serves as primary%s. Replicas still serve reads"
                                                    .formatted(last.map("; the last one was %s"::formatted)
                                                            .orElse("")))
                                    .told(Telling.Beginning));
        }
        Replicas.tell(view, findings);
        configuration(view, findings);
        slots(view, findings);
        return findings;
    }

    /** Users' replication slots: only their consumers can help. */
    private static void slots(ClusterView view, List<Finding> findings) {
        for (Member member : view.members()) {
            for (Slot slot : member.report()
                    .filter(r -> Heard.is(view, member))
                    .map(MemberReport::slots)
                    .orElse(List.of())) {
                findings.add(
                        switch (slot.state()) {
                            case Dropped ->
                                slot(
                                        "SlotDropped",
                                        "the logical slot %s is gone: it was made on %s, which is not the primary any more. Its consumer makes it again on the new primary and takes a new snapshot; from PostgreSQL 17 on, a slot made with failover => true survives",
                                        slot,
                                        member);
                            case HoldsWal ->
                                slot(
                                        "SlotHoldsWAL",
                                        "nobody reads the replication slot %s on %s, and it keeps more WAL than max_wal_size: start its consumer again, or drop the slot",
                                        slot,
                                        member);
                            case Lost ->
                                slot(
                                        "SlotLost",
                                        "the replication slot %s on %s is lost: PostgreSQL has given up the WAL that it kept. Drop it; its consumer makes it again and takes a new snapshot",
                                        slot,
                                        member);
                        });
            }
        }
    }

    private static Finding slot(String reason, String message, Slot slot, Member member) {
        return new Finding(Topic.Notice, false, reason, message.formatted(slot.name(), member.name()));
    }

    private static void fenced(ClusterView view, List<Finding> findings) {
        List<String> pods = Fenced.pods(view);
        if (pods.isEmpty() || !view.served()) {
            return;
        }
        List<String> running = Fenced.running(view);
        findings.add(
                running.isEmpty()
                        ? Finding.stalled(
                                        Fenced.REASON,
                                        "PostgreSQL is kept stopped on %s, as spec.fencedInstances says%s. Remove it from the list to start PostgreSQL again"
                                                .formatted(
                                                        String.join(", ", pods),
                                                        pods.size() == view.replicas() ? ": nobody can connect" : ""))
                                .told(Telling.Beginning)
                        : Finding.trouble(
                                        Fenced.GOING_ON,
                                        "PostgreSQL is to be stopped on %s, as spec.fencedInstances says. It has not stopped yet on %s"
                                                .formatted(String.join(", ", pods), String.join(", ", running)))
                                .told(Telling.Never));
    }

    private static void configuration(ClusterView view, List<Finding> findings) {
        String revision = Configuration.wanted(view).revision();
        List<Member> rejecting = view.members().stream()
                .filter(m -> m.report()
                        .map(MemberReport::rejected)
                        .filter(r -> revision.equals(r.revision()))
                        .isPresent())
                .toList();
        if (!rejecting.isEmpty()) {
            String message = rejecting
                    .getFirst()
                    .report()
                    .map(MemberReport::rejected)
                    .map(MemberReport.Rejected::message)
                    .orElse("");
            findings.add(new Finding(
                    Topic.Configuration,
                    true,
                    "ConfigurationRejected",
                    "PostgreSQL refuses spec.postgres: %s. Every member keeps the previous settings; correct spec.postgres"
                            .formatted(message.strip().replaceAll("[.;\\s]+$", ""))));
        }
        TreeSet<String> parameters = new TreeSet<>();
        TreeSet<String> members = new TreeSet<>();
        for (Member member : view.members()) {
            List<String> pending =
                    member.report().map(MemberReport::pendingRestart).orElse(List.of());
            if (!pending.isEmpty()) {
                parameters.addAll(pending);
                members.add(member.name());
            }
        }
        if (!members.isEmpty()) {
            findings.add(new Finding(
                    Topic.Restart,
                    false,
                    "ParametersChanged",
                    "a change of %s needs a restart of PostgreSQL on %s: delete these pods one after another, replicas first"
                            .formatted(String.join(", ", parameters), String.join(", ", members))));
        }
    }
}
