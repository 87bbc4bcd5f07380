package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.matriarch.api.ReportedStatus;
import io.matriarch.plan.step.Plan;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * When to look at an object again if no event comes before: soon after a write, ever more rarely while something is wrong, and hardly ever when
 * nothing is. A changed spec may solve the problem: the object is then looked at as often as in the beginning.
 */
final class Recheck {
    /** When there is nothing to do: certificates age. */
    static final Duration IDLE = Duration.ofHours(1);

    static final Duration SOON = Duration.ofSeconds(1);
    private static final Duration SLOWEST = Duration.ofSeconds(60);
    private static final int PATIENCE = 5;

    private record Spec(long generation, Instant since) {}

    private final Map<String, Spec> specs = new ConcurrentHashMap<>();

    /**
     * The pause between this pass and the next one.
     *
     * @param again whether what this pass wrote allows the next one to continue
     */
    Duration after(
            HasMetadata object, Instant now, boolean again, Plan plan, Actor.Outcome outcome, ReportedStatus status) {
        Instant changed = changed(object, now);
        if (again) {
            return SOON;
        }
        if (outcome.refusals().isEmpty() && (outcome.again() || !outcome.done().isEmpty())) {
            return SOON;
        }
        if (plan.settled() && outcome.refusals().isEmpty()) {
            return IDLE;
        }
        Instant began = ready(status).filter(at -> at.isAfter(changed)).orElse(changed);
        return pause(plan.recheck().orElse(SOON), Duration.between(began, now));
    }

    /** A fifth of the time for which something has been wrong, within limits. */
    static Duration pause(Duration least, Duration wrong) {
        Duration slow = wrong.dividedBy(PATIENCE);
        Duration bounded = slow.compareTo(SLOWEST) > 0 ? SLOWEST : slow;
        return bounded.compareTo(least) > 0 ? bounded : least;
    }

    /** When this operator first saw the object's present spec; long ago, if it has seen no other one. */
    Instant changed(HasMetadata object, Instant now) {
        long generation = Objects.requireNonNullElse(object.getMetadata().getGeneration(), 0L);
        return Objects.requireNonNull(specs.compute(
                        object.getMetadata().getUid(),
                        (uid, spec) -> spec == null
                                ? new Spec(generation, Instant.EPOCH)
                                : spec.generation() == generation ? spec : new Spec(generation, now)))
                .since();
    }

    private static Optional<Instant> ready(ReportedStatus status) {
        return Optional.ofNullable(status.conditions()).orElse(List.of()).stream()
                .filter(c -> "Ready".equals(c.getType()))
                .findFirst()
                .map(Condition::getLastTransitionTime)
                .map(Instant::parse);
    }
}
