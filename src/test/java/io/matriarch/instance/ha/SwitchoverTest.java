package io.matriarch.instance.ha;

import static io.matriarch.instance.ha.Seen.NOW;
import static io.matriarch.instance.ha.Seen.SYSTEM;
import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A switchover that a user asked for, as its primary and the next one decide. */
class SwitchoverTest {
    private final Seen seen = Seen.by(0);
    private final Memory memory = seen.memory();
    private final List<Observation.Failure> failures = new ArrayList<>();
    private @Nullable Handoff handoff;
    private Request request = new Request(RequestKind.Switchover, "a", 2, false);

    @Test
    void onlyWhoWasAskedForIsWaitedFor() {
        handoff = new Handoff(2, "0/0", "a");
        assertThat(decide().job()).contains(new Job.HandOver(List.of(1, 2), new Job.Terms(2, false, false, "a")));
        request = new Request(RequestKind.Switchover, "a", null, true);
        assertThat(decide().job()).contains(new Job.HandOver(List.of(1, 2), new Job.Terms(null, true, false, "a")));
    }

    /** Seen on the real Kubernetes: writes stopped for 28 s, until a report on the replica had been cancelled. */
    @Test
    void whatReplayWouldHoldUpIsRefusedWithTheReason() {
        handoff = new Handoff(2, "0/0", "a");
        failed("ReplayBehind", "its replay waits for the session 7");
        assertThat(answers()).containsExactly(new Answer("a", Outcome.Refused, "its replay waits for the session 7"));
        failures.clear();
        failed("HandOverFailed", "the checkpoint failed");
        assertThat(answers()).extracting(Answer::outcome).containsExactly(Outcome.Aborted);
    }

    @Test
    void thatAnotherRequestWasRefusedHoldsNoneUp() {
        failures.add(new Observation.Failure(
                new Job.HandOver(List.of(1, 2), new Job.Terms(2, false, false, "former")),
                3,
                NOW,
                seen.requests(request).settings().toString(),
                new Problem("ReplayBehind", "a report")));
        handoff = new Handoff(2, "0/0", "a");
        assertThat(decide().job()).isPresent();
        seen.stopping();
        assertThat(decide().job()).contains(new Job.HandOver(List.of(1, 2), Job.Terms.LEAVING));
    }

    /** Seen on the real Kubernetes: `Done` was said half a minute before anybody could write. */
    @Test
    void itIsDoneWhenTheNextPrimaryServes() {
        request = new Request(RequestKind.Switchover, "a", null, false);
        handoff = new Handoff(0, "0/384", "a");
        assertThat(answers()).as("the first write of the reign").isEmpty();
        memory.reignBegan(3);
        assertThat(answers()).containsExactly(new Answer("a", Outcome.Done, "orders-0 is the primary"));
        assertThat(keep().handoff()).isNull();
    }

    @Test
    void anotherThanTheOneAskedForIsNotDone() {
        request = new Request(RequestKind.Switchover, "a", 2, false);
        handoff = new Handoff(0, "0/384", "a");
        memory.reignBegan(3);
        assertThat(answers()).singleElement().satisfies(answer -> {
            assertThat(answer.outcome()).isEqualTo(Outcome.Aborted);
            assertThat(answer.message()).contains("orders-0 is the primary", "orders-2 did not have everything");
        });
    }

    private void failed(String reason, String message) {
        failures.add(new Observation.Failure(
                new Job.HandOver(List.of(1, 2), new Job.Terms(2, false, false, "a")),
                1,
                NOW,
                seen.requests(request).settings().toString(),
                new Problem(reason, message)));
    }

    private List<Answer> answers() {
        return keep().answered();
    }

    private ClusterLease keep() {
        assertThat(decide().lease()).isInstanceOf(LeaseWish.Keep.class);
        return ((LeaseWish.Keep) decide().lease()).state();
    }

    private Decision decide() {
        ClusterLease state = Leases.of(
                        Seen.lease(3, Phase.Serving, 1, List.of(0, 1, 2), new Reign(3, 1, "0/0", "orders-0")))
                .sync(Seen.anyOfThree())
                .handoff(handoff)
                .draft();
        return seen.lease(seen.me().identity(), state)
                .requests(request)
                .leaseSeen(1)
                .proof(1)
                .volume(new VolumeState(VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 3, "0/3000060", null))
                .server(Seen.primary(
                        new Sender(1, "10.0.0.11", true, 900, 900), new Sender(2, "10.0.0.12", true, 900, 100)))
                .failures(failures.toArray(Observation.Failure[]::new))
                .slots(1, 2)
                .decide();
    }
}
