package io.matriarch.instance.ha;

import static io.matriarch.instance.ha.Seen.NOW;
import static io.matriarch.instance.ha.Seen.SYSTEM;
import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A primary whose PostgreSQL runs no more: it was killed, or it is being stopped for a certain member to go on. */
class HandOverTest {
    private final Seen seen = Seen.by(0);
    private final Memory memory = seen.memory();
    private final Failsafe failsafe = seen.failsafe();
    private Duration renewed = NOW.minusSeconds(1);
    private LeaseView lease = Seen.view(seen.me().identity(), serving(3, 1, new Reign(3, 1, "0/0", "orders-0")));
    private Duration leaseSeen = NOW.minusSeconds(1);

    @Test
    void whoWasKilledGivesTheLeaseBackAndNamesWhoHadMost() {
        assertThat(decide().lease()).isInstanceOfSatisfying(LeaseWish.Release.class, release -> {
            assertThat(release.state().phase()).isEqualTo(Phase.Released);
            assertThat(release.state().handoff())
                    .extracting(ClusterLease.Handoff::to)
                    .isEqualTo(1);
        });
    }

    /** Seen on the real Kubernetes: the primary waited to give the Lease back to an API server that was away, until the fuse ended its container. */
    @Test
    void whoWasKilledWhileTheApiServerIsAwayIsStartedAgainInPlace() {
        renewed = NOW.minusSeconds(20);
        assertThat(decide().lease()).isInstanceOf(LeaseWish.Keep.class);
    }

    /**
     * Seen on the real Kubernetes: the API server stopped 1.6 s before PostgreSQL was killed. The Lease was given back again and again to a server
     * that refused each connection, and what never left was waited for until it was back.
     */
    @Test
    void whatIsSentInVainIsNoReasonToWait() {
        memory.silent(NOW.minusMillis(100));
        assertThat(decide().lease()).as("the API server is known to be away").isInstanceOf(LeaseWish.Keep.class);

        memory.leaves(lease.state(), NOW.minusMillis(50));
        memory.stayed();
        renewed = NOW.plusMillis(1);
        synchronous();
        assertThat(decide().job()).contains(new Job.StartPrimary(3, true));
    }

    @Test
    void whatMayHaveArrivedIsAReasonToWaitForTheOthersPromises() {
        memory.silent(NOW.minusMillis(100));
        renewed = NOW.minusMillis(60);
        memory.leaves(lease.state(), NOW.minusMillis(50));
        synchronous();
        assertThat(decide().job()).isEmpty();

        Failsafe.Round round = failsafe.due(lease, renewed, NOW.plusMillis(1)).orElseThrow();
        assertThat(round.request().staying()).isTrue();
        Peer.FailsafeAnswer older = new Peer.FailsafeAnswer(true, null, 3, false, 1);
        failsafe.answered(round, 1, older, NOW.plusMillis(2));
        assertThat(decide().job())
                .as("an agent of the release before does not know what it promised")
                .isEmpty();
        failsafe.answered(round, 1, older.to(round.request()), NOW.plusMillis(3));
        assertThat(decide().job()).contains(new Job.StartPrimary(3, true));
    }

    @Test
    void toWhomItMayHaveBeenHandedMustHavePromisedToo() {
        memory.silent(NOW.minusMillis(100));
        renewed = NOW.minusMillis(60);
        ClusterLease handing = Leases.of(lease.state())
                .phase(Phase.HandingOver)
                .handoff(new ClusterLease.Handoff(2, "0/384", null))
                .draft();
        memory.leaves(handing, NOW.minusMillis(50));
        synchronous();
        decide();

        Failsafe.Round round = failsafe.due(lease, renewed, NOW.plusMillis(1)).orElseThrow();
        Peer.FailsafeAnswer one = new Peer.FailsafeAnswer(true, null, 3, false, 1).to(round.request());
        failsafe.answered(round, 1, one, NOW.plusMillis(2));
        assertThat(decide().job()).isEmpty();
        Peer.FailsafeAnswer heir = new Peer.FailsafeAnswer(true, null, 3, false, 2).to(round.request());
        failsafe.answered(round, 2, heir, NOW.plusMillis(2));
        assertThat(decide().job()).contains(new Job.StartPrimary(3, true));
    }

    /** Otherwise the promises that it holds would keep the others from going on. */
    @Test
    void whoLeavesAsksForNoPromises() {
        assertThat(decide().lease()).isInstanceOf(LeaseWish.Release.class);
        assertThat(failsafe.due(lease, renewed, NOW.plusSeconds(20))).isEmpty();
    }

    private void synchronous() {
        memory.synchronizing(Seen.anyOfThree());
    }

    /** Seen on the real Kubernetes: PostgreSQL had ended, the job had not, and another member than the one asked for took over. */
    @Test
    void whoHandsOverKeepsTheLeaseUntilTheJobIsDone() {
        seen.running(new Job.HandOver(List.of(1, 2)));
        assertThat(decide().lease()).isInstanceOf(LeaseWish.Keep.class);
    }

    /** Found by the simulator: the first synchronous Lease was written, its answer lost, and PostgreSQL was started without the gate. */
    @Test
    void theNamesInUseShutTheGateToo() {
        lease = Seen.view(
                seen.me().identity(),
                Seen.lease(3, Phase.Serving, 1, List.of(0, 1, 2), new Reign(3, 1, "0/0", "orders-0")));
        renewed = NOW.plusMillis(1);
        assertThat(decide().job()).contains(new Job.StartPrimary(3, false));
        memory.synchronizing(Seen.anyOfThree());
        assertThat(decide().job()).contains(new Job.StartPrimary(3, true));
    }

    /** Seen on the real Kubernetes: the pod was gone before the Service led to the successor, and clients waited out their connect_timeout. */
    @Test
    void whoHandedOverStaysUntilClientsFindTheSuccessor() {
        seen.stopping();
        memory.handedOver(800, NOW.minusSeconds(2));
        lease = new LeaseView("8", "orders-1/uid-1/inc", serving(4, 2, new Reign(4, 2, "0/384", "orders-1", 1)));
        assertThat(decide().exit()).isFalse();
        leaseSeen = NOW.minusMillis(1500);
        assertThat(decide().exit()).isTrue();
        lease = new LeaseView("8", "orders-1/uid-1/inc", serving(4, 1, new Reign(4, 2, "0/384", "orders-1", 1)));
        assertThat(decide().exit()).as("its timeline has not begun").isFalse();
    }

    private Decision decide() {
        return seen.lease(lease.resourceVersion(), lease.holder(), lease.state())
                .leaseSeen(leaseSeen)
                .proof(renewed)
                .serverGone(NOW.minusMillis(1))
                .volume(new VolumeState(VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 3, "0/3000060", null))
                .slots(1, 2)
                .ran(
                        Seen.primary(
                                new Sender(1, "10.0.0.11", true, 900, 900), new Sender(2, "10.0.0.12", true, 800, 800)),
                        NOW.minusMillis(500))
                .decide();
    }

    private static ClusterLease serving(long epoch, int timeline, Reign reign) {
        return Leases.of(Seen.lease(epoch, Phase.Serving, timeline, List.of(0, 1, 2), reign))
                .sync(Seen.anyOfThree())
                .draft();
    }
}
