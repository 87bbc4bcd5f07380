package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.json.Node;
import io.matriarch.instance.postgres.Postgres.Sender;
import io.matriarch.instance.postgres.Postgres.ServerState;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import io.matriarch.instance.postgres.Postgres.Wal;
import io.matriarch.instance.postgres.PromiseFile.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A switchover that a user asked for, as its primary and the next one decide. */
class SwitchoverTest {
    private static final Duration NOW = Duration.ofSeconds(1000);
    private static final String SYSTEM = "7300000000000000001";

    private final Me me = new Me("orders-0", 0, "uid-0", "inc", "10.0.0.10", "1");
    private final Memory memory = new Memory(NOW.minusSeconds(100), Promise.NONE, new Failsafe(me));
    private final List<Observation.Failure> failures = new ArrayList<>();
    private @Nullable Handoff handoff;
    private boolean stopping;
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
                settings().toString(),
                new Problem("ReplayBehind", "a report")));
        handoff = new Handoff(2, "0/0", "a");
        assertThat(decide().job()).isPresent();
        stopping = true;
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
                settings().toString(),
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
        Wal wal = new Wal(
                900,
                0,
                false,
                "",
                0,
                0,
                List.of(new Sender(1, "10.0.0.11", true, 900, 900), new Sender(2, "10.0.0.12", true, 900, 100)));
        ServerState server = new ServerState(
                true, true, false, false, false, 1, "17.6", "r", null, List.of(), List.of(1, 2), null, wal);
        memory.server(server, 1, NOW.minusMillis(500));
        ClusterLease state = Leases.of(new ClusterLease(
                        1,
                        3,
                        Phase.Serving,
                        "10.0.0.10",
                        1,
                        SYSTEM,
                        List.of(0, 1, 2),
                        List.of(new Reign(3, 1, "0/0", "orders-0"))))
                .sync(new Sync(1, List.of(0, 1, 2)))
                .handoff(handoff)
                .draft();
        return new Protocol(me, Timers.DEFAULT)
                .decide(new Observation(
                        NOW,
                        Optional.of(settings()),
                        Optional.of(new LeaseView("7", me.identity(), state, Node.MISSING)),
                        NOW.minusSeconds(1),
                        Optional.of(NOW.minusSeconds(1)),
                        Optional.empty(),
                        Duration.ZERO,
                        Optional.of(new VolumeState(
                                VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 3, "0/3000060", null)),
                        server,
                        null,
                        Optional.empty(),
                        List.copyOf(failures),
                        List.of(1, 2),
                        NOW.minusSeconds(5),
                        false,
                        stopping,
                        memory.knowledge()));
    }

    private Settings settings() {
        return new Settings(
                1,
                "uid",
                3,
                "r",
                Map.of(),
                List.of(),
                new BootstrapOrder(BootstrapAction.Initdb, 0, null, null),
                new Settings.Initdb("app", "app", "UTF8", "C", true, List.of(), List.of()),
                "orders-app",
                null,
                null,
                null,
                List.of(),
                List.of(request));
    }
}
