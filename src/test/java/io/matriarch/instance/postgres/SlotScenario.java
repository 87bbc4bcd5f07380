package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.MemberReport.Slot;
import io.matriarch.api.contract.MemberReport.SlotState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** What {@link SlotTest} runs, each in a process of its own. */
enum SlotScenario {
    @EachMajor
    logicalSlotsOfAFormerPrimaryAreDropped {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres former = stage.primary();
            LocalPostgres next = stage.replica(1, 0);
            stage.sql(0, "postgres", "SELECT slot_name FROM pg_create_logical_replication_slot('cdc', 'pgoutput')");
            stage.awaitFlushed(next, stage.flushed(0));
            former.replication().handOver(List.of(1));
            next.replication().stopReceiving(Duration.ofSeconds(1));
            next.replication().promote(2, 2);
            next.keepSlots(List.of(0));
            former.startReplica(stage.plain(), stage.address(1));
            stage.awaitStreaming(former);
            assertThat(logical(stage, 0)).isEqualTo("0");
            assertThat(former.replication().userSlots()).containsExactly(new Slot("cdc", SlotState.Dropped));
        }
    },

    /** Its agent was killed when the data was a replica's already and had not come up yet. */
    @EachMajor
    logicalSlotsOfAFormerPrimaryAreDroppedByTheNextAgentToo {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres former = stage.primary();
            LocalPostgres next = stage.replica(1, 0);
            stage.sql(0, "postgres", "SELECT slot_name FROM pg_create_logical_replication_slot('cdc', 'pgoutput')");
            stage.awaitFlushed(next, stage.flushed(0));
            former.replication().handOver(List.of(1));
            next.replication().stopReceiving(Duration.ofSeconds(1));
            next.replication().promote(2, 2);
            next.keepSlots(List.of(0));
            former.write(stage.plain(), true, stage.address(1), stage.layout(0).listen());
            former.startReplica(stage.plain(), stage.address(1));
            stage.awaitStreaming(former);
            assertThat(logical(stage, 0)).isEqualTo("0");
        }
    },

    @EachMajor
    aSlotThatNobodyReadsIsToldBeforeAndAfterItIsLost {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            primary.keepSlots(List.of(1));
            primary.apply(stage.settings(
                    Map.of("max_slot_wal_keep_size", "-1", "min_wal_size", "32MB", "max_wal_size", "32MB"), List.of()));
            stage.sql(0, "postgres", "SELECT slot_name FROM pg_create_logical_replication_slot('cdc', 'pgoutput')");
            stage.sql(0, "postgres", "SELECT slot_name FROM pg_create_physical_replication_slot('archive', true)");
            assertThat(primary.replication().userSlots()).isEmpty();
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                fill(stage);
                return primary.replication()
                        .userSlots()
                        .equals(List.of(new Slot("archive", SlotState.HoldsWal), new Slot("cdc", SlotState.HoldsWal)));
            });
            primary.apply(stage.settings(
                    Map.of("max_slot_wal_keep_size", "1MB", "min_wal_size", "32MB", "max_wal_size", "32MB"),
                    List.of()));
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                fill(stage);
                return primary.replication()
                        .userSlots()
                        .equals(List.of(new Slot("archive", SlotState.Lost), new Slot("cdc", SlotState.Lost)));
            });
        }

        private static void fill(Stage stage) throws Exception {
            stage.sql(0, "postgres", "SELECT pg_logical_emit_message(true, 'x', repeat('x', 1000000))::text");
            stage.sql(0, "postgres", "SELECT pg_switch_wal()");
            stage.sql(0, "postgres", "CHECKPOINT");
        }
    },

    /** The slots of consumers that a standby made for itself are its own. */
    @EachMajor(since = 16)
    aReplicaKeepsTheLogicalSlotsThatAreItsOwn {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            CompletableFuture<String> made = stage.later(() -> stage.sql(
                    1, "postgres", "SELECT slot_name FROM pg_create_logical_replication_slot('own', 'pgoutput')"));
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                stage.sql(0, "postgres", "SELECT pg_log_standby_snapshot()");
                return made.isDone();
            });
            replica.replication().copySlots(primary.replication().slots(Duration.ofSeconds(1)));
            replica.stop(Duration.ofSeconds(20));
            replica.startReplica(stage.plain(), stage.address(0));
            assertThat(logical(stage, 1)).isEqualTo("1");
        }
    },

    /** 14 and 15 heal it, 16 and 17 stream on it and lose it again, 18 refuses the replica until it is made anew. */
    @EachMajor
    aLostSlotIsMadeAnewWhileItsReplicaStreams {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            Path upstream = stage.layout(1).pgdata().resolve(Configuration.UPSTREAM_FILE);
            String former = Files.readString(upstream);
            Files.writeString(upstream, former.replaceAll("(?m)^primary_slot_name.*$", ""));
            stage.sql(1, "postgres", "SELECT pg_reload_conf()");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> slot(stage, "active").equals("false"));
            stage.awaitStreaming(replica);
            primary.apply(stage.settings(
                    Map.of("max_slot_wal_keep_size", "1MB", "min_wal_size", "32MB", "max_wal_size", "32MB"),
                    List.of()));
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                stage.sql(0, "postgres", "SELECT pg_logical_emit_message(true, 'x', repeat('x', 1000000))::text");
                stage.sql(0, "postgres", "SELECT pg_switch_wal()");
                stage.awaitFlushed(replica, stage.flushed(0));
                stage.sql(0, "postgres", "CHECKPOINT");
                return slot(stage, "wal_status").equals("lost");
            });
            Files.writeString(upstream, former);
            stage.sql(1, "postgres", "SELECT pg_reload_conf()");
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                primary.keepSlots(List.of(1));
                return !slot(stage, "wal_status").equals("lost")
                        && slot(stage, "active").equals("true");
            });
            stage.awaitStreaming(replica);
        }

        private static String slot(Stage stage, String column) throws Exception {
            return stage.sql(
                    0,
                    "postgres",
                    "SELECT %s::text FROM pg_replication_slots WHERE slot_name = 'm_1'".formatted(column));
        }
    },

    /** A consumer of a failover slot, over a failover, with the former primary back as a replica, and over a switchover. */
    @EachMajor(since = Configuration.FAILOVER_SLOTS_SINCE)
    aConsumerGoesOnAtTheNextPrimary {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres first = stage.primary();
            LocalPostgres second = stage.replica(1, 0);
            first.replication().await(List.of(1));
            Consumer consumer = new Consumer(stage);
            consumer.subscribe(0);
            consumer.awaitSynchronized(0, 1);
            consumer.write(0, 10);
            stage.awaitFlushed(second, stage.flushed(0));
            first.kill();
            second.replication().stopReceiving(Duration.ofSeconds(1));
            second.replication().promote(2, 2);
            second.keepSlots(List.of(0));
            consumer.write(1, 10);
            consumer.read(1);
            consumer.hasEverything(1);

            second.replication().checkpoint();
            first.replication().rewind(stage.plain(), stage.address(1), 2);
            first.startReplica(stage.plain(), stage.address(1));
            stage.awaitStreaming(first);
            second.replication().await(List.of(0));
            consumer.awaitSynchronized(1, 0);
            consumer.write(1, 10);
            second.replication().handOver(List.of(0));
            first.replication().stopReceiving(Duration.ofSeconds(1));
            first.replication().promote(3, 3);
            first.keepSlots(List.of(1));
            consumer.write(0, 10);
            consumer.read(0);
            consumer.hasEverything(0);

            second.startReplica(stage.plain(), stage.address(0));
            stage.awaitStreaming(second);
            first.replication().await(List.of(1));
            consumer.awaitSynchronized(0, 1);
        }
    },

    /** What a consumer has seen, the next primary has. */
    @EachMajor(since = Configuration.FAILOVER_SLOTS_SINCE)
    aConsumerWaitsForTheReplicasThatAreNamed {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            primary.replication().await(List.of(1));
            Consumer consumer = new Consumer(stage);
            consumer.subscribe(0);
            consumer.write(0, 1);
            consumer.read(0);
            replica.replication().stopReceiving(Duration.ofSeconds(1));
            consumer.write(0, 1);
            CompletableFuture<String> held = stage.later(() -> {
                consumer.read(0);
                return "";
            });
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> stage.sql(
                                    0,
                                    "postgres",
                                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'WaitForStandbyConfirmation'")
                            .equals("1"));
            assertThat(held).isNotDone();
            primary.replication().await(List.of());
            await().atMost(Duration.ofSeconds(20)).until(held::isDone);
            consumer.hasEverything(0);
        }
    },

    /** Until 17.9 and 18.3 a promotion waited for that process, and it for the primary. */
    @EachMajor(since = Configuration.FAILOVER_SLOTS_SINCE)
    nobodySynchronizesSlotsOnceTheReceiverIsStopped {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> workers(stage, "").equals("1"));
            String postmaster = Files.readAllLines(stage.layout(0).pgdata().resolve("postmaster.pid"))
                    .getFirst();
            List<Long> frozen = new ArrayList<>(List.of(Long.parseLong(postmaster)));
            ProcessHandle.of(frozen.getFirst())
                    .orElseThrow()
                    .children()
                    .map(ProcessHandle::pid)
                    .forEach(frozen::add);
            try {
                signal("-STOP", frozen);
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> workers(stage, " AND wait_event LIKE 'Libpqwalreceiver%'")
                                .equals("1"));
                replica.replication().stopReceiving(Duration.ofSeconds(1));
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> workers(stage, "").equals("0"));
            } finally {
                signal("-CONT", frozen);
            }
        }

        private static String workers(Stage stage, String which) throws Exception {
            return stage.sql(
                    1,
                    "postgres",
                    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'slotsync worker'" + which);
        }

        private static void signal(String signal, List<Long> pids) throws Exception {
            List<String> command = new ArrayList<>(List.of("kill", signal));
            pids.forEach(pid -> command.add(Long.toString(pid)));
            new ProcessBuilder(command).start().waitFor();
        }
    },

    replicasKeepSlotsForTheOthers {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres first = stage.replica(1, 0);
            stage.replica(2, 0);
            first.replication().copySlots(primary.replication().slots(Duration.ofSeconds(1)));
            assertThat(first.replication().slots(Duration.ofSeconds(1))).containsOnlyKeys(2);
            long before = at(first, 2);
            stage.sql(0, "postgres", "CREATE TABLE t AS SELECT generate_series(1, 10000) AS n");
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                Map<Integer, Long> positions = primary.replication().slots(Duration.ofSeconds(1));
                first.replication().copySlots(positions);
                long copied = at(first, 2);
                assertThat(copied).isLessThanOrEqualTo(positions.get(2));
                return copied > before;
            });
            first.replication().copySlots(Map.of());
            assertThat(first.replication().slots(Duration.ofSeconds(1))).isEmpty();
        }

        private static long at(LocalPostgres member, int slot) throws PostgresException {
            return Objects.requireNonNull(
                    member.replication().slots(Duration.ofSeconds(1)).get(slot));
        }
    };

    /** Reads a table by a failover slot, and remembers what was acknowledged to whoever wrote, and what it has read. */
    private static final class Consumer {
        private final Stage stage;
        private final List<Integer> read = new ArrayList<>();
        private int written;

        Consumer(Stage stage) {
            this.stage = stage;
        }

        void subscribe(int primary) throws Exception {
            stage.sql(primary, "postgres", "CREATE TABLE events (n int)");
            stage.sql(
                    primary,
                    "postgres",
                    "SELECT slot_name FROM pg_create_logical_replication_slot('cdc', 'test_decoding', failover => true)");
        }

        void write(int primary, int rows) throws Exception {
            for (int row = 0; row < rows; row++) {
                stage.sql(primary, "postgres", "INSERT INTO events VALUES (%d)".formatted(written + 1));
                written++;
            }
        }

        void read(int primary) throws Exception {
            String got = stage.sql(
                    primary,
                    "postgres",
                    "SELECT coalesce(string_agg(substring(data from 'INSERT: n.integer.:([0-9]+)'), ','), '') FROM pg_logical_slot_get_changes('cdc', NULL, NULL)");
            for (String row : got.split(",")) {
                if (!row.isEmpty()) {
                    read.add(Integer.parseInt(row));
                }
            }
        }

        /** A slot is ready on a replica once the primary's has been moved on since the replica came. */
        void awaitSynchronized(int primary, int replica) {
            await().atMost(Duration.ofSeconds(90))
                    .pollInterval(Duration.ofMillis(500))
                    .until(() -> {
                        write(primary, 1);
                        read(primary);
                        return stage.sql(
                                        replica,
                                        "postgres",
                                        "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'cdc' AND synced AND NOT temporary")
                                .equals("1");
                    });
        }

        /** All that was acknowledged, nothing that is not there; some of it twice, as with any consumer after a break. */
        void hasEverything(int primary) throws Exception {
            assertThat(read.stream().distinct().sorted().toList())
                    .isEqualTo(IntStream.rangeClosed(1, written).boxed().toList());
            assertThat(stage.sql(primary, "postgres", "SELECT count(DISTINCT n) FROM events"))
                    .isEqualTo(Integer.toString(written));
        }
    }

    static String logical(Stage stage, int member) throws Exception {
        return stage.sql(member, "postgres", "SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'logical'");
    }

    abstract void play(Stage stage) throws Exception;

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(Path.of(arguments[1]))) {
            valueOf(arguments[0]).play(stage);
        }
        System.exit(0);
    }
}
