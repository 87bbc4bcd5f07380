package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.PostgresClusterStatus.Request.Outcome;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a user reads of an incident in Events, and what is not said twice. */
class StoryTest {
    private static PostgresClusterStatus status(RoleChange change, Request... requests) {
        return new PostgresClusterStatus(
                1L, 3, 3, null, "orders-1", 1, 4L, null, null, null, null, change, List.of(requests), null);
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
                            "orders-1 is the primary after orders-0, 11.250s after the vacancy (LeaseExpired, epoch 4): orders-2 voted at 0/5000000");
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
}
