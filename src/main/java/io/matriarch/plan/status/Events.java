package io.matriarch.plan.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.matriarch.api.ReportedStatus;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Finding.Telling;
import io.matriarch.plan.step.Finding.Topic;
import io.matriarch.plan.step.Told;
import io.matriarch.render.Hashes;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Which findings become Events: each finding once, if its key is not yet among those in the status. */
public final class Events {
    /** As many as the schema allows. */
    private static final int MOST = 100;

    private Events() {}

    /**
     * The Events of a pass.
     *
     * @param before the status before the pass
     * @param findings everything that the pass found
     */
    public static List<Told> of(Optional<? extends ReportedStatus> before, List<Finding> findings) {
        return findings.stream()
                .filter(finding -> finding.telling() != Telling.Never && !known(before, finding))
                .map(finding -> pends(finding)
                        ? Told.normal(finding.reason(), finding.message())
                        : Told.warning(finding.reason(), finding.message()))
                .toList();
    }

    /** The Event that an object is ready, if it was not before. */
    public static List<Told> ready(Optional<? extends ReportedStatus> before, ReportedStatus after) {
        return ready(Optional.of(after))
                .filter(now -> ready(before).isEmpty())
                .map(now -> List.of(Told.normal("Ready", Objects.requireNonNullElse(now.getMessage(), ""))))
                .orElse(List.of());
    }

    private static Optional<Condition> ready(Optional<? extends ReportedStatus> status) {
        return status.map(ReportedStatus::conditions)
                .flatMap(conditions -> conditions.stream()
                        .filter(c -> "Ready".equals(c.getType()) && "True".equals(c.getStatus()))
                        .findFirst());
    }

    /** The keys to keep in the status after a pass. */
    public static List<String> announced(List<Finding> findings) {
        return findings.stream()
                .filter(finding -> finding.telling() != Telling.Never)
                .map(Events::key)
                .distinct()
                .sorted()
                .limit(MOST)
                .toList();
    }

    private static boolean pends(Finding finding) {
        return finding.topic() == Topic.Restart || finding.topic() == Topic.Upgrade;
    }

    /** Of the findings that wait for a restart or an upgrade, only the first becomes an Event, whatever is added to it later. */
    private static String key(Finding finding) {
        if (pends(finding)) {
            return finding.topic().name();
        }
        return finding.telling() == Telling.Beginning
                ? finding.reason()
                : finding.reason() + "-" + Hashes.of(List.of(finding.message()));
    }

    /**
     * Whether a finding was announced. An operator of the previous release wrote no keys, not even an empty list; it has announced the findings that
     * are the reason of a condition.
     */
    private static boolean known(Optional<? extends ReportedStatus> before, Finding finding) {
        return before.map(ReportedStatus::announced)
                .map(keys -> keys.contains(key(finding)))
                .orElseGet(() -> before.map(ReportedStatus::conditions).orElse(List.<Condition>of()).stream()
                        .anyMatch(c -> Objects.equals(finding.reason(), c.getReason())));
    }
}
