package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.ServerState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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

    /** It overruled what the cluster owns, on every major, and before 17 PostgreSQL has no parameter to forbid it. */
    @EachMajor
    alterSystemIsRefusedAndWhatItSaidIsDropped {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            assertThatThrownBy(() -> stage.sql(0, "postgres", "ALTER SYSTEM SET work_mem = '5MB'"))
                    .hasMessageContaining(
                            primary.binaries().major() < 17
                                    ? "could not open file \"postgresql.auto.conf.tmp\": Is a directory"
                                    : "ALTER SYSTEM is not allowed");
            // Of an agent that did not forbid it yet.
            Files.writeString(
                    stage.layout(0).pgdata().resolve("postgresql.auto.conf"),
                    "# Do not edit this file manually!\nwork_mem = '6MB'\nssl_ciphers = 'TLS_AES_256_GCM_SHA384'\n");
            LocalPostgres replica = stage.replica(1, 0);
            primary.stop(Duration.ofSeconds(20));
            replica.replication().stopReceiving(Duration.ofSeconds(5));
            replica.replication().promote(2, 0);
            replica.keepSlots(List.of(0));
            primary.startReplica(stage.plain(), stage.address(1));
            stage.awaitStreaming(primary);
            for (int member : List.of(0, 1)) {
                assertThat(stage.sql(member, "postgres", "SELECT current_setting('work_mem')"))
                        .isEqualTo("4MB");
            }
            assertThatThrownBy(() -> stage.sql(1, "postgres", "ALTER SYSTEM SET work_mem = '5MB'"))
                    .isInstanceOf(java.sql.SQLException.class);
        }
    },

    /** Clones and pg_rewind connect by it, and no session of its own can set what only a superuser may. */
    @EachMajor
    theRoleThatReplicatesIsPutBack {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            try (Sql sql = Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5))) {
                sql.execute("ALTER ROLE ALL SET session_preload_libraries = 'nowhere'");
                sql.execute("ALTER ROLE matriarch_replication SET session_preload_libraries = 'nowhere'");
                sql.execute("ALTER ROLE matriarch_replication IN DATABASE postgres SET local_preload_libraries = 'no'");
                sql.execute("ALTER ROLE matriarch_replication NOLOGIN NOREPLICATION CONNECTION LIMIT 0");
                sql.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC");
                sql.execute("REVOKE EXECUTE ON FUNCTION pg_stat_file(text, boolean) FROM matriarch_replication");
                if (primary.binaries().major() >= 17) {
                    sql.execute(
                            "CREATE FUNCTION nobody() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'nobody'; END $$");
                    sql.execute("CREATE EVENT TRIGGER nobody ON login EXECUTE FUNCTION nobody()");
                }
            }
            LocalPostgres replica = stage.replica(1, 0);
            SettingsSweep.works(stage, primary, 0, replica, 1);
            SettingsSweep.handOver(stage, stage.plain(), primary, 0, replica, 2);
            SettingsSweep.works(stage, replica, 1, primary, 0);
            String made = version(stage);
            replica.keepSlots(List.of(0));
            assertThat(version(stage)).as("written anew").isEqualTo(made);
        }

        private String version(Stage stage) throws Exception {
            try (Sql sql = Sql.open(stage.layout(1), "postgres", Duration.ofSeconds(5))) {
                return sql.one(
                        "SELECT string_agg(xmin::text, ' ') FROM pg_db_role_setting WHERE setdatabase <> 0",
                        row -> row.getString(1));
            }
        }
    },

    /** At the next change of roles nobody could log in, as pg_hba.conf takes no MD5. */
    @EachMajor
    aPasswordIsStoredAsPgHbaConfAsksForIt {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            primary.password("app", "secret");
            assertThat(stage.clientOverTcp(0)).isEqualTo("app");
            try (Sql sql = Sql.open(stage.layout(0), "postgres", Duration.ofSeconds(5))) {
                for (String whom : List.of("ROLE ALL", "ROLE postgres", "DATABASE postgres")) {
                    sql.execute("ALTER " + whom + " SET password_encryption = 'md5'");
                }
                sql.execute("SET password_encryption = 'md5'");
                sql.execute("ALTER ROLE app PASSWORD 'secret'");
                if (primary.binaries().major() >= 16) {
                    sql.execute("ALTER ROLE ALL SET scram_iterations = 2147483647");
                    primary.apply(stage.settings(Map.of("scram_iterations", "5000"), List.of()));
                    awaitConfirmed(primary);
                }
            }
            assertThatThrownBy(() -> stage.clientOverTcp(0)).hasMessageContaining("password authentication failed");
            // As in each reign that begins.
            primary.password("app", "secret");
            assertThat(stage.clientOverTcp(0)).isEqualTo("app");
            assertThat(stage.sql(0, "app", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'"))
                    .startsWith(primary.binaries().major() >= 16 ? "SCRAM-SHA-256$5000:" : "SCRAM-SHA-256$4096:");
        }
    },

    /** Often advised to harden a server. No session of the agent would get in again. */
    @EachMajor
    theAgentsRoleIsLetInAgain {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            assertThat(primary.observe(Duration.ofSeconds(2)).accepting()).isTrue();
            stage.sql(0, "postgres", "ALTER ROLE postgres NOLOGIN");
            assertThatThrownBy(() -> stage.sql(0, "postgres", "SELECT 'in'"))
                    .hasMessageContaining("not permitted to log in");
            assertThat(primary.observe(Duration.ofSeconds(2)).accepting()).isTrue();
            assertThat(stage.sql(0, "postgres", "SELECT 'in'")).isEqualTo("in");
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

    @EachMajor
    settingsAreTriedThoughTheServerLetsNobodyIn {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            assertThat(primary.observe(Duration.ofSeconds(2)).confirmed()).isTrue();
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
                // Its postmaster has not read them: they are neither refused nor in use.
                await().during(Duration.ofMillis(1500))
                        .atMost(Duration.ofSeconds(5))
                        .untilAsserted(() -> {
                            ServerState state = primary.observe(Duration.ofSeconds(1));
                            assertThat(state.accepting()).isTrue();
                            assertThat(state.rejected()).isNull();
                            assertThat(state.confirmed()).isFalse();
                        });
            } finally {
                new ProcessBuilder("kill", "-CONT", pid).start().waitFor();
            }
            awaitConfirmed(primary);
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> stage.sql(0, "postgres", "SELECT current_setting('work_mem')")
                            .equals("5MB"));
        }
    },

    /** It shrugs at them, and tells only its log: a condition that says Accepted would not be so. */
    @EachMajor
    whatAReloadDoesNotTakeIsToldUntilOneDoes {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            // No session of a UTF8 database can have it, but that is for clients to say.
            primary.apply(stage.settings(Map.of("client_encoding", "MULE_INTERNAL"), List.of()));
            awaitConfirmed(primary);
            primary.apply(stage.settings(Map.of("work_mem", "5MB", "max_connections", "90"), List.of()));
            awaitConfirmed(primary);
            Path key = stage.layout(0).serverCertificate().resolve("tls.key");
            byte[] good = Files.readAllBytes(key);
            Files.copy(
                    stage.layout(0).replicationCertificate().resolve("tls.key"),
                    key,
                    StandardCopyOption.REPLACE_EXISTING);
            primary.refreshCertificates();
            awaitRejected(primary, "SSL configuration was not reloaded: could not load private key file");
            Files.write(key, good);
            primary.refreshCertificates();
            awaitConfirmed(primary);

            Path included = stage.layout(0).pgdata().resolve(Configuration.LOCALE_FILE);
            String before = Files.readString(included);
            for (String broken : List.of("lc_time = 'nowhere'\n", "no syntax at all\n")) {
                Files.writeString(included, before + broken);
                primary.apply(stage.settings(Map.of("work_mem", "6MB", "matriarch.x", broken.strip()), List.of()));
                awaitRejected(primary, broken.startsWith("lc_time") ? "lc_time: " : "syntax error");
                Files.writeString(included, before);
                primary.apply(stage.settings(Map.of("work_mem", "7MB", "matriarch.x", broken.strip()), List.of()));
                awaitConfirmed(primary);
            }
        }

        private void awaitRejected(LocalPostgres member, String words) {
            await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
                ServerState state = member.observe(Duration.ofSeconds(2));
                assertThat(state.confirmed()).isFalse();
                Rejected rejected = state.rejected();
                assertThat(rejected).isNotNull();
                assertThat(Objects.requireNonNull(rejected).message())
                        .contains(words)
                        .doesNotContain("pgdata");
                assertThat(rejected.revision()).isEqualTo(state.settings());
            });
        }
    },

    /** Some of what {@code bench/settings} tries, all of it. */
    aSampleOfTheSweepHolds {
        @Override
        void play(Stage stage) throws Exception {
            assertThat(new SettingsSweep(stage, SettingsSweep.Place.FILE, 17, 0).run())
                    .isEmpty();
        }
    },

    /** The same of what roles and databases are set to. */
    aSampleOfTheSweepOfRolesHolds {
        @Override
        void play(Stage stage) throws Exception {
            assertThat(new SettingsSweep(stage, SettingsSweep.Place.SQL, 23, 0).run())
                    .isEmpty();
        }
    };

    private static void awaitConfirmed(LocalPostgres member) {
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            ServerState state = member.observe(Duration.ofSeconds(2));
            assertThat(state.rejected()).isNull();
            assertThat(state.confirmed()).isTrue();
        });
    }

    abstract void play(Stage stage) throws Exception;

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(Path.of(arguments[1]))) {
            valueOf(arguments[0]).play(stage);
        }
        System.exit(0);
    }
}
