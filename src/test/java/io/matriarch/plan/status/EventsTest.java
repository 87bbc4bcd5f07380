package io.matriarch.plan.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Finding.Telling;
import io.matriarch.plan.step.Finding.Topic;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Told;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** An Event is decided by the key of a finding, whatever the words of other messages. */
class EventsTest {
    private static final Finding FULL = Finding.stalled("DiskFull", "orders-1: the volume is full");

    /** The status after a pass that found this. */
    private static Optional<PostgresClusterStatus> after(Finding... findings) {
        return Optional.of(Intent.onto(
                PostgresClusterStatus.NONE,
                List.of(
                        new Intent("announced", Events.announced(List.of(findings))),
                        new Intent(
                                "conditions",
                                List.of(new ConditionBuilder()
                                        .withType("Ready")
                                        .withStatus("False")
                                        .withReason("Degraded")
                                        .withMessage(Finding.messages(List.of(findings)))
                                        .build()))),
                PostgresClusterStatus.class));
    }

    private static List<String> told(Optional<PostgresClusterStatus> before, Finding... findings) {
        return Events.of(before, List.of(findings)).stream().map(Told::reason).toList();
    }

    @Test
    void whatIsFoundIsToldOnceAndAgainAfterItWasCured() {
        assertThat(told(Optional.empty(), FULL)).containsExactly("DiskFull");
        assertThat(told(after(FULL), FULL)).isEmpty();
        assertThat(told(after(), FULL)).containsExactly("DiskFull");
    }

    @Test
    void anotherMessageIsAnotherEvent() {
        Finding other = Finding.stalled("DiskFull", "orders-2: the volume is full");
        assertThat(told(after(FULL), FULL, other)).containsExactly("DiskFull");
        assertThat(Events.of(after(FULL), List.of(other)))
                .containsExactly(Told.warning("DiskFull", "orders-2: the volume is full"));
    }

    /** The words are part of what another finding says: it has not been told for that. */
    @Test
    void wordsOfAnotherMessageHideNothing() {
        Finding longer = Finding.trouble("Slow", "since a while orders-1: the volume is full");
        assertThat(told(after(longer), FULL, longer)).containsExactly("DiskFull");
    }

    /** Not only while something else has a key: a status without findings has an empty list, and not none. */
    @Test
    void theReasonOfAConditionHidesNoFindingOfTheSameName() {
        assertThat(told(after(), new Finding(Topic.Replication, false, "Degraded", "the primary acknowledges alone")))
                .containsExactly("Degraded");
    }

    @Test
    void whatIsToldWhenItBeginsIsNotToldAgainWhileItsMessageChanges() {
        Finding begins = Finding.trouble("NoPrimary", "no member serves").told(Telling.Beginning);
        Finding goesOn =
                Finding.trouble("NoPrimary", "no member serves; orders-0 did").told(Telling.Beginning);
        assertThat(told(after(), begins)).containsExactly("NoPrimary");
        assertThat(told(after(begins), goesOn)).isEmpty();
        Finding votes = new Finding(Topic.Replication, false, "NoQuorum", "1 of 3 voted");
        assertThat(told(after(votes), new Finding(Topic.Replication, false, "NoQuorum", "2 of 3 voted")))
                .isEmpty();
    }

    @Test
    void whatComesAndGoesIsNeverTold() {
        Finding passing = new Finding(Topic.Replication, false, "NotStreaming", "orders-1").told(Telling.Never);
        assertThat(told(after(), passing)).isEmpty();
        assertThat(Events.announced(List.of(passing))).isEmpty();
    }

    @Test
    void thatSomethingWaitsForARestartIsNormalAndToldOnce() {
        Finding first = new Finding(Topic.Restart, false, "ParametersChanged", "a waits");
        Finding more = new Finding(Topic.Restart, false, "ParametersChanged", "a and b wait");
        assertThat(Events.of(after(), List.of(first))).containsExactly(Told.normal("ParametersChanged", "a waits"));
        assertThat(told(after(first), more)).isEmpty();
    }

    /** An operator of the release before wrote no keys. */
    @Test
    void anUpgradeOfTheOperatorTellsNothingAgain() {
        Optional<PostgresClusterStatus> old = after(FULL)
                .map(status -> Intent.onto(
                        status,
                        List.of(
                                new Intent("announced", null),
                                new Intent(
                                        "conditions",
                                        List.of(new ConditionBuilder()
                                                .withType("Stalled")
                                                .withStatus("True")
                                                .withReason("DiskFull")
                                                .withMessage(FULL.message())
                                                .build()))),
                        PostgresClusterStatus.class));
        assertThat(told(old, FULL)).isEmpty();
        assertThat(told(old, Finding.stalled("Unschedulable", "no node"))).containsExactly("Unschedulable");
    }
}
