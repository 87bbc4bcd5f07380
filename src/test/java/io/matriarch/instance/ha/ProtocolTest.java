package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.instance.ha.Decision.Fence;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Observation.Failure;
import io.matriarch.instance.json.Node;
import io.matriarch.instance.postgres.Postgres;
import io.matriarch.instance.postgres.Postgres.ServerState;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** One member's decisions, case by case. */
class ProtocolTest {
    private static final Duration NOW = Duration.ofSeconds(1000);
    private static final String SYSTEM = "7300000000000000001";

    private final Me first = new Me("orders-0", 0, "uid-0", "inc", "10.0.0.10", "1");
    private final Me second = new Me("orders-1", 1, "uid-1", "inc", "10.0.0.11", "1");

    @Test
    void theMemberNamedTakesTheLeaseBeforeItRunsInitdb() {
        Seen seen = new Seen(first).lease("", ClusterLease.vacant()).order(BootstrapAction.Initdb, 0);
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
        Seen seen = new Seen(first).lease(first.identity(), bootstrapping()).order(BootstrapAction.Initdb, 0);
        assertThat(seen.decide().job()).isEmpty();
        assertThat(seen.decide().lease()).isInstanceOf(LeaseWish.Keep.class);
        assertThat(seen.proof(6).decide().job()).isEmpty();
        assertThat(seen.proof(1).decide().job()).contains(new Job.Initdb());
    }

