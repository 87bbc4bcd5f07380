package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.MemberReport.Slot;
import io.matriarch.api.contract.MemberReport.SlotState;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which replicas the consumers of logical slots wait for. */
class AwaitedTest {
    private static final List<Integer> OTHERS = List.of(1, 2);
    private static final Sync NOBODY = new Sync(0, List.of());

    @Test
    void consumersWaitForWhoeverStreams() {
        assertThat(job(Seen.anyOfThree(), 1, 2)).contains(new Job.KeepSlots(OTHERS, List.of(1, 2)));
    }

    /** A name of a member that is dead, fenced or new would hold consumers up for as long as it is away. */
    @Test
    void nobodyWaitsForAMemberThatIsAwayWhileCommitsDoNot() {
        assertThat(job(Seen.anyOfThree(), 2)).contains(new Job.KeepSlots(OTHERS, List.of(2)));
        assertThat(job(null, 2)).contains(new Job.KeepSlots(OTHERS, List.of(2)));
        assertThat(job(null)).contains(new Job.KeepSlots(OTHERS, List.of()));
        assertThat(job(NOBODY)).as("degraded: commits wait for nobody").contains(new Job.KeepSlots(OTHERS, List.of()));
    }

    /** What they saw could be lost with this primary. */
    @Test
    void consumersWaitWhileCommitsWait() {
        assertThat(job(Seen.anyOfThree())).contains(new Job.KeepSlots(OTHERS, List.of(1, 2)));
        assertThat(job(new Sync(2, List.of(0, 1, 2)), 1)).contains(new Job.KeepSlots(OTHERS, List.of(1, 2)));
    }

    @Test
    void onlyAChangeIsCarriedOut() {
        Seen primary = primary(Seen.anyOfThree(), 1, 2);
        primary.memory().awaited(List.of(1, 2));
        assertThat(slots(primary)).isEmpty();
        assertThat(slots(primary.server(Seen.primary(1)))).contains(new Job.KeepSlots(OTHERS, List.of(1)));
    }

    /** Its file is of another time. */
    @Test
    void aServerThatBeginsToLeadIsToldAnew() {
        Seen primary = primary(Seen.anyOfThree(), 1, 2);
        primary.memory().awaited(List.of(1, 2));
        primary.memory().begins();
        primary.memory().reignBegan(3);
        assertThat(slots(primary)).contains(new Job.KeepSlots(OTHERS, List.of(1, 2)));
    }

    /** Whether its consumer has another one now, the former primary cannot know. */
    @Test
    void whatWasDroppedIsToldForAWhile() {
        Slot cdc = new Slot("cdc", SlotState.Dropped);
        Seen replica = Seen.by(1).data().server(Seen.replica(true));
        replica.memory().slots(List.of(cdc), Seen.NOW.minusSeconds(60));
        assertThat(replica.decide().report().slots()).containsExactly(cdc);
        replica.memory().slots(List.of(cdc), Seen.NOW.minusSeconds(660));
        assertThat(replica.decide().report().slots()).isEmpty();
        replica.memory().slots(List.of(cdc), Seen.NOW);
        replica.memory().begins();
        assertThat(replica.decide().report().slots()).isEmpty();
    }

    @Test
    void slotsInTroubleAreToldByThePrimary() {
        Slot cdc = new Slot("cdc", SlotState.Lost);
        Seen primary = primary(null, 1, 2);
        primary.memory().slots(List.of(cdc), Seen.NOW.minusSeconds(9000));
        assertThat(primary.decide().report().slots()).containsExactly(cdc);
    }

    private static Optional<Job> job(@org.jspecify.annotations.Nullable Sync sync, Integer... streaming) {
        return slots(primary(sync, streaming));
    }

    private static Optional<Job> slots(Seen seen) {
        return seen.decide().job().filter(job -> job instanceof Job.KeepSlots);
    }

    private static Seen primary(@org.jspecify.annotations.Nullable Sync sync, Integer... streaming) {
        ClusterLease state = Leases.of(
                        Seen.lease(3, Phase.Serving, 1, List.of(0, 1, 2), new Reign(3, 1, "0/0", "orders-0")))
                .sync(sync)
                .draft();
        Seen seen = Seen.by(0).data();
        seen.memory().reignBegan(3);
        seen.memory().synchronizing(sync == null ? NOBODY : sync);
        return seen.lease(seen.me().identity(), state).proof(1).slots(1, 2).server(Seen.primary(streaming));
    }
}
