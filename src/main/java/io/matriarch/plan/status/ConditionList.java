package io.matriarch.plan.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.matriarch.plan.step.Said;
import io.matriarch.plan.step.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Conditions of an object, some of which are set anew. A condition that keeps its status keeps the time of its last transition. */
final class ConditionList {
    private final List<Condition> conditions;
    private final long generation;
    private final Instant now;

    ConditionList(List<Condition> before, long generation, Instant now) {
        this.conditions = new ArrayList<>(before);
        this.generation = generation;
        this.now = now;
    }

    void set(String type, Said said) {
        Optional<Condition> before =
                conditions.stream().filter(c -> type.equals(c.getType())).findFirst();
        String since = before.filter(c -> said.status().equals(c.getStatus()))
                .map(Condition::getLastTransitionTime)
                .orElseGet(() -> Timestamp.of(now));
        Condition condition = new ConditionBuilder()
                .withType(type)
                .withStatus(said.status())
                .withReason(said.reason())
                .withMessage(said.message())
                .withObservedGeneration(generation)
                .withLastTransitionTime(since)
                .build();
        before.ifPresentOrElse(
                old -> conditions.set(conditions.indexOf(old), condition), () -> conditions.add(condition));
    }

    List<Condition> all() {
        return List.copyOf(conditions);
    }
}
