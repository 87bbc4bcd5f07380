package io.matriarch.instance.ha;

import static io.matriarch.instance.ha.Seen.NOW;
import static io.matriarch.instance.ha.Seen.SYSTEM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.instance.facts.End;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.ha.Decision.Fence;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Observation.Failure;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** One member's decisions, case by case. */
class ProtocolTest {
    private final Me first = Seen.me(0);
    private final Me second = Seen.me(1);

    @Test
    void theMemberNamedTakesTheLeaseBeforeItRunsInitdb() {
        Seen seen = Seen.by(0).instances(2).lease("", ClusterLease.vacant()).order(BootstrapAction.Initdb, 0);
        Decision decision = seen.decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.lease()).isInstanceOfSatisfying(LeaseWish.Take.class, take -> {
            assertThat(take.state().epoch()).isEqualTo(1);
            assertThat(take.state().phase()).isEqualTo(Phase.Bootstrapping);
        });
        assertThat(seen.lease(first.identity(), bootstrapping())
                        .proof(1)
                        .decide()
                        .job())
                .contains(new Job.Initdb());
    }

    @Test
    void initdbNeedsAFreshProof() {
        Seen seen =
                Seen.by(0).instances(2).lease(first.identity(), bootstrapping()).order(BootstrapAction.Initdb, 0);
        assertThat(seen.decide().job()).isEmpty();
        assertThat(seen.decide().lease()).isInstanceOf(LeaseWish.Keep.class);
        assertThat(seen.proof(6).decide().job()).isEmpty();
        assertThat(seen.proof(1).decide().job()).contains(new Job.Initdb());
    }

    @Test
    void nobodyElseRunsInitdb() {
        Decision decision = Seen.by(1)
                .instances(2)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Initdb, 0)
                .decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.lease()).isInstanceOf(LeaseWish.Watch.class);
        assertThat(decision.report().state()).isEqualTo(State.Waiting);
    }

    @Test
    void nobodyRunsInitdbOnceTheLeaseKnowsASystem() {
        Decision decision = Seen.by(0)
                .instances(2)
                .lease("", serving(Phase.Released))
                .order(BootstrapAction.Initdb, 0)
                .decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.report().problem()).extracting(Problem::reason).isEqualTo("DataLost");
    }

    @Test
    void inspectionTouchesNothing() {
        Decision decision = Seen.by(0)
                .instances(2)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Inspect, 0)
                .data()
                .decide();
        assertThat(decision.job()).contains(new Job.Measure());
        assertThat(decision.lease()).isInstanceOf(LeaseWish.Watch.class);
        assertThat(decision.report().systemIdentifier()).isEqualTo(SYSTEM);
        assertThat(decision.report().lsn()).as("pg_control does not tell").isNull();
        Decision measured = Seen.by(0)
                .instances(2)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Inspect, 0)
                .data()
                .measured(new End(3, 0x3000088))
                .decide();
        assertThat(measured.job()).isEmpty();
        assertThat(measured.report().lsn()).isEqualTo("0/3000088");
        assertThat(measured.report().timeline()).isEqualTo(3);
    }

    @Test
    void aReplicaIsComparedWhereItStands() {
        Decision decision = Seen.by(0)
                .instances(2)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Inspect, 0)
                .data()
                .server(Seen.replica(true))
                .decide();
        assertThat(decision.job()).contains(new Job.Stop());
    }

    @Test
    void aTornRewindIsNotStarted() {
        Decision decision = Seen.by(0)
                .instances(2)
                .lease(first.identity(), ClusterLease.vacant())
                .order(BootstrapAction.Initdb, 0)
                .proof(0)
                .volume(VolumeContent.Unfinished, SYSTEM)
                .decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.report().problem()).extracting(Problem::reason).isEqualTo("UnfinishedVolume");
    }

    @Test
    void adoptionNeedsTheSystemThatTheOrderNames() {
        Seen seen = Seen.by(0)
                .instances(2)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Adopt, 0)
                .volume(VolumeContent.Data, "other");
        assertThat(seen.decide().report().problem()).extracting(Problem::reason).isEqualTo("AdoptionFailed");
        assertThat(seen.data().decide().lease())
                .isInstanceOfSatisfying(
                        LeaseWish.Take.class,
                        take -> assertThat(take.state().epoch()).isEqualTo(8));
    }

    @Test
    void theLastPrimaryReturnsAtOnceWhenTheLeaseWasGivenBack() {
        Decision decision = Seen.by(0)
                .instances(2)
                .lease("", serving(Phase.Released))
                .data()
                .decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.lease()).isInstanceOfSatisfying(LeaseWish.Take.class, take -> {
            assertThat(take.state().epoch()).isEqualTo(4);
            assertThat(take.state().timeline()).isEqualTo(1);
        });
    }

    @Test
    void theLastPrimaryReturnsAtOnceAfterItsContainerRestarted() {
        assertThat(Seen.by(0)
                        .instances(2)
                        .lease("orders-0/uid-0/former", serving(Phase.Serving))
                        .data()
                        .decide()
                        .lease())
                .isInstanceOf(LeaseWish.Take.class);
    }

    @Test
    void anotherPodOfTheSameNameWaitsForTheLeaseToRunOut() {
        Seen seen = Seen.by(0)
                .instances(2)
                .lease("orders-0/another-uid/inc", serving(Phase.Serving))
                .data();
        assertThat(seen.leaseSeen(9).decide().lease()).isInstanceOf(LeaseWish.Watch.class);
        assertThat(seen.leaseSeen(10).decide().lease()).isInstanceOf(LeaseWish.Take.class);
    }

    @Test
    void aPrimaryIsStartedOnlyOnAYoungProofGivenAfterItWasSeenDead() {
        Seen seen = Seen.by(0)
                .instances(2)
                .lease(first.identity(), serving(Phase.Serving))
                .data();
        assertThat(seen.decide().job()).as("no proof").isEmpty();
        assertThat(seen.proof(5).decide().job()).as("an old proof").isEmpty();
        assertThat(seen.proof(2).serverGone(1).decide().job())
                .as("a proof from before it died")
                .isEmpty();
        assertThat(seen.proof(1).serverGone(2).decide().job()).contains(new Job.StartPrimary(3));
    }

    @Test
    void aReplicaClonesFromWhoServesAndFollowsItsAddress() {
        Seen seen = Seen.by(1).instances(2).lease(first.identity(), serving(Phase.Serving));
        assertThat(seen.decide().job()).contains(new Job.Clone("10.0.0.10", SYSTEM));
        assertThat(seen.data().decide().job()).contains(new Job.StartReplica("10.0.0.10"));
        assertThat(seen.server(Seen.replica(true))
                        .following("10.0.0.99")
                        .decide()
                        .job())
                .contains(new Job.Follow("10.0.0.10"));
        assertThat(seen.following("10.0.0.10").decide().job()).isEmpty();
    }

    @Test
    void aReplicaDoesNotCloneWhileNobodyServes() {
        assertThat(Seen.by(1)
                        .instances(2)
                        .lease("", serving(Phase.Released))
                        .decide()
                        .job())
                .isEmpty();
    }

    @Test
    void aReplicaNeverTakesTheLeaseUnasked() {
        Decision decision = Seen.by(1)
                .instances(2)
                .lease("", serving(Phase.Released))
                .data()
                .server(Seen.replica(true))
                .following("10.0.0.10")
                .leaseSeen(1000)
                .decide();
        assertThat(decision.lease()).isInstanceOf(LeaseWish.Watch.class);
        assertThat(decision.asks()).as("it stands").hasAtLeastOneElementOfType(Ask.Votes.class);
    }

    @Test
    void anothersSystemIsLeftAlone() {
        Decision decision = Seen.by(1)
                .instances(2)
                .lease(first.identity(), serving(Phase.Serving))
                .volume(VolumeContent.Data, "7")
                .decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.report().problem()).extracting(Problem::reason).isEqualTo("ForeignVolume");
        assertThat(decision.report().state()).isEqualTo(State.Failed);
    }

    @Test
    void aCopyIsGivenUpOnlyWhileThePrimaryServesAndRenews() {
        ServerState gone =
                new ServerState(true, true, true, false, true, 1, "17.6", "r", null, List.of(), List.of(), null);
        Seen seen = Seen.by(1)
                .instances(2)
                .lease(first.identity(), serving(Phase.Serving))
                .data()
                .server(gone)
                .following("10.0.0.10");
        assertThat(seen.leaseSeen(1).decide().job()).contains(new Job.Discard());
        assertThat(seen.leaseSeen(60).decide().job()).isEmpty();
        assertThat(seen.lease("", serving(Phase.Released)).leaseSeen(1).decide().job())
                .isEmpty();
    }

    @Test
    void aMemberThatIsToLeaveServesUntilTheLeaseHasGivenItUp() {
        ClusterLease with = serving(Phase.Serving);
        ClusterLease without = Leases.of(with).members(List.of(0)).draft();
        Seen leaver = Seen.by(1).instances(1).data().server(Seen.replica(true));
        assertThat(leaver.lease(first.identity(), with).decide().job())
                .as("its vote may still be needed")
                .isNotEqualTo(Optional.of(new Job.Stop()));
        assertThat(leaver.lease(first.identity(), without).decide().job()).contains(new Job.Stop());
        Seen primary =
                Seen.by(0).instances(1).data().server(Seen.primary(1)).slots(1).proof(1);
        primary.memory().reignBegan(3);
        Decision decision = primary.lease(first.identity(), with).decide();
        assertThat(decision.lease())
                .isInstanceOfSatisfying(
                        LeaseWish.Keep.class,
                        keep -> assertThat(keep.state().members()).containsExactly(0));
        assertThat(decision.report().members()).as("its slot is still there").containsExactly(0, 1);
        assertThat(primary.lease(first.identity(), without).decide().job())
                .contains(new Job.KeepSlots(List.of(), List.of()));
    }

    @Test
    void aPodThatEndsStopsPostgresFirstAndGivesTheLeaseBackAfterwards() {
        Seen seen = Seen.by(0)
                .instances(2)
                .lease(first.identity(), serving(Phase.Serving))
                .data()
                .server(Seen.primary(new Sender[0]))
                .proof(1)
                .stopping();
        assertThat(seen.decide().job()).contains(new Job.Stop());
        assertThat(seen.decide().lease()).isInstanceOf(LeaseWish.Keep.class);
        Decision stopped = seen.server(ServerState.none()).decide();
        assertThat(stopped.lease())
                .isInstanceOfSatisfying(
                        LeaseWish.Release.class,
                        release -> assertThat(release.state().phase()).isEqualTo(Phase.Released));
        assertThat(stopped.exit()).isFalse();
        assertThat(seen.lease("", serving(Phase.Released)).decide().exit()).isTrue();
    }

    @Test
    void whatFailedIsTriedAgainLaterAndAtOnceWhenTheUserChangedSomething() {
        Seen seen = Seen.by(1).instances(2).lease(first.identity(), serving(Phase.Serving));
        Job clone = new Job.Clone("10.0.0.10", SYSTEM);
        Problem problem = new Problem("CloneFailed", "no");
        String settings = seen.settings().toString();
        assertThat(seen.failures(new Failure(clone, 3, NOW.minusSeconds(3), settings, problem))
                        .decide()
                        .job())
                .isEmpty();
        assertThat(seen.failures(new Failure(clone, 3, NOW.minusSeconds(4), settings, problem))
                        .decide()
                        .job())
                .contains(clone);
        assertThat(seen.failures(new Failure(clone, 3, NOW.minusSeconds(1), "former", problem))
                        .decide()
                        .job())
                .contains(clone);
    }

    @Test
    void aPrimaryWithoutYoungProofIsStoppedThenKilled() {
        Protocol protocol = new Protocol(first, Timers.DEFAULT);
        LeaseView mine = Seen.view(first.identity(), serving(Phase.Serving));
        assertThat(protocol.fence(Optional.of(mine), Optional.of(NOW.minusMillis(6900)), NOW))
                .isEqualTo(Fence.None);
        assertThat(protocol.fence(Optional.of(mine), Optional.of(NOW.minusMillis(7000)), NOW))
                .isEqualTo(Fence.Stop);
        assertThat(protocol.fence(Optional.of(mine), Optional.of(NOW.minusMillis(8000)), NOW))
                .isEqualTo(Fence.Kill);
        assertThat(protocol.fence(Optional.of(mine), Optional.empty(), NOW)).isEqualTo(Fence.Kill);
        assertThat(protocol.fence(
                        Optional.of(Seen.view(second.identity(), serving(Phase.Serving))), Optional.of(NOW), NOW))
                .isEqualTo(Fence.Kill);
    }

    @Test
    void timersThatBreakTheInequalityAreRefused() {
        assertThatThrownBy(() -> new Timers(
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(2),
                        Duration.ofMillis(1500),
                        Duration.ofSeconds(7),
                        Duration.ofSeconds(8),
                        Duration.ofMillis(9900)))
                .hasMessageContaining("fuse");
        assertThatThrownBy(() -> new Timers(
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(5),
                        Duration.ofMillis(1500),
                        Duration.ofSeconds(7),
                        Duration.ofSeconds(8),
                        Duration.ofMillis(8500)))
                .hasMessageContaining("renewals");
    }

    @Test
    void withoutTheApiServerAReplicaStartsAndTheLastPrimaryDoesNot() {
        assertThat(Seen.by(1)
                        .instances(2)
                        .remembered(serving(Phase.Serving))
                        .data()
                        .decide()
                        .job())
                .containsInstanceOf(Job.StartReplica.class);
        assertThat(Seen.by(0)
                        .instances(2)
                        .remembered(serving(Phase.Serving))
                        .data()
                        .decide()
                        .job())
                .isEmpty();
        assertThat(Seen.by(1)
                        .instances(2)
                        .remembered(serving(Phase.Serving))
                        .volume(VolumeContent.Data, "other")
                        .decide()
                        .job())
                .isEmpty();
    }

    @Test
    void aLeaseThatCannotBeGivenBackInTimeHoldsNoPodUp() {
        Seen stopped = Seen.by(0)
                .instances(2)
                .lease(first.identity(), serving(Phase.Serving))
                .data()
                .stopping();
        assertThat(stopped.proof(1).decide().exit()).isFalse();
        assertThat(stopped.proof(1).decide().lease()).isInstanceOf(LeaseWish.Release.class);
        assertThat(stopped.proof(7).decide().exit()).isTrue();
    }

    /** Only the primary of before starts with what was lowered meanwhile: a replica that takes over has what its primary had. */
    @Test
    void whereAllAreFencedThePrimaryStaysThePrimary() {
        Seen stopped = Seen.by(0)
                .instances(2)
                .lease(first.identity(), serving(Phase.Serving))
                .data()
                .proof(1);
        assertThat(stopped.fenced(0).decide().lease())
                .as("another member may take over")
                .isInstanceOf(LeaseWish.Release.class);
        assertThat(stopped.fenced(0, 1).decide())
                .returns(Optional.empty(), Decision::job)
                .satisfies(all -> assertThat(all.lease()).isInstanceOf(LeaseWish.Keep.class));
        assertThat(stopped.fenced().decide().job()).contains(new Job.StartPrimary(3, false));
        assertThat(Seen.by(1)
                        .instances(2)
                        .lease(first.identity(), serving(Phase.Serving))
                        .data()
                        .decide()
                        .lease())
                .as("the first that is not fenced any more")
                .isInstanceOf(LeaseWish.Watch.class);
    }

    @Test
    void restartsOfThePrimaryDoNotFillTheHistory() {
        ClusterLease state = serving(Phase.Released);
        for (int round = 0; round < 3; round++) {
            state = Leases.returned(state, state.epoch() + 1, first);
        }
        assertThat(state.epoch()).isEqualTo(serving(Phase.Released).epoch() + 3);
        assertThat(state.history()).isEqualTo(serving(Phase.Released).history());
    }

    /** Seen in chaos: a primary that died for the second time soon after its promotion was killed whenever it was started, for ever. */
    @Test
    void whoDiesInTheReignThatItWasPromotedForIsStartedAgain() {
        Failure died = new Failure(
                new Job.Promote(3, 1), 1, NOW.minusSeconds(2), "r", new Problem("PostgresEnded", "no space left"));
        Seen seen = Seen.by(0)
                .instances(2)
                .data()
                .lease(first.identity(), serving(Phase.Serving))
                .proof(0)
                .serverGone(2)
                .failures(died);
        assertThat(seen.decide().job()).contains(new Job.StartPrimary(3, false));
        ServerState starting =
                new ServerState(true, false, false, false, false, 0, null, null, null, List.of(), List.of(), null);
        assertThat(seen.server(starting).decide().kill()).isEmpty();
    }

    /** Each attempt forgets who streamed before, so it is the Lease that says whether there are others. */
    @Test
    void whoDoesNotComeBackInPlaceLeavesTheLeaseToTheOthers() {
        Failure failed = new Failure(
                new Job.StartPrimary(3, false),
                4,
                NOW.minusSeconds(9),
                "r",
                new Problem("PostgresEnded", "volume full"));
        Seen seen = Seen.by(0).instances(2).data().proof(0).serverGone(2).failures(failed);
        assertThat(seen.lease(first.identity(), serving(Phase.Serving)).decide().lease())
                .isInstanceOf(LeaseWish.Release.class);
        ClusterLease alone = Seen.lease(3, Phase.Serving, 1, List.of(0), new Reign(3, 1, "0/0", "orders-0"));
        assertThat(seen.lease(first.identity(), alone).decide().lease()).isInstanceOf(LeaseWish.Keep.class);
    }

    @Test
    void whoCannotBePromotedIsKilledAsLongAsItsTimelineHasNotBegun() {
        Failure failed =
                new Failure(new Job.Promote(3, 2), 1, NOW.minusSeconds(2), "r", new Problem("PromotionFailed", "no"));
        ClusterLease elected = Seen.lease(
                3,
                Phase.Serving,
                1,
                List.of(0, 1),
                new Reign(2, 1, "0/0", "orders-1"),
                new Reign(3, 2, "0/0", "orders-0"));
        Seen seen = Seen.by(0)
                .instances(2)
                .data()
                .lease(first.identity(), elected)
                .proof(0)
                .failures(failed)
                .server(Seen.replica(true));
        assertThat(seen.decide().kill()).contains("it cannot be promoted");
    }

    /** What was written is not what a server uses, and trying again at once would not help. */
    @Test
    void settingsAreReportedOnceTheServerSaysThatItUsesThem() {
        Seen seen = Seen.by(1)
                .instances(2)
                .lease(first.identity(), serving(Phase.Serving))
                .volume(VolumeContent.Data, SYSTEM)
                .following("10.0.0.10");
        Decision before = seen.server(Seen.replica(true, false)).decide();
        assertThat(before.report().settings()).isNull();
        assertThat(before.job()).isEmpty();
        assertThat(seen.server(Seen.replica(true)).decide().report().settings()).isEqualTo("r");
    }

    private static ClusterLease bootstrapping() {
        return new ClusterLease(1, 1, Phase.Bootstrapping, "10.0.0.10", 0, null, List.of(0), List.of());
    }

    private static ClusterLease serving(Phase phase) {
        return Seen.lease(3, phase, 1, List.of(0, 1), new Reign(3, 1, "0/0", "orders-0"));
    }
}
