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

/** Which findings are told by an Event: each once, when its key is not yet among those that the status has. */
public final class Events {
    /** As many as the schema takes. */
    private static final int MOST = 100;

    private Events() {}

    /**
     * The Events of a pass.
     *
     * @param before the status before it
     * @param findings all that the pass found
     */
    public static List<Told> of(Optional<? extends ReportedStatus> before, List<Finding> findings) {
        return findings.stream()
                .filter(finding -> finding.telling() != Telling.Never && !known(before, finding))
                .map(finding -> pends(finding)
                        ? Told.normal(finding.reason(), finding.message())
                        : Told.warning(finding.reason(), finding.message()))
                .toList();
    }

    /** That an object is ready, when it was not before. */
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

    /** What the status has after a pass; null for nothing. */
    public static @org.jspecify.annotations.Nullable List<String> announced(List<Finding> findings) {
        List<String> keys = findings.stream()
                .filter(finding -> finding.telling() != Telling.Never)
                .map(Events::key)
                .distinct()
                .sorted()
                .limit(MOST)
                .toList();
        return keys.isEmpty() ? null : keys;
    }

    private static boolean pends(Finding finding) {
        return finding.topic() == Topic.Restart || finding.topic() == Topic.Upgrade;
    }

    /** Of what waits for a restart or an upgrade only the first is told, whatever more comes to it. */
    private static String key(Finding finding) {
        if (pends(finding)) {
            return finding.topic().name();
        }
        return finding.telling() == Telling.Beginning
                ? finding.reason()
                : finding.reason() + "-" + Hashes.of(List.of(finding.message()));
    }

    /** An operator of the release before wrote no keys: what its conditions have as their reason, it has told. */
    private static boolean known(Optional<? extends ReportedStatus> before, Finding finding) {
        return before.map(ReportedStatus::announced)
                .map(keys -> keys.contains(key(finding)))
                .orElseGet(() -> before.map(ReportedStatus::conditions).orElse(List.<Condition>of()).stream()
                        .anyMatch(c -> Objects.equals(finding.reason(), c.getReason())));
    }
}
