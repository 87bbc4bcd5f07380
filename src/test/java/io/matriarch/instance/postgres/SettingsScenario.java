package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.api.contract.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** What {@link SettingsTest} runs, each in a process of its own. */
enum SettingsScenario {
    /** Each of these broke the agent's sessions, the replicas' connections or both, and with them the way that a correction takes. */
    @EachMajor
    whatUsersSetForAllSessionsLeavesTheAgentsAlone {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            Map<String, String> hostile = new TreeMap<>(Map.of(
                    "default_transaction_isolation", "serializable",
                    "default_transaction_deferrable", "on",
                    "default_transaction_read_only", "on",
                    "idle_session_timeout", "1",
                    "idle_in_transaction_session_timeout", "1",
                    "statement_timeout", "1",
                    "lock_timeout", "1",
                    "client_encoding", "MULE_INTERNAL",
                    "search_path", "nowhere",
                    "standard_conforming_strings", "off"));
            if (primary.binaries().major() >= 17) {
                hostile.put("transaction_timeout", "100");
            }
            Settings broken = stage.settings(hostile, List.of());
            primary.apply(broken);
            replica.apply(broken);
            SettingsSweep.works(stage, primary, 0, replica, 1);
            SettingsSweep.handOver(stage, broken, primary, 0, replica, 2);
            SettingsSweep.works(stage, replica, 1, primary, 0);
            LocalPostgres third = stage.member(2);
            replica.keepSlots(List.of(0, 2));
            third.inspect();
            third.cloneFrom(broken, stage.address(1), stage.system(replica));
            third.startReplica(broken, stage.address(1));
            stage.awaitStreaming(third);

            Settings corrected = stage.settings(Map.of("work_mem", "5MB"), List.of());
            for (LocalPostgres member : List.of(primary, replica, third)) {
                member.apply(corrected);
                assertThat(member.observe(Duration.ofSeconds(2)).rejected()).isNull();
            }
            for (int ordinal = 0; ordinal < 3; ordinal++) {
                int at = ordinal;
                await().atMost(Duration.ofSeconds(10))
                        .ignoreExceptions()
                        .until(() -> stage.sql(
                                        at,
                                        "postgres",
                                        "SELECT current_setting('work_mem') || current_setting('search_path')")
                                .equals("5MB\"$user\", public"));
            }
        }
    },

    /** What a role or a database has counts more than the file. */
    @EachMajor
    whatARoleOrADatabaseIsSetToLeavesTheAgentsAlone {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            Map<String, String> hostile = new TreeMap<>(Map.of(
                    "default_transaction_isolation", "serializable",
                    "statement_timeout", "1",
                    "idle_session_timeout", "1",
                    "client_encoding", "LATIN1",
                    "role", "app",
                    "search_path", "nowhere",
                    "session_preload_libraries", "nowhere"));
            try (Sql sql = Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5))) {
                for (String whom : List.of("ROLE ALL", "ROLE postgres", "DATABASE postgres")) {
                    for (Map.Entry<String, String> each : hostile.entrySet()) {
                        sql.execute("ALTER %s SET %s = '%s'".formatted(whom, each.getKey(), each.getValue()));
                    }
                }
            }
            stage.awaitFlushed(replica, stage.agentFlushed(0));
            SettingsSweep.works(stage, primary, 0, replica, 1);
            SettingsSweep.handOver(stage, stage.plain(), primary, 0, replica, 2);
            SettingsSweep.works(stage, replica, 1, primary, 0);
        }
    },

    /** A standby must not have less connections than its primary had: what waits for a restart is told until it was restarted with the new value. */
    @EachMajor
    aLimitIsLowered {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres first = stage.primary();
            LocalPostgres second = stage.replica(1, 0);
            Settings low = stage.settings(Map.of("max_connections", "60"), List.of());
            first.apply(low);
            second.apply(low);
            awaitPending(first, List.of("max_connections"));
            awaitPending(second, List.of("max_connections"));

            first.stop(Duration.ofSeconds(20));
            second.replication().stopReceiving(Duration.ofSeconds(1));
            second.replication().promote(2, 2);
            second.keepSlots(List.of(0));
            awaitPending(second, List.of("max_connections"));
            assertThat(stage.sql(1, "postgres", "SELECT current_setting('max_connections')"))
                    .isEqualTo("100");

            second.stop(Duration.ofSeconds(20));
            second.startPrimary(low, 3);
            assertThat(stage.sql(1, "postgres", "SELECT current_setting('max_connections')"))
                    .isEqualTo("60");
            awaitPending(second, List.of());

            first.startReplica(low, stage.address(1));
            stage.awaitStreaming(first);
            awaitPending(first, List.of("max_connections"));
            stage.awaitFlushed(first, stage.flushed(1));
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> stage.sql(0, "postgres", "SELECT pg_last_wal_replay_lsn() = pg_last_wal_receive_lsn()")
                            .equals("t"));
            first.stop(Duration.ofSeconds(20));
            first.startReplica(low, stage.address(1));
            stage.awaitStreaming(first);
            awaitPending(first, List.of());
            assertThat(stage.sql(0, "postgres", "SELECT current_setting('max_connections')"))
                    .isEqualTo("60");
        }

        private void awaitPending(LocalPostgres member, List<String> names) {
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(
                                    member.observe(Duration.ofSeconds(2)).pendingRestart())
                            .isEqualTo(names));
        }
    },

    /** With {@code postgres -C} it passed, a reload shrugged at it, and a new member never started. */
    @EachMajor
    tlsIsTriedAndANewMemberHasSomethingToFallBackTo {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            Settings bad = stage.settings(Map.of("ssl_ciphers", "TLS_AES_256_GCM_SHA384"), List.of());
            primary.apply(bad);
            Rejected rejected = Objects.requireNonNull(
                    primary.observe(Duration.ofSeconds(2)).rejected());
            assertThat(rejected.message())
                    .containsPattern("could not set the (TLSv1\\.2 )?cipher list") // 18 names the protocol
                    .doesNotContain("matriarch.", "skipping", "starting");
            primary.keepSlots(List.of(1));
            LocalPostgres replica = stage.member(1);
            replica.inspect();
            replica.cloneFrom(bad, stage.address(0), stage.system(primary));
            replica.startReplica(bad, stage.address(0));
            stage.awaitStreaming(replica);
            assertThat(Objects.requireNonNull(
                                    replica.observe(Duration.ofSeconds(2)).rejected())
                            .message())
                    .isEqualTo(rejected.message());
        }
    },

    settingsAreTriedThoughTheServerLetsNobodyIn {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            String pid = Files.readAllLines(stage.layout(0).pgdata().resolve("postmaster.pid"))
                    .getFirst();
            new ProcessBuilder("kill", "-STOP", pid).start().waitFor();
            try {
                primary.apply(stage.settings(Map.of(), List.of("host all all 10.0.0.0/8 nonsense")));
                assertThat(Objects.requireNonNull(
                                        primary.observe(Duration.ofSeconds(1)).rejected())
                                .message())
                        .isEqualTo(
                                "hba line \"host all all 10.0.0.0/8 nonsense\": invalid authentication method \"nonsense\"");
                primary.apply(stage.settings(Map.of("work_mem", "5MB"), List.of("host all app 10.9.9.9/32 reject")));
                assertThat(primary.observe(Duration.ofSeconds(1)).rejected()).isNull();
            } finally {
                new ProcessBuilder("kill", "-CONT", pid).start().waitFor();
            }
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> stage.sql(0, "postgres", "SELECT current_setting('work_mem')")
                            .equals("5MB"));
        }
    },

    /** Some of what {@code bench/settings} tries, all of it. */
    aSampleOfTheSweepHolds {
        @Override
        void play(Stage stage) throws Exception {
            assertThat(new SettingsSweep(stage, 17).run()).isEmpty();
        }
    };

    abstract void play(Stage stage) throws Exception;

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(Path.of(arguments[1]))) {
            valueOf(arguments[0]).play(stage);
        }
        System.exit(0);
    }
}
