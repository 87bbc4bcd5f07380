package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.PostgresClusterStatus.Request.Outcome;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Told;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user reads of an incident in Events, and what is not said twice. */
class StoryTest {
    private static PostgresClusterStatus status(RoleChange change, Request... requests) {
        return Intent.onto(
                PostgresClusterStatus.NONE,
                List.of(new Intent("lastRoleChange", change), new Intent("requests", List.of(requests))),
                PostgresClusterStatus.class);
    }

    private static RoleChange change(long epoch, String reason) {
        return new RoleChange(
                epoch,
                "orders-0",
                "orders-1",
                reason,
                "11.250s",
                "2026-11-01T12:00:00Z",
                "orders-2 voted at 0/5000000");
    }

    private static Request request(String id, Outcome outcome, String message) {
        return new Request(id, outcome, message, "2026-11-01T12:00:00Z");
    }

    @Test
    void aFailoverIsToldWithItsReasonAndDurationOnce() {
        var before = status(change(3, "Switchover"));
        var after = status(change(4, "LeaseExpired"));
        assertThat(Story.of(Optional.of(before), after)).singleElement().satisfies(told -> {
            assertThat(told.type()).isEqualTo("Warning");
            assertThat(told.reason()).isEqualTo("PrimaryChanged");
            assertThat(told.message())
                    .isEqualTo(
                            "orders-1 took over from orders-0, 11.250s after the vacancy (LeaseExpired, epoch 4): orders-2 voted at 0/5000000");
        });
        assertThat(Story.of(Optional.of(after), after)).isEmpty();
    }

    @Test
    void attemptsOfTheOperatorAreToldWhenTheyBeginAndWhenTheAnswerIsNew() {
        var first = status(change(4, "x"), request("scale-down-7/1", Outcome.Accepted, "asked"));
        assertThat(Story.of(Optional.of(status(change(4, "x"))), first)).hasSize(1);
        var refused = status(change(4, "x"), request("scale-down-7/1", Outcome.Refused, "too far behind"));
        assertThat(Story.of(Optional.of(first), refused)).hasSize(1);
        var second = status(
                change(4, "x"),
                request("scale-down-7/1", Outcome.Refused, "too far behind"),
                request("scale-down-7/2", Outcome.Accepted, "asked"));
        assertThat(Story.of(Optional.of(refused), second)).isEmpty();
        var again = status(change(4, "x"), request("scale-down-7/2", Outcome.Refused, "too far behind"));
        assertThat(Story.of(Optional.of(second), again)).isEmpty();
        var other = status(change(4, "x"), request("scale-down-7/2", Outcome.Refused, "fenced"));
        assertThat(Story.of(Optional.of(second), other)).hasSize(1);
        var done = status(change(4, "x"), request("scale-down-7/2", Outcome.Done, "orders-0 is the primary"));
        assertThat(Story.of(Optional.of(second), done)).hasSize(1);
    }

    @Test
    void whatAUserAsksIsAlwaysAnswered() {
        var before = status(change(4, "x"), request("switchover:orders-1/2", Outcome.Refused, "too far behind"));
        var after = status(
                change(4, "x"),
                request("switchover:orders-1/2", Outcome.Refused, "too far behind"),
                request("switchover:orders-1/3", Outcome.Refused, "too far behind"));
        assertThat(Story.of(Optional.of(before), after))
                .singleElement()
                .satisfies(told -> assertThat(told.message()).startsWith("switchover:orders-1/3: too far behind"));
    }

    private static PostgresClusterStatus read(String yaml) {
        return Serialization.unmarshal("---\n" + yaml, PostgresClusterStatus.class);
    }

    private static List<String> reasons(Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        return Story.of(before, after).stream().map(Told::reason).toList();
    }

