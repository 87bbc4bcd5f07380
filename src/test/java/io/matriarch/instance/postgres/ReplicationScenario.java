package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.instance.facts.End;
import io.matriarch.instance.facts.Position;
import io.matriarch.instance.facts.Pulse;
import io.matriarch.instance.facts.TimelineHistory;
import io.matriarch.instance.facts.VolumeState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What {@link ReplicationTest} runs, each in a process of its own. */
enum ReplicationScenario {
    @EachMajor
    aReceiverThatWasStoppedAcknowledgesNothingMore {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            Replication standby = replica.replication();
            primary.replication().synchronous(1, List.of(0, 1));
            stage.client(0, "CREATE TABLE t (n int)");

            long began = System.nanoTime();
            long stops = standby.stops();
            Position position = standby.stopReceiving(Duration.ofMillis(900));
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofMillis(900));
            assertThat(position.exhausted()).isTrue();
            assertThat(position.delayed()).isFalse();
            assertThat(position.timeline()).isEqualTo(1);
            assertThat(position.lsn()).isEqualTo(stage.flushed(0));

            CompletableFuture<String> commit = stage.later(() -> stage.client(0, "INSERT INTO t VALUES (1)"));
            assertThatThrownBy(() -> commit.get(1500, TimeUnit.MILLISECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            assertThat(replica.observe(Duration.ofSeconds(2)).wal().end()).isEqualTo(position.lsn());

            assertThat(standby.follow(stage.address(0), 0, 0, stops))
                    .as("what was decided before the vote")
                    .isFalse();
            assertThat(commit).isNotDone();
            assertThat(standby.follow(stage.address(0), 0, 0, standby.stops())).isTrue();
            commit.get(10, TimeUnit.SECONDS);
            stage.awaitStreaming(replica);
            assertThat(replica.observe(Duration.ofSeconds(2)).wal().end()).isGreaterThan(position.lsn());
        }
    },

    aPausedReplicaStopsReceivingTooAndTellsAllThatItReceived {
        @Override
        void play(Stage stage) throws Exception {
            stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            stage.sql(1, "postgres", "SELECT pg_wal_replay_pause()");
            stage.sql(0, "postgres", "CREATE TABLE t AS SELECT generate_series(1, 10000) AS n");
            long flushed = stage.flushed(0);
            stage.awaitFlushed(replica, flushed);
            Position position = replica.replication().stopReceiving(Duration.ofMillis(900));
            assertThat(position.delayed()).isTrue();
            assertThat(position.exhausted()).isTrue();
            assertThat(position.lsn()).isGreaterThanOrEqualTo(flushed);
            assertThat(stage.lsn(1, "pg_last_wal_replay_lsn()")).isLessThan(flushed);
            assertThat(stage.sql(
                            1, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walreceiver'"))
                    .isEqualTo("0");
        }
    },

    aReplicaThatStartsWithoutAPrimaryKnowsItsEnd {
        @Override
        void play(Stage stage) throws Exception {
            stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            stage.sql(0, "postgres", "CREATE TABLE t AS SELECT 1 AS n");
            long flushed = stage.flushed(0);
            await().atMost(Duration.ofSeconds(10)).until(() -> stage.lsn(1, "pg_last_wal_replay_lsn()") >= flushed);
            replica.stop(Duration.ofSeconds(20));
            replica.startReplica(stage.plain(), null);
            Position position = replica.replication().stopReceiving(Duration.ofSeconds(2));
            assertThat(position.exhausted()).isTrue();
            assertThat(position.lsn()).isGreaterThanOrEqualTo(flushed);
        }
    },

    aReplicaWithLessThanThePrimaryDoesNotCount {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            primary.stop(Duration.ofSeconds(20));
            primary.startPrimary(stage.settings(Map.of("max_connections", "150"), List.of()), 2);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> stage.sql(1, "postgres", "SELECT pg_is_wal_replay_paused()")
                            .equals("t"));
            Position position = replica.replication().stopReceiving(Duration.ofSeconds(1));
            assertThat(position.exhausted()).isFalse();
        }
    },

