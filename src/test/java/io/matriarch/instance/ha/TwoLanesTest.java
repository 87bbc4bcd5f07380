package io.matriarch.instance.ha;

import static io.matriarch.instance.ha.Seen.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Observation.Failure;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** orders-0 was elected, serves on timeline 2, and has been busy for an hour with the checkpoint that rewinds of others wait for. */
class TwoLanesTest {
    private static final Chore CHORE = new Chore.Checkpoint();

    private final Seen seen = Seen.by(0)
            .data()
            .server(Seen.on(2, Seen.primary(1, 2)))
            .slots(1, 2)
            .chore(CHORE)
            .now(NOW.plus(Duration.ofHours(1)))
            .leaseSeen(NOW.plus(Duration.ofHours(1)).minusSeconds(1))
            .proof(NOW.plus(Duration.ofHours(1)).minusSeconds(1))
            .slotsKept(NOW.plus(Duration.ofHours(1)));

    private ClusterLease lease = Leases.of(Seen.lease(
                    4,
                    Phase.Serving,
                    2,
                    List.of(0, 1, 2),
                    new Reign(3, 1, "0/0", "orders-1"),
                    new Reign(4, 2, "0/384", "orders-0", 1)))
            .sync(Seen.anyOfThree())
            .draft();

    @Test
    void aCheckpointIsBegunBesideWhateverJobThereIs() {
        serves();
        seen.withoutChore();
        assertThat(decide().chore()).contains(CHORE);
        seen.running(new Job.Apply("r"));
        assertThat(decide().chore()).contains(CHORE);
    }

    @Test
    void oneChoreAtATime() {
        serves();
        assertThat(decide().chore()).isEmpty();
    }

    @Test
    void aChoreThatFailedWaitsBeforeItIsTriedAgain() {
        serves();
        Duration now = NOW.plus(Duration.ofHours(1));
        String settings = seen.settings().toString();
        Problem problem = new Problem(Problem.Reason.CheckpointFailed, "no");
        seen.withoutChore().failures(new Failure(CHORE, 3, now.minusSeconds(3), settings, problem));
        assertThat(decide().chore()).isEmpty();
        seen.failures(new Failure(CHORE, 3, now.minusSeconds(4), settings, problem));
        assertThat(decide().chore()).contains(CHORE);
    }

    @Test
    void aSwitchoverDoesNotWaitForAChore() {
        serves();
        seen.requests(new Request(RequestKind.Switchover, "a", 2, false));
        lease = Leases.of(lease).handoff(new Handoff(2, "0/0", "a")).draft();
        assertThat(decide().job()).containsInstanceOf(Job.HandOver.class);
    }

    @Test
    void aPodThatEndsHandsOverAtOnce() {
        serves();
        seen.stopping();
        assertThat(decide().job()).containsInstanceOf(Job.HandOver.class);
    }

    @Test
    void aSynchronousChangeDoesNotWaitForAChore() {
        serves();
        seen.memory().synchronizingUnknown();
        assertThat(decide().job()).contains(new Job.Synchronize(1, List.of(0, 1, 2)));
    }

    @Test
    void clientsAreLetInAndTheReignIsWrittenDown() {
        assertThat(decide().job()).contains(new Job.BeginReign(4, 2));
        seen.memory().gated(Seen.END);
        assertThat(decide().job()).contains(new Job.OpenGate());
    }

    /** A chore hangs on when its server dies: it only has not noticed yet. */
    @Test
    void aPrimaryThatDiedGivesTheLeaseBackAndAnElectedOneIsPromoted() {
        serves();
        decide();
        seen.server(ServerState.none()).serverGone(NOW.plus(Duration.ofHours(1)));
        assertThat(decide().lease()).isInstanceOf(LeaseWish.Release.class);

        lease = Leases.of(Seen.lease(
                        4,
                        Phase.Serving,
                        1,
                        List.of(0, 1, 2),
                        new Reign(3, 1, "0/0", "orders-1"),
                        new Reign(4, 2, "0/384", "orders-0", 1)))
                .sync(Seen.anyOfThree())
                .draft();
        seen.server(Seen.replica(false)).serverGone(NOW);
        assertThat(decide().job()).contains(new Job.Promote(4, 2));
    }

    private void serves() {
        seen.memory().reignBegan(4);
        seen.memory().synchronizing(Seen.anyOfThree());
    }

    private Decision decide() {
        return seen.lease(seen.me().identity(), lease).decide();
    }
}