    @Test
    void nobodyElseRunsInitdb() {
        Decision decision = new Seen(second)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Initdb, 0)
                .decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.lease()).isInstanceOf(LeaseWish.Watch.class);
        assertThat(decision.report().state()).isEqualTo(State.Waiting);
    }

    @Test
    void nobodyRunsInitdbOnceTheLeaseKnowsASystem() {
        Decision decision = new Seen(first)
                .lease("", serving(Phase.Released))
                .order(BootstrapAction.Initdb, 0)
                .decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.report().problem()).extracting(Problem::reason).isEqualTo("DataLost");
    }

    @Test
    void inspectionTouchesNothing() {
        Decision decision = new Seen(first)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Inspect, 0)
                .volume(VolumeContent.Data, SYSTEM)
                .decide();
        assertThat(decision.job()).contains(new Job.Measure());
        assertThat(decision.lease()).isInstanceOf(LeaseWish.Watch.class);
        assertThat(decision.report().systemIdentifier()).isEqualTo(SYSTEM);
        assertThat(decision.report().lsn()).as("pg_control does not tell").isNull();
        Decision measured = new Seen(first)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Inspect, 0)
                .volume(VolumeContent.Data, SYSTEM)
                .measured(new Postgres.End(3, 0x3000088))
                .decide();
        assertThat(measured.job()).isEmpty();
        assertThat(measured.report().lsn()).isEqualTo("0/3000088");
        assertThat(measured.report().timeline()).isEqualTo(3);
    }

    @Test
    void aReplicaIsComparedWhereItStands() {
        Decision decision = new Seen(first)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Inspect, 0)
                .volume(VolumeContent.Data, SYSTEM)
                .server(replica())
                .decide();
        assertThat(decision.job()).contains(new Job.Stop());
    }

    @Test
    void aTornRewindIsNotStarted() {
        Decision decision = new Seen(first)
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
        Seen seen = new Seen(first)
                .lease("", ClusterLease.vacant())
                .order(BootstrapAction.Adopt, 0)
                .volume(VolumeContent.Data, "other");
        assertThat(seen.decide().report().problem()).extracting(Problem::reason).isEqualTo("AdoptionFailed");
        assertThat(seen.volume(VolumeContent.Data, SYSTEM).decide().lease())
                .isInstanceOfSatisfying(
                        LeaseWish.Take.class,
                        take -> assertThat(take.state().epoch()).isEqualTo(8));
    }

    @Test
    void theLastPrimaryReturnsAtOnceWhenTheLeaseWasGivenBack() {
        Decision decision = new Seen(first)
                .lease("", serving(Phase.Released))
                .volume(VolumeContent.Data, SYSTEM)
                .decide();
        assertThat(decision.job()).isEmpty();
        assertThat(decision.lease()).isInstanceOfSatisfying(LeaseWish.Take.class, take -> {
            assertThat(take.state().epoch()).isEqualTo(4);
            assertThat(take.state().timeline()).isEqualTo(1);
        });
    }

    @Test
    void theLastPrimaryReturnsAtOnceAfterItsContainerRestarted() {
        assertThat(new Seen(first)
                        .lease("orders-0/uid-0/former", serving(Phase.Serving))
                        .volume(VolumeContent.Data, SYSTEM)
                        .decide()
                        .lease())
                .isInstanceOf(LeaseWish.Take.class);
    }

    @Test
    void anotherPodOfTheSameNameWaitsForTheLeaseToRunOut() {
        Seen seen = new Seen(first)
                .lease("orders-0/another-uid/inc", serving(Phase.Serving))
                .volume(VolumeContent.Data, SYSTEM);
        assertThat(seen.leaseSeen(9).decide().lease()).isInstanceOf(LeaseWish.Watch.class);
        assertThat(seen.leaseSeen(10).decide().lease()).isInstanceOf(LeaseWish.Take.class);
    }

    @Test
    void aPrimaryIsStartedOnlyOnAYoungProofGivenAfterItWasSeenDead() {
        Seen seen =
                new Seen(first).lease(first.identity(), serving(Phase.Serving)).volume(VolumeContent.Data, SYSTEM);
        assertThat(seen.decide().job()).as("no proof").isEmpty();
        assertThat(seen.proof(5).decide().job()).as("an old proof").isEmpty();
        assertThat(seen.proof(2).serverGone(1).decide().job())
                .as("a proof from before it died")
                .isEmpty();
        assertThat(seen.proof(1).serverGone(2).decide().job()).contains(new Job.StartPrimary(3));
    }

    @Test
    void aReplicaClonesFromWhoServesAndFollowsItsAddress() {
        Seen seen = new Seen(second).lease(first.identity(), serving(Phase.Serving));
        assertThat(seen.decide().job()).contains(new Job.Clone("10.0.0.10", SYSTEM));
        assertThat(seen.volume(VolumeContent.Data, SYSTEM).decide().job()).contains(new Job.StartReplica("10.0.0.10"));
        assertThat(seen.server(replica()).following("10.0.0.99").decide().job()).contains(new Job.Follow("10.0.0.10"));
        assertThat(seen.following("10.0.0.10").decide().job()).isEmpty();
    }

    @Test
    void aReplicaDoesNotCloneWhileNobodyServes() {
        assertThat(new Seen(second).lease("", serving(Phase.Released)).decide().job())
                .isEmpty();
    }

    @Test
    void aReplicaNeverTakesTheLease() {
        assertThat(new Seen(second)
                        .lease("", serving(Phase.Released))
                        .volume(VolumeContent.Data, SYSTEM)
                        .server(replica())
                        .following("10.0.0.10")
                        .leaseSeen(1000)
                        .decide()
                        .lease())
                .isInstanceOf(LeaseWish.Watch.class);
    }

    @Test
    void anothersSystemIsLeftAlone() {
        Decision decision = new Seen(second)
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
        Seen seen = new Seen(second)
                .lease(first.identity(), serving(Phase.Serving))
                .volume(VolumeContent.Data, SYSTEM)
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
        Seen leaver =
                new Seen(second).instances(1).volume(VolumeContent.Data, SYSTEM).server(replica());
        assertThat(leaver.lease(first.identity(), with).decide().job())
                .as("its vote may still be needed")
                .isNotEqualTo(Optional.of(new Job.Stop()));
        assertThat(leaver.lease(first.identity(), without).decide().job()).contains(new Job.Stop());
        Seen primary = new Seen(first)
                .instances(1)
                .volume(VolumeContent.Data, SYSTEM)
                .server(primary(List.of(1)))
                .slots(List.of(1))
                .proof(1);
        Decision decision = primary.lease(first.identity(), with).decide();
        assertThat(decision.lease())
                .isInstanceOfSatisfying(
                        LeaseWish.Keep.class,
                        keep -> assertThat(keep.state().members()).containsExactly(0));
        assertThat(decision.report().members()).as("its slot is still there").containsExactly(0, 1);
        assertThat(primary.lease(first.identity(), without).decide().job()).contains(new Job.KeepSlots(List.of()));
    }

    @Test
    void aPodThatEndsStopsPostgresFirstAndGivesTheLeaseBackAfterwards() {
        Seen seen = new Seen(first)
                .lease(first.identity(), serving(Phase.Serving))
                .volume(VolumeContent.Data, SYSTEM)
                .server(primary(List.of()))
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
        Seen seen = new Seen(second).lease(first.identity(), serving(Phase.Serving));
        Job clone = new Job.Clone("10.0.0.10", SYSTEM);
        Problem problem = new Problem("CloneFailed", "no");
        String settings = seen.settings().toString();
        assertThat(seen.failure(new Failure(clone, 3, NOW.minusSeconds(3), settings, problem))
                        .decide()
                        .job())
                .isEmpty();
        assertThat(seen.failure(new Failure(clone, 3, NOW.minusSeconds(4), settings, problem))
                        .decide()
                        .job())
                .contains(clone);
        assertThat(seen.failure(new Failure(clone, 3, NOW.minusSeconds(1), "former", problem))
                        .decide()
                        .job())
                .contains(clone);
    }

    @Test
    void aPrimaryWithoutYoungProofIsStoppedThenKilled() {
        Protocol protocol = new Protocol(first, Timers.DEFAULT);
        LeaseView mine = view(first.identity(), serving(Phase.Serving));
        assertThat(protocol.fence(Optional.of(mine), Optional.of(NOW.minusMillis(6900)), NOW))
                .isEqualTo(Fence.None);
        assertThat(protocol.fence(Optional.of(mine), Optional.of(NOW.minusMillis(7000)), NOW))
                .isEqualTo(Fence.Stop);
        assertThat(protocol.fence(Optional.of(mine), Optional.of(NOW.minusMillis(8000)), NOW))
                .isEqualTo(Fence.Kill);
        assertThat(protocol.fence(Optional.of(mine), Optional.empty(), NOW)).isEqualTo(Fence.Kill);
        assertThat(protocol.fence(Optional.of(view(second.identity(), serving(Phase.Serving))), Optional.of(NOW), NOW))
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
        assertThat(new Seen(second)
                        .remembered(serving(Phase.Serving))
                        .volume(VolumeContent.Data, SYSTEM)
                        .decide()
                        .job())
                .containsInstanceOf(Job.StartReplica.class);
        assertThat(new Seen(first)
                        .remembered(serving(Phase.Serving))
                        .volume(VolumeContent.Data, SYSTEM)
                        .decide()
                        .job())
                .isEmpty();
        assertThat(new Seen(second)
                        .remembered(serving(Phase.Serving))
                        .volume(VolumeContent.Data, "other")
                        .decide()
                        .job())
                .isEmpty();
    }

    @Test
    void aLeaseThatCannotBeGivenBackInTimeHoldsNoPodUp() {
        Seen stopped = new Seen(first)
                .lease(first.identity(), serving(Phase.Serving))
                .volume(VolumeContent.Data, SYSTEM)
                .stopping();
        assertThat(stopped.proof(1).decide().exit()).isFalse();
        assertThat(stopped.proof(1).decide().lease()).isInstanceOf(LeaseWish.Release.class);
        assertThat(stopped.proof(7).decide().exit()).isTrue();
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
        Seen seen = new Seen(first)
                .volume(VolumeContent.Data, SYSTEM)
                .lease(first.identity(), serving(Phase.Serving))
                .proof(0)
                .serverGone(2)
                .failure(died);
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
        Seen seen = new Seen(first)
                .volume(VolumeContent.Data, SYSTEM)
                .proof(0)
                .serverGone(2)
                .failure(failed);
        assertThat(seen.lease(first.identity(), serving(Phase.Serving)).decide().lease())
                .isInstanceOf(LeaseWish.Release.class);
        ClusterLease alone = new ClusterLease(
                1, 3, Phase.Serving, "10.0.0.10", 1, SYSTEM, List.of(0), List.of(new Reign(3, 1, "0/0", "orders-0")));
        assertThat(seen.lease(first.identity(), alone).decide().lease()).isInstanceOf(LeaseWish.Keep.class);
    }

    @Test
    void whoCannotBePromotedIsKilledAsLongAsItsTimelineHasNotBegun() {
        Failure failed =
                new Failure(new Job.Promote(3, 2), 1, NOW.minusSeconds(2), "r", new Problem("PromotionFailed", "no"));
        ClusterLease elected = new ClusterLease(
                1,
                3,
                Phase.Serving,
                "10.0.0.10",
                1,
                SYSTEM,
                List.of(0, 1),
                List.of(new Reign(2, 1, "0/0", "orders-1"), new Reign(3, 2, "0/0", "orders-0")));
        Seen seen = new Seen(first)
                .volume(VolumeContent.Data, SYSTEM)
                .lease(first.identity(), elected)
                .proof(0)
                .failure(failed)
                .server(replica());
        assertThat(seen.decide().kill()).contains("it cannot be promoted");
    }

    private static ClusterLease bootstrapping() {
        return new ClusterLease(1, 1, Phase.Bootstrapping, "10.0.0.10", 0, null, List.of(0), List.of());
    }

    private static ClusterLease serving(Phase phase) {
        return new ClusterLease(
                1, 3, phase, "10.0.0.10", 1, SYSTEM, List.of(0, 1), List.of(new Reign(3, 1, "0/0", "orders-0")));
    }

    private static LeaseView view(String holder, ClusterLease state) {
        return new LeaseView("7", holder, state, Node.MISSING);
    }

    private static ServerState replica() {
        return new ServerState(true, true, true, true, false, 1, "17.6", "r", null, List.of(), List.of(), null);
    }

    private static ServerState primary(List<Integer> streaming) {
        return new ServerState(true, true, false, false, false, 1, "17.6", "r", null, List.of(), streaming, null);
    }

    /** What a member sees, built up case by case. */
    private static final class Seen {
        private final Me me;
        private int instances = 2;
        private BootstrapOrder order = new BootstrapOrder(BootstrapAction.Initdb, 0, null, null);
        private Optional<LeaseView> lease = Optional.empty();
        private Duration leaseSeen = NOW;
        private Optional<Duration> proof = Optional.empty();
        private Optional<ClusterLease> remembered = Optional.empty();
        private Duration serverGone = Duration.ZERO;
        private VolumeState volume = new VolumeState(VolumeContent.Empty, null, null, null, 0, 0, null, null);
        private ServerState server = ServerState.none();
        private @Nullable String following;
        private List<Failure> failures = List.of();
        private List<Integer> slots = List.of();
        private boolean stopping;

        Seen(Me me) {
            this.me = me;
        }

        Settings settings() {
            return new Settings(
                    1,
                    "uid",
                    instances,
                    "r",
                    Map.of(),
                    List.of(),
                    order,
                    new Settings.Initdb("app", "app", "UTF8", "C", true, List.of(), List.of()),
                    "orders-app",
                    null,
                    null,
                    null,
                    List.of(),
                    List.of());
        }

        Decision decide() {
            return new Protocol(me, Timers.DEFAULT)
                    .decide(new Observation(
                            NOW,
                            Optional.of(settings()),
                            lease,
                            leaseSeen,
                            proof,
                            remembered,
                            serverGone,
                            Optional.of(volume),
                            server,
                            following,
                            Optional.empty(),
                            failures,
                            slots,
                            NOW.minusSeconds(5),
                            false,
                            stopping));
        }

        Seen lease(String holder, ClusterLease state) {
            lease = Optional.of(view(holder, state));
            return this;
        }

        Seen leaseSeen(long secondsAgo) {
            leaseSeen = NOW.minusSeconds(secondsAgo);
            return this;
        }

        Seen proof(long secondsAgo) {
            proof = Optional.of(NOW.minusSeconds(secondsAgo));
            return this;
        }

        Seen remembered(ClusterLease state) {
            remembered = Optional.of(state);
            return this;
        }

        Seen serverGone(long secondsAgo) {
            serverGone = NOW.minusSeconds(secondsAgo);
            return this;
        }

        Seen order(BootstrapAction action, int ordinal) {
            order = new BootstrapOrder(action, ordinal, action == BootstrapAction.Adopt ? SYSTEM : null, 7L);
            if (action != BootstrapAction.Adopt) {
                order = new BootstrapOrder(action, ordinal, null, null);
            }
            return this;
        }

        Seen volume(VolumeContent content, String system) {
            volume = new VolumeState(content, system, 17, "shop/orders", 1, 0, "0/3000060", null);
            return this;
        }

        Seen measured(Postgres.End end) {
            volume = volume.ending(end);
            return this;
        }

        Seen server(ServerState state) {
            server = state;
            return this;
        }

        Seen following(String address) {
            following = address;
            return this;
        }

        Seen failure(Failure failure) {
            failures = List.of(failure);
            return this;
        }

        Seen slots(List<Integer> ordinals) {
            slots = ordinals;
            return this;
        }

        Seen instances(int count) {
            instances = count;
            return this;
        }

        Seen stopping() {
            stopping = true;
            return this;
        }
    }
}