    @Test
    void theMakingOfAClusterIsToldInAHandfulOfSteps() {
        List<PostgresClusterStatus> steps = List.of(
                read("{observedGeneration: 1, members: []}"),
                read("{observedGeneration: 1, members: [{name: a-0, state: Waiting, ready: false}]}"),
                read("{observedGeneration: 1, members: [{name: a-0, state: Initializing, ready: false}]}"),
                read("{observedGeneration: 1, members: [{name: a-0, state: Starting, ready: false}]}"),
                read("{observedGeneration: 1, primary: a-0, members: [{name: a-0, state: Running, ready: true},"
                        + " {name: a-1, state: Cloning, ready: false}, {name: a-2, state: Cloning, ready: false}]}"),
                read("{observedGeneration: 1, primary: a-0, members: [{name: a-0, state: Running, ready: true},"
                        + " {name: a-1, state: Streaming, ready: true}, {name: a-2, state: Streaming, ready: true}]}"));
        List<List<String>> told = new ArrayList<>();
        Optional<PostgresClusterStatus> before = Optional.of(read("{observedGeneration: -1}"));
        for (PostgresClusterStatus step : steps) {
            told.add(reasons(before, step));
            assertThat(reasons(Optional.of(step), step)).isEmpty();
            before = Optional.of(step);
        }
        assertThat(told)
                .containsExactly(
                        List.of("Creating"),
                        List.of(),
                        List.of("Initializing"),
                        List.of(),
                        List.of("PrimaryServes"),
                        List.of("ReplicaServes"));
        assertThat(Story.of(Optional.of(steps.get(4)), steps.get(5)).getFirst().message())
                .isEqualTo("a-1, a-2 have been cloned and stream from the primary");
    }

    /** Later it is no news that a replica streams again. */
    @Test
    void onceReadyTheMakingIsOver() {
        PostgresClusterStatus before = read(
                "{observedGeneration: 1, readyAt: '2026-11-01T12:00:00Z', primary: a-0, members: [{name: a-1, state: Starting}]}");
        PostgresClusterStatus after = read(
                "{observedGeneration: 1, readyAt: '2026-11-01T12:00:00Z', primary: a-0, members: [{name: a-1, state: Streaming, ready: true}]}");
        assertThat(reasons(Optional.of(before), after)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "True/Quorum, False/Async, CommitsDoNotWaitAnyMore",
        "Unknown/LastKnownTrue, False/NotYetSynchronous, CommitsDoNotWaitAnyMore",
        // Told as a finding of its own, with what to do.
        "True/Quorum, False/CommitsDoNotWait, ''",
        "False/Async, True/Quorum, CommitsWaitForReplicas",
        "Unknown/LastKnownFalse, True/Quorum, CommitsWaitForReplicas",
        "True/Quorum, Unknown/LastKnownTrue, ''",
        "Unknown/NotYetKnown, True/Quorum, ''",
        "True/Quorum, True/Blocked, ''",
    })
    void aPromiseThatChangesIsTold(String was, String is, String told) {
        assertThat(String.join(",", reasons(Optional.of(promise(was)), promise(is))))
                .isEqualTo(told);
    }

    private static PostgresClusterStatus promise(String said) {
        return read(
                "{observedGeneration: 1, readyAt: '2026-11-01T12:00:00Z', conditions: [{type: SynchronousReplication, status: '%s', reason: %s, message: m}]}"
                        .formatted(said.split("/")[0], said.split("/")[1]));
    }

    @Test
    void aPauseIsToldWhenItBeginsAndWhenItEnds() {
        PostgresClusterStatus runs = read(
                "{observedGeneration: 1, readyAt: '2026-11-01T12:00:00Z', conditions: [{type: Reconciling, status: 'False', reason: Settled}]}");
        PostgresClusterStatus paused = read(
                "{observedGeneration: 2, readyAt: '2026-11-01T12:00:00Z', conditions: [{type: Reconciling, status: 'False', reason: Paused}]}");
        assertThat(reasons(Optional.of(runs), paused)).containsExactly("Paused");
        assertThat(reasons(Optional.of(paused), paused)).isEmpty();
        assertThat(reasons(Optional.of(paused), runs)).containsExactly("Resumed");
    }
}