    theEndOfTheWalIsFoundOnWhateverIsOnTheVolume {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres former = stage.primary();
            LocalPostgres next = stage.replica(1, 0);
            LocalPostgres behind = stage.replica(2, 0);
            former.kill();
            next.replication().stopReceiving(Duration.ofSeconds(1));
            TimelineHistory history = next.replication().promote(7, 2);
            next.keepSlots(List.of(0, 2));
            behind.follow(stage.address(1));
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> behind.observe(Duration.ofSeconds(2)).wal().receiving() == 2);
            stage.sql(2, "postgres", "SELECT pg_wal_replay_pause()");
            stage.sql(1, "postgres", "CREATE TABLE t AS SELECT generate_series(1, 300000) AS n");
            long flushed = stage.flushed(1);
            stage.awaitFlushed(behind, flushed);
            behind.kill();
            next.kill();

            VolumeState replica = behind.measure();
            assertThat(replica.past().end()).contains(new End(2, flushed));
            assertThat(Lsn.parse(Objects.requireNonNull(replica.lsn())))
                    .as("pg_control knows less")
                    .isLessThan(flushed);
            End primary = next.measure().past().end().orElseThrow();
            assertThat(primary.timeline()).isEqualTo(2);
            assertThat(primary.lsn()).isGreaterThanOrEqualTo(flushed);
            End left = former.measure().past().end().orElseThrow();
            assertThat(left.timeline()).isEqualTo(1);
            assertThat(left.lsn()).isGreaterThanOrEqualTo(history.began());
        }
    },

    theEndOfAPrimaryThatWasShutDownIsBehindItsLastRecord {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            stage.sql(0, "postgres", "SELECT pg_switch_wal()");
            primary.stop(Duration.ofSeconds(20));
            long end = Lsn.parse(Objects.requireNonNull(primary.inspect().lsn()));
            assertThat(primary.measure().past().end()).contains(new End(1, end));
            stage.awaitFlushed(replica, end);
            replica.stop(Duration.ofSeconds(20));
            assertThat(replica.measure().past().end()).contains(new End(1, end));
        }
    },

    aReplicaWithMoreThanThePrimaryDoesNotConnect {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres first = stage.replica(1, 0);
            LocalPostgres further = stage.replica(2, 0);
            stage.client(0, "CREATE TABLE t (n int)");
            stage.awaitFlushed(first, stage.flushed(0));
            Position elected = first.replication().stopReceiving(Duration.ofSeconds(1));
            stage.client(0, "INSERT INTO t SELECT generate_series(1, 2000)");
            stage.awaitFlushed(further, stage.flushed(0));
            primary.kill();
            first.replication().synchronous(1, List.of(1, 2));
            TimelineHistory history = first.replication().promote(7, 2);
            assertThat(history.began()).isEqualTo(elected.lsn());
            first.keepSlots(List.of(0, 2));

            Replication standby = further.replication();
            assertThatThrownBy(() -> standby.follow(stage.address(1), 1, history.began(), standby.stops()))
                    .isInstanceOfSatisfying(
                            PostgresException.class,
                            refused -> assertThat(refused.problem().reason()).isEqualTo("HasMore"));
            assertThat(stage.sql(
                            2, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walreceiver'"))
                    .isEqualTo("0");
            CompletableFuture<String> commit = stage.later(() -> stage.client(1, "INSERT INTO t VALUES (-1)"));
            assertThatThrownBy(() -> commit.get(1500, TimeUnit.MILLISECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);

            // What the comparison is there for: PostgreSQL itself takes the position of a lost timeline for an
            // acknowledgement. Should it cease to
            // do so, this fails, and the comparison may go.
            // Only a receiver that has just connected tells its position at once, and now and then the sender has ended
            // before it reads that.
            for (int attempt = 0; attempt < 5 && !commit.isDone(); attempt++) {
                further.follow(null);
                further.follow(stage.address(1));
                try {
                    commit.get(3, TimeUnit.SECONDS);
                } catch (java.util.concurrent.TimeoutException e) {
                    // once more
                }
            }
            commit.get(3, TimeUnit.SECONDS);
            assertThat(further.observe(Duration.ofSeconds(2)).timeline()).isEqualTo(1);
            assertThat(stage.sql(2, "postgres", "SELECT count(*) FROM t WHERE n = -1"))
                    .isEqualTo("0");
        }
    },

    aReplicaThatConnectsBeforeThePromotionGoesThroughIt {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres first = stage.replica(1, 0);
            LocalPostgres second = stage.replica(2, 0);
            stage.sql(0, "postgres", "CREATE TABLE t AS SELECT 1 AS n");
            stage.awaitFlushed(second, stage.flushed(0));
            primary.kill();
            Position elected = first.replication().stopReceiving(Duration.ofSeconds(1));
            Replication standby = second.replication();
            standby.stopReceiving(Duration.ofSeconds(1));
            first.replication().copySlots(Map.of(2, elected.lsn()));
            assertThat(standby.follow(stage.address(1), 1, elected.lsn(), standby.stops()))
                    .isTrue();
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> second.observe(Duration.ofSeconds(2)).receiving());

            first.replication().synchronous(1, List.of(1, 2));
            // Numbers in between that were given and not used.
            first.replication().promote(7, 4);
            stage.sql(1, "postgres", "INSERT INTO t VALUES (2)");
            await().atMost(Duration.ofSeconds(10))
                    .until(() ->
                            stage.sql(2, "postgres", "SELECT count(*) FROM t").equals("2"));
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> second.observe(Duration.ofSeconds(2)).wal().receiving() == 4);
            assertThat(second.observe(Duration.ofSeconds(2)).timeline()).isEqualTo(4);
        }
    },

    @EachMajor
    aReplicaIsPromotedAndTheOthersFollow {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres first = stage.replica(1, 0);
            LocalPostgres second = stage.replica(2, 0);
            stage.sql(0, "postgres", "CREATE TABLE t AS SELECT 1 AS n");
            long acknowledged = stage.flushed(0);
            stage.awaitFlushed(first, acknowledged);
            stage.awaitFlushed(second, acknowledged);
            // In this order, so that the first has what the second has.
            second.replication().stopReceiving(Duration.ofSeconds(1));
            Position elected = first.replication().stopReceiving(Duration.ofSeconds(1));
            primary.kill();

            long began = System.nanoTime();
            TimelineHistory history = first.replication().promote(7, 2);
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            System.out.println("promoted in " + took.toMillis() + " ms");
            assertThat(took).isLessThan(Duration.ofSeconds(3));
            assertThat(history.timeline()).isEqualTo(2);
            // A receiver may have the beginning of a record more, of which nothing can be replayed.
            assertThat(history.began()).isBetween(acknowledged, elected.lsn());
            first.replication().beginReign(7, history.timeline());
            first.replication().beginReign(7, history.timeline());
            assertThat(stage.sql(
                            1,
                            "postgres",
                            "SELECT epoch || ' ' || timeline || ' ' || holder FROM matriarch.reigns WHERE epoch = 7"))
                    .isEqualTo("7 2 orders-1");
            assertThat(first.replication().promote(7, 2)).isEqualTo(history);
            assertThat(first.inspect().primaryEpoch()).isEqualTo(7);
            assertThat(first.inspect().past().timelines()).isEqualTo(Map.of(7L, 2));
            assertThat(first.inspect().past().standby()).isFalse();

            first.keepSlots(List.of(0, 2));
            second.follow(stage.address(1));
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> second.observe(Duration.ofSeconds(2)).wal().receiving() == 2);
            stage.awaitStreaming(second);
            assertThat(second.observe(Duration.ofSeconds(2)).wal().upstream()).isEqualTo(stage.address(1));
            assertThat(second.observe(Duration.ofSeconds(2)).timeline()).isEqualTo(2);
            assertThat(second.replication().history(stage.address(1), 2)).isEqualTo(history);
            assertThat(first.observe(Duration.ofSeconds(2)).wal().senders())
                    .singleElement()
                    .satisfies(sender -> {
                        assertThat(sender.ordinal()).isEqualTo(2);
                        assertThat(sender.address())
                                .as("where its connection comes from")
                                .isEqualTo("127.0.0.1");
                        assertThat(sender.streaming()).isTrue();
                    });
        }
    },

    aPromotionTakesTheTimelineThatTheLeaseGaveIt {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres first = stage.replica(1, 0);
            LocalPostgres second = stage.replica(2, 0);
            stage.sql(0, "postgres", "CREATE TABLE t AS SELECT 1 AS n");
            primary.kill();
            first.replication().stopReceiving(Duration.ofSeconds(1));
            second.replication().stopReceiving(Duration.ofSeconds(1));

            TimelineHistory history = first.replication().promote(7, 4);
            assertThat(history.timeline()).isEqualTo(4);
            assertThat(history.lineage()).as("2 and 3 are others'").containsExactlyInAnyOrder(1, 4);
            first.keepSlots(List.of(0, 2));
            second.follow(stage.address(1));
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> second.observe(Duration.ofSeconds(2)).wal().receiving() == 4);

            second.replication().stopReceiving(Duration.ofSeconds(1));
            new ReservedTimelines(stage.layout(2).pgdata()).before(9);
            second.kill();
            second.startReplica(stage.plain(), stage.address(1));
            stage.awaitStreaming(second);
            assertThat(second.replication().stopReceiving(Duration.ofSeconds(1)).timeline())
                    .as("reservations of a promotion that did not happen are gone")
                    .isEqualTo(4);
            assertThat(second.replication().promote(9, 7).forks())
                    .extracting(TimelineHistory.Fork::timeline)
                    .containsExactly(1, 4);
        }
    },

    aPausedReplicaIsPromotedWithAllThatItReceived {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            stage.sql(1, "postgres", "SELECT pg_wal_replay_pause()");
            stage.sql(0, "postgres", "CREATE TABLE t AS SELECT generate_series(1, 10000) AS n");
            long flushed = stage.flushed(0);
            stage.awaitFlushed(replica, flushed);
            primary.kill();
            replica.replication().stopReceiving(Duration.ofSeconds(1));
            assertThat(replica.replication().promote(2, 0).began()).isGreaterThanOrEqualTo(flushed);
            assertThat(stage.sql(1, "postgres", "SELECT count(*) FROM t")).isEqualTo("10000");
        }
    },

    /** Seen on the real Kubernetes: a switchover stopped all writes for as long as a report on the replica took. */
    @EachMajor
    aPromotionIsNotHeldUpByAReport {
        @Override
        void play(Stage stage) throws Exception {
            stage.reports();
            stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            try (Sql report = stage.report(1)) {
                stage.sql(0, "postgres", "DELETE FROM t");
                stage.sql(0, "postgres", "VACUUM t");
                stage.awaitFlushed(replica, stage.flushed(0));
                awaitHeld(replica);
                replica.replication().stopReceiving(Duration.ofSeconds(1));
                replica.replication().promote(2, 2);
                assertThat(stage.sql(1, "postgres", "SELECT count(*) FROM t")).isEqualTo("0");
                assertThatThrownBy(() -> report.execute("SELECT 1")).isInstanceOf(java.sql.SQLException.class);
            }
        }
    },

    /** The other replicas of a new primary: their receivers are started by the process that replays, and commits wait for them. */
    @EachMajor
    aReplicaThatAReportHoldsUpFollowsTheNewPrimary {
        @Override
        void play(Stage stage) throws Exception {
            stage.reports();
            LocalPostgres primary = stage.primary();
            LocalPostgres next = stage.replica(1, 0);
            LocalPostgres other = stage.replica(2, 0);
            try (Sql report = stage.report(2)) {
                stage.sql(0, "postgres", "DELETE FROM t");
                stage.sql(0, "postgres", "VACUUM t");
                stage.awaitFlushed(next, stage.flushed(0));
                stage.awaitFlushed(other, stage.flushed(0));
                awaitHeld(other);
                primary.kill();
                next.replication().stopReceiving(Duration.ofSeconds(1));
                other.replication().stopReceiving(Duration.ofSeconds(1));
                TimelineHistory history = next.replication().promote(2, 2);
                next.keepSlots(List.of(0, 2));
                assertThat(other.replication()
                                .follow(
                                        stage.address(1),
                                        1,
                                        history.began(),
                                        other.replication().stops()))
                        .isTrue();
                stage.awaitStreaming(other);
                assertThatThrownBy(() -> report.execute("SELECT 1")).isInstanceOf(java.sql.SQLException.class);
            }
        }
    },

    @EachMajor
    aReplicaTellsWhatHoldsItUpAndEndsThatWhenAsked {
        @Override
        void play(Stage stage) throws Exception {
            stage.reports();
            stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            try (Sql report = stage.report(1)) {
                assertThat(replica.replication().held(Duration.ofSeconds(2)))
                        .as("nothing to replay that it is in the way of")
                        .isEmpty();
                stage.sql(0, "postgres", "DROP TABLE t");
                stage.awaitFlushed(replica, stage.flushed(0));
                assertThat(awaitHeld(replica))
                        .contains("of postgres in the database postgres (application_name nightly, since 20");
                long end = stage.flushed(0);
                replica.replication().catchUp(end, Duration.ofSeconds(20));
                assertThat(stage.lsn(1, "pg_last_wal_replay_lsn()")).isGreaterThanOrEqualTo(end);
                assertThatThrownBy(() -> report.execute("SELECT 1")).isInstanceOf(java.sql.SQLException.class);
            }
            stage.sql(1, "postgres", "SELECT pg_wal_replay_pause()");
            stage.sql(0, "postgres", "CREATE TABLE u (n int)");
            assertThat(awaitHeld(replica)).contains("pg_wal_replay_resume");
            replica.replication().catchUp(stage.flushed(0), Duration.ofSeconds(20));
            assertThat(stage.sql(1, "postgres", "SELECT count(*) FROM u")).isEqualTo("0");
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> stage.sql(1, "postgres", "SELECT current_setting('max_standby_streaming_delay')")
                            .equals("-1"));
        }
    },

    @EachMajor
    aPrimaryThatHandsOverIsFollowedWithoutARewind {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            stage.sql(0, "postgres", "CREATE TABLE t AS SELECT 1 AS n");
            long checkpoint = primary.replication().handOver(List.of(1));
            await().atMost(Duration.ofSeconds(5))
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> replica.observe(Duration.ofSeconds(2)).wal().end() > checkpoint);
            replica.replication().stopReceiving(Duration.ofSeconds(1));
            TimelineHistory history = replica.replication().promote(2, 0);

            primary.stop(Duration.ofSeconds(20));
            VolumeState left = primary.inspect();
            assertThat(left.past().clean()).isTrue();
            assertThat(left.past().standby()).isFalse();
            assertThat(left.past().timelines()).isEqualTo(Map.of(1L, 1));
            assertThat(left.lsn()).as("end of its shutdown checkpoint").isEqualTo(Lsn.text(history.began()));
            replica.keepSlots(List.of(0));
            primary.startReplica(stage.plain(), stage.address(1));
            stage.awaitStreaming(primary);
            assertThat(primary.observe(Duration.ofSeconds(2)).timeline()).isEqualTo(2);
        }
    },

    aHandOverWaitsForNobodyWhoDoesNotKeepUp {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            stage.replica(1, 0);
            stage.replica(2, 0);
            String frozen = stage.sql(2, "postgres", "SELECT pid FROM pg_stat_wal_receiver");
            new ProcessBuilder("kill", "-STOP", frozen).start().waitFor();
            try {
                stage.sql(0, "postgres", "CREATE TABLE t AS SELECT 1 AS n");
                long began = System.nanoTime();
                primary.replication().handOver(List.of(1, 2));
                primary.stop(Duration.ofSeconds(20));
                assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(4));
            } finally {
                new ProcessBuilder("kill", "-CONT", frozen).start().waitFor();
            }
        }
    },

    @EachMajor
    aDivergedPrimaryIsRewound {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            stage.sql(0, "postgres", "CREATE TABLE t (n int)");
            long flushed = stage.flushed(0);
            stage.awaitFlushed(replica, flushed);
            replica.replication().stopReceiving(Duration.ofSeconds(1));
            stage.sql(0, "postgres", "INSERT INTO t SELECT generate_series(1, 1000)");
            primary.kill();
            replica.replication().promote(2, 0);
            stage.sql(1, "postgres", "INSERT INTO t VALUES (-1)");
            replica.replication().checkpoint();
            replica.keepSlots(List.of(0));

            assertThat(primary.inspect().past().clean()).isFalse();
            primary.replication().rewind(stage.plain(), stage.address(1), 2);
            assertThat(primary.inspect().content()).isEqualTo(VolumeContent.Data);
            assertThat(primary.inspect().past().standby()).isTrue();
            assertThat(primary.inspect().past().timelines())
                    .as("its reign on the common timeline")
                    .isEqualTo(Map.of(1L, 1));
            primary.startReplica(stage.plain(), stage.address(1));
            stage.awaitStreaming(primary);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> stage.sql(0, "postgres", "SELECT string_agg(n::text, ',') FROM t")
                            .equals("-1"));
            assertThat(stage.sql(0, "postgres", "SELECT current_setting('cluster_name')"))
                    .isEqualTo("orders-0");
        }
    },

    @EachMajor
    aReplicaAheadOfTheForkIsRewound {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres behind = stage.replica(1, 0);
            LocalPostgres ahead = stage.replica(2, 0);
            stage.sql(0, "postgres", "CREATE TABLE t (n int)");
            stage.awaitFlushed(behind, stage.flushed(0));
            Position fork = behind.replication().stopReceiving(Duration.ofSeconds(1));
            stage.sql(0, "postgres", "INSERT INTO t SELECT generate_series(1, 1000)");
            long flushed = stage.flushed(0);
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> ahead.observe(Duration.ofSeconds(2)).wal().end() >= flushed);
            primary.kill();
            TimelineHistory history = behind.replication().promote(2, 0);
            assertThat(history.began())
                    .as("a record of which only the beginning came is not replayed")
                    .isLessThanOrEqualTo(fork.lsn());
            behind.replication().checkpoint();
            behind.keepSlots(List.of(0, 2));

            ahead.stop(Duration.ofSeconds(20));
            ahead.replication().rewind(stage.plain(), stage.address(1), 2);
            assertThat(ahead.inspect().past().rewound()).isTrue();
            ahead.startReplica(stage.plain(), stage.address(1));
            assertThat(ahead.inspect().past().rewound()).isFalse();
            stage.awaitStreaming(ahead);
            assertThat(stage.sql(2, "postgres", "SELECT count(*) FROM t")).isEqualTo("0");
        }
    },

    aRewindThatWasKilledLeavesDataThatIsClonedAnew {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            replica.stop(Duration.ofSeconds(20));
            Files.createFile(stage.layout(1).state().resolve("rewind.inprogress"));
            assertThat(replica.inspect().content()).isEqualTo(VolumeContent.Unfinished);
            assertThat(stage.layout(1).pgdata().resolve("PG_VERSION"))
                    .as("not cleared before there is something better")
                    .exists();
            replica.cloneFrom(stage.plain(), stage.address(0), stage.system(primary));
            assertThat(replica.inspect().content()).isEqualTo(VolumeContent.Data);
            replica.startReplica(stage.plain(), stage.address(0));
            stage.awaitStreaming(replica);
        }
    },

    aRewindFromNobodyChangesNothing {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            primary.stop(Duration.ofSeconds(20));
            assertThatThrownBy(() -> primary.replication().rewind(stage.plain(), stage.address(1), 2))
                    .isInstanceOfSatisfying(
                            PostgresException.class,
                            e -> assertThat(e.problem().reason()).isEqualTo("HistoryUnknown"));
            assertThat(primary.inspect().content()).isEqualTo(VolumeContent.Data);
            primary.startPrimary(stage.plain(), 2);
        }
    },

    acknowledgementsChangeInConfirmedSteps {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres first = stage.replica(1, 0);
            stage.replica(2, 0);
            Replication replication = primary.replication();
            long since = replication.synchronous(2, List.of(0, 1, 2));
            assertThat(since).isPositive();
            await().atMost(Duration.ofSeconds(10))
                    .until(() -> replication
                            .flushed(List.of(0, 1, 2), since, Duration.ofSeconds(1))
                            .equals(List.of(1, 2)));
            assertThat(replication.flushed(List.of(0, 2), since, Duration.ofSeconds(1)))
                    .containsExactly(2);
            assertThat(replication.flushed(List.of(0, 1, 2), since + (1L << 30), Duration.ofSeconds(1)))
                    .isEmpty();
            stage.client(0, "CREATE TABLE t (n int)");

            first.replication().stopReceiving(Duration.ofSeconds(1));
            CompletableFuture<String> waits = stage.later(() -> stage.client(0, "INSERT INTO t VALUES (1)"));
            assertThatThrownBy(() -> waits.get(1, TimeUnit.SECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            assertThat(replication.synchronous(1, List.of(0, 1, 2))).isPositive();
            waits.get(10, TimeUnit.SECONDS);

            assertThat(first.replication().synchronous(1, List.of(0, 1, 2)))
                    .as("of a replica")
                    .isZero();
            replication.synchronous(0, List.of());
            assertThat(stage.sql(0, "postgres", "SELECT current_setting('synchronous_standby_names')"))
                    .isEmpty();
        }
    },

    clientsWaitBehindTheGate {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            stage.sql(0, "postgres", "ALTER ROLE app PASSWORD 'secret'");
            primary.replication().synchronous(1, List.of(0, 1));
            replica.replication().stopReceiving(Duration.ofSeconds(1));
            primary.kill();
            long end = primary.replication().startBehindGate(stage.plain(), 2);
            assertThat(end).isPositive();
            assertThatThrownBy(() -> stage.clientOverTcp(0)).hasMessageContaining("pg_hba.conf rejects");
            primary.apply(stage.settings(Map.of("work_mem", "5MB"), List.of()));
            assertThatThrownBy(() -> stage.clientOverTcp(0)).hasMessageContaining("pg_hba.conf rejects");
            primary.keepSlots(List.of(1));
            replica.follow(stage.address(0));
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> primary.replication()
                            .flushed(List.of(0, 1), end, Duration.ofSeconds(1))
                            .equals(List.of(1)));
            primary.replication().openGate(stage.plain());
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> stage.clientOverTcp(0).equals("app"));
        }
    },

    badLinesOfHbaDoNotLockClientsOutWhenTheGateOpens {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            stage.sql(0, "postgres", "ALTER ROLE app PASSWORD 'secret'");
            primary.stop(Duration.ofSeconds(20));
            var bad = stage.settings(Map.of(), List.of("host all all 10.0.0.0/8 nonsense"));
            primary.replication().startBehindGate(bad, 2);
            primary.replication().openGate(bad);
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> stage.clientOverTcp(0).equals("app"));
            assertThat(primary.observe(Duration.ofSeconds(2)).rejected()).isNotNull();
        }
    },

    aProbeSeesAFrozenPostmasterAndNotAMissingReplica {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            Replication replication = primary.replication();
            assertThat(replication.probe(Duration.ofSeconds(2))).isEqualTo(Pulse.Good);
            await("an idle primary is written to")
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> {
                        long before = stage.flushed(0);
                        assertThat(replication.probe(Duration.ofSeconds(2))).isEqualTo(Pulse.Good);
                        return stage.flushed(0) > before;
                    });
            // Commits that nobody acknowledges are no trouble of this member's.
            replication.synchronous(1, List.of(0, 1));
            assertThat(replication.probe(Duration.ofSeconds(2))).isEqualTo(Pulse.Good);
            assertThat(replication.probe(Duration.ofSeconds(2))).isEqualTo(Pulse.Good);

            String postmaster = Files.readAllLines(stage.layout(0).pgdata().resolve("postmaster.pid"))
                    .getFirst();
            new ProcessBuilder("kill", "-STOP", postmaster).start().waitFor();
            try {
                assertThat(replication.probe(Duration.ofSeconds(1))).isEqualTo(Pulse.NoConnection);
            } finally {
                new ProcessBuilder("kill", "-CONT", postmaster).start().waitFor();
            }
            assertThat(replication.probe(Duration.ofSeconds(5))).isEqualTo(Pulse.Good);
        }
    },

    aFullHouseIsNoFailedProbe {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            primary.stop(Duration.ofSeconds(20));
            primary.startPrimary(
                    stage.settings(Map.of("max_connections", "5", "superuser_reserved_connections", "0"), List.of()),
                    2);
            try (Sql one = Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5));
                    Sql two = Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5));
                    Sql three = Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5));
                    Sql four = Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5));
                    Sql five = Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5))) {
                assertThat(List.of(one, two, three, four, five)).hasSize(5);
                assertThatThrownBy(() -> Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5)))
                        .hasMessageContaining("too many clients");
                assertThat(primary.replication().probe(Duration.ofSeconds(2))).isEqualTo(Pulse.Good);
            }
        }
    };

    static String awaitHeld(LocalPostgres replica) {
        return await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> replica.replication().held(Duration.ofSeconds(2)), java.util.Optional::isPresent)
                .orElseThrow();
    }

    abstract void play(Stage stage) throws Exception;

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(Path.of(arguments[1]))) {
            valueOf(arguments[0]).play(stage);
        }
        System.exit(0);
    }
}
