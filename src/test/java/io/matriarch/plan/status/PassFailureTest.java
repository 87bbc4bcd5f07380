package io.matriarch.plan.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class PassFailureTest {
    private static final Instant NOON = Instant.parse("2026-11-01T12:00:00Z");
    private static final List<Condition> GOOD = List.of(condition("Ready", "True"), condition("Reconciling", "False"));

    private static Condition condition(String type, String status) {
        return new ConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withReason("Before")
                .withMessage("as it was")
                .withLastTransitionTime("2026-11-01T11:00:00Z")
                .build();
    }

    @Test
    void whoCouldNotActSaysSoAndLeavesWhatWasSeen() {
        assertThat(PassFailure.conditions(GOOD, 2, NOON, "etcd: no leader\nmore", true))
                .extracting(Condition::getType, Condition::getStatus, Condition::getReason)
                .containsExactly(tuple("Ready", "True", "Before"), tuple("Reconciling", "True", "PassFailed"));
    }

    @Test
    void whoCouldNotLookDoesNotKnowWhetherItIsReady() {
        List<Condition> told = PassFailure.conditions(GOOD, 2, NOON, "pods is forbidden", false);
        assertThat(told)
                .extracting(Condition::getType, Condition::getStatus)
                .containsExactly(tuple("Ready", "Unknown"), tuple("Reconciling", "True"));
        assertThat(told).allSatisfy(c -> {
            assertThat(c.getMessage()).contains("pods is forbidden");
            assertThat(c.getObservedGeneration()).isEqualTo(2);
            assertThat(c.getLastTransitionTime()).isEqualTo("2026-11-01T12:00:00Z");
        });
    }

    /** Nothing is written as long as the error is the same. */
    @Test
    void theSameErrorGivesTheSameConditions() {
        List<Condition> first = PassFailure.conditions(GOOD, 2, NOON, "pods is forbidden", false);
        assertThat(PassFailure.conditions(first, 2, NOON.plusSeconds(60), "pods is forbidden", false))
                .isEqualTo(first);
    }
}
