package io.matriarch.playground;

import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Whether what a condition says is good news. */
enum Verdict {
    Good,
    Bad,
    /** Not known, or on its way. */
    Open;

    /** Good when False: they tell of work, of trouble, or of something that waits. All others are good when True. */
    private static final Set<String> GOOD_WHEN_FALSE =
            Set.of("Reconciling", "Stalled", "PendingRestart", "UpgradePending");

    static Verdict of(Condition condition) {
        return switch (condition.getStatus()) {
            case "True" ->
                GOOD_WHEN_FALSE.contains(condition.getType())
                        ? condition.getType().equals("Stalled") ? Bad : Open
                        : Good;
            case "False" -> GOOD_WHEN_FALSE.contains(condition.getType()) ? Good : Bad;
            default -> Open;
        };
    }

    String coloured(String text) {
        return switch (this) {
            case Good -> Text.good(text);
            case Bad -> Text.bad(text);
            case Open -> Text.open(text);
        };
    }

    /** Those that are well in one line, each other one with what it says. */
    static List<String> lines(List<Condition> conditions, int columns) {
        List<String> lines = new ArrayList<>();
        List<String> good = new ArrayList<>();
        for (Condition condition : conditions) {
            Verdict verdict = Verdict.of(condition);
            String word = verdict.coloured(condition.getType() + "=" + condition.getStatus());
            if (verdict == Verdict.Good) {
                good.add(word);
            } else {
                String message = Optional.ofNullable(condition.getMessage()).orElse("");
                lines.addAll(
                        Text.wrapped("   " + word + " " + condition.getReason() + ": " + message, columns, "     "));
            }
        }
        if (!good.isEmpty()) {
            lines.addAll(Text.wrapped("   " + String.join(" ", good), columns, "   "));
        }
        return lines;
    }
}
