package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.ServerState;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What {@link LocalPostgresTest} runs, each in a process of its own. */
enum LocalPostgresScenario {
    @EachMajor
    aMemberIsMadeServesAndStops {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.member(0);
            assertThat(postgres.inspect().content()).isEqualTo(VolumeContent.Empty);
            postgres.initdb(stage.plain(), "p'a\\ss", List.of("CREATE TABLE made (n int)"));
            assertThat(postgres.inspect().content()).isEqualTo(VolumeContent.Data);
            postgres.startPrimary(stage.plain(), 3);
            ServerState state = postgres.observe(Duration.ofSeconds(5));
            assertThat(state.accepting()).isTrue();
            assertThat(state.inRecovery()).isFalse();
            assertThat(state.version()).matches("\\d+\\.\\d+.*");
            assertThat(stage.sql(0, "app", "SELECT count(*) FROM made")).isEqualTo("0");
            assertThat(stage.sql(
                            0, "app", "SELECT sourcefile FROM pg_settings WHERE name = 'default_text_search_config'"))
                    .endsWith(Configuration.LOCALE_FILE);
            assertThat(stage.sql(
                            0, "app", "SELECT rolpassword LIKE 'SCRAM-SHA-256%' FROM pg_authid WHERE rolname = 'app'"))
                    .isEqualTo("t");
            long space = Files.getFileStore(stage.layout(0).data()).getTotalSpace();
            assertThat(stage.sql(0, "app", "SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size'"))
                    .isEqualTo(Long.toString(space / 2 / 1024 / 1024));
            postgres.stop(Duration.ofSeconds(30));
            assertThat(postgres.observe(Duration.ofSeconds(1)).process()).isFalse();
            assertThat(postgres.inspect().primaryEpoch()).isEqualTo(3);
        }
    },

    anInitdbThatWasKilledIsClearedAwayAndDoneAgain {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.member(0);
            postgres.inspect();
            assertThatThrownBy(() -> postgres.initdb(stage.plain(), "secret", List.of("SELECT 1/0")))
                    .hasMessageContaining("division by zero")
                    .hasMessageContaining("SELECT 1/0");
            assertThat(Files.exists(stage.layout(0).pgdata().resolve("PG_VERSION")))
                    .isTrue();
            assertThat(postgres.inspect().content()).isEqualTo(VolumeContent.Empty);
            postgres.initdb(stage.plain(), "secret", List.of("SELECT 1"));
            postgres.startPrimary(stage.plain(), 1);
            assertThat(stage.sql(0, "app", "SELECT current_user")).isEqualTo("postgres");
        }
    },

    aReplicaIsClonedFollowsAndIsMadeAgainAfterAKilledClone {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            assertThat(primary.keepSlots(List.of(1))).containsExactly(1);
            String system = Objects.requireNonNull(primary.inspect().systemIdentifier());
            LocalPostgres replica = stage.member(1);
            replica.inspect();
            // A clone that was killed: its marker, and half a folder.
            Files.createFile(stage.layout(1).state().resolve("clone.inprogress"));
            Files.createDirectories(stage.layout(1).pgdata());
            Files.writeString(stage.layout(1).pgdata().resolve("PG_VERSION"), "15");
            assertThat(replica.inspect().content()).isEqualTo(VolumeContent.Empty);
            replica.cloneFrom(stage.plain(), "127.0.0.1", system);
            replica.startReplica(stage.plain(), "127.0.0.1");
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> replica.observe(Duration.ofSeconds(2)).receiving());
            assertThat(primary.observe(Duration.ofSeconds(2)).streaming()).containsExactly(1);
            stage.sql(0, "app", "CREATE TABLE t AS SELECT 7 AS n");
            await().atMost(Duration.ofSeconds(30))
                    .ignoreExceptions()
                    .until(() -> stage.sql(1, "app", "SELECT n FROM t").equals("7"));
            replica.follow(null);
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> !replica.observe(Duration.ofSeconds(2)).receiving());
            assertThat(replica.observe(Duration.ofSeconds(2)).accepting()).isTrue();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> primary.keepSlots(List.of()).isEmpty());
            replica.stop(Duration.ofSeconds(30));
        }
    },

    aTablespaceGoesWithItsCopy {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            Path location = Files.createDirectories(stage.layout(0).data().resolve("tablespaces/fast"));
            stage.sql(0, "postgres", "CREATE TABLESPACE fast LOCATION '" + location + "'");
            stage.sql(0, "postgres", "CREATE TABLE t TABLESPACE fast AS SELECT 1 AS n");
            assertThat(location).isNotEmptyDirectory();

            LocalPostgres other = stage.member(1);
            other.inspect();
            primary.keepSlots(List.of(1));
            assertThatThrownBy(() -> other.cloneFrom(stage.plain(), stage.address(0), stage.system(primary)))
                    .isInstanceOfSatisfying(
                            PostgresException.class,
                            e -> assertThat(e.problem().message())
                                    .as("on this member it is not on the volume")
                                    .contains(location.toString(), "The place for tablespaces"));

            primary.discard();
            assertThat(location).isEmptyDirectory();
            assertThat(primary.inspect().content()).isEqualTo(VolumeContent.Empty);
        }
    },

    /** pg_basebackup writes the links to tablespaces last. */
    aKilledCloneLeavesNoTablespaceBehind {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres member = stage.member(0);
            Layout layout = stage.layout(0);
            Path location = Files.createDirectories(layout.data().resolve("tablespaces/fast"));
            member.inspect();
            Files.write(layout.state().resolve("clone.inprogress"), Tablespaces.write(List.of(location)));
            Files.createDirectories(location.resolve("PG_17_202406281/5"));
            Files.writeString(location.resolve("PG_17_202406281/5/16384"), "half a table");
            assertThat(member.inspect().content()).isEqualTo(VolumeContent.Empty);
            assertThat(location).isEmptyDirectory();
        }
    },

    /** Recovery makes no folder: the server ends when the primary's CREATE TABLESPACE arrives, and says so at each start. */
    @EachMajor
    aReplicaMakesTheFolderOfATablespace {
        @Override
        void play(Stage stage) throws Exception {
            stage.primary();
            LocalPostgres replica = stage.replica(1, 0);
            Path location = stage.layout(1).data().resolve("tablespaces/fast");
            replica.stop(Duration.ofSeconds(20));
            Files.createDirectories(location);
            stage.sql(0, "postgres", "CREATE TABLESPACE fast LOCATION '" + location + "'");
            // In pods it is the same path on each, and only the primary has it.
            Files.move(location, location.resolveSibling("primary"));
            try {
                replica.startReplica(stage.plain(), stage.address(0));
            } catch (PostgresException e) {
                assertThat(e.problem().message()).contains(location.toString(), "Create this directory");
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> !replica.runs());
            replica.startReplica(stage.plain(), stage.address(0));
            stage.awaitStreaming(replica);
            assertThat(stage.sql(1, "postgres", "SELECT count(*) FROM pg_tablespace WHERE spcname = 'fast'"))
                    .isEqualTo("1");
            assertThat(location).isNotEmptyDirectory();
        }
    },

    @EachMajor
    aSlotThatLostItsWalIsMadeAnew {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            primary.apply(stage.settings(Map.of("max_slot_wal_keep_size", "1MB"), List.of()));
            primary.keepSlots(List.of(1));
            String status = "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'm_1'";
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                stage.sql(0, "postgres", "CREATE TABLE filler (); DROP TABLE filler");
                stage.sql(0, "postgres", "SELECT pg_switch_wal()");
                stage.sql(0, "postgres", "CHECKPOINT");
                return stage.sql(0, "postgres", status).equals("lost");
            });
            assertThat(primary.keepSlots(List.of(1))).containsExactly(1);
            assertThat(stage.sql(0, "postgres", status)).isEqualTo("reserved");
        }
    },

    settingsAreTriedBeforeTheyAreUsed {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.primary();
            postgres.apply(stage.settings(Map.of("work_mem", "9MB", "max_connections", "120"), List.of()));
            await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
                ServerState state = postgres.observe(Duration.ofSeconds(2));
                assertThat(state.pendingRestart()).containsExactly("max_connections");
                assertThat(stage.sql(0, "postgres", "SELECT setting FROM pg_settings WHERE name = 'work_mem'"))
                        .isEqualTo("9216");
            });
            refused(
                    stage,
                    postgres,
                    Map.of("shared_buffers", "banana"),
                    List.of(),
                    "invalid value for parameter \"shared_buffers\": \"banana\"");
            refused(
                    stage,
                    postgres,
                    Map.of("no_such", "1"),
                    List.of(),
                    "unrecognized configuration parameter \"no_such\"");
            refused(stage, postgres, Map.of("shared_preload_libraries", "nowhere"), List.of(), "nowhere");
            refused(stage, postgres, Map.of("session_preload_libraries", "nowhere"), List.of(), "nowhere");
            refused(stage, postgres, Map.of("local_preload_libraries", "nowhere"), List.of(), "nowhere");
            refused(
                    stage,
                    postgres,
                    Map.of(),
                    List.of("host all all 10.0.0.0/8 nonsense"),
                    "invalid authentication method \"nonsense\"");
            postgres.apply(stage.settings(Map.of("work_mem", "5MB"), List.of("host all app 10.9.9.9/32 reject")));
            assertThat(postgres.observe(Duration.ofSeconds(2)).rejected()).isNull();
        }

        private void refused(
                Stage stage, LocalPostgres postgres, Map<String, String> parameters, List<String> hba, String words)
                throws Exception {
            String before = Files.readString(stage.layout(0).pgdata().resolve("postgresql.conf"));
            String rules = Files.readString(stage.layout(0).pgdata().resolve("pg_hba.conf"));
            postgres.apply(stage.settings(parameters, hba));
            assertThat(Objects.requireNonNull(
                                    postgres.observe(Duration.ofSeconds(2)).rejected())
                            .message())
                    .contains(words);
            assertThat(Files.readString(stage.layout(0).pgdata().resolve("postgresql.conf")))
                    .isEqualTo(before);
            assertThat(Files.readString(stage.layout(0).pgdata().resolve("pg_hba.conf")))
                    .isEqualTo(rules);
        }
    },

    settingsThatDoNotStartFallBackToTheFormer {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.primary();
            // It passes every check of names and values, a reload shrugs at it, and then this machine has no such
            // pages.
            Settings noSuchPages = stage.settings(Map.of("huge_pages", "on", "huge_page_size", "1GB"), List.of());
            postgres.apply(noSuchPages);
            postgres.stop(Duration.ofSeconds(30));
            postgres.startPrimary(noSuchPages, 2);
            ServerState state = postgres.observe(Duration.ofSeconds(2));
            assertThat(state.accepting()).isTrue();
            assertThat(Objects.requireNonNull(state.rejected()).message()).containsIgnoringCase("memory");
        }
    },

    killingEndsEveryProcess {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.primary();
            Thread spin = Thread.ofVirtual().start(() -> {
                try {
                    stage.sql(0, "postgres", "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$");
                } catch (Exception killed) {
                    // as it shall be
                }
            });
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> stage.sql(
                                    0, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'")
                            .equals("1"));
            // Interrupted or not: what is being killed must be dead.
            Thread.currentThread().interrupt();
            postgres.kill();
            assertThat(Thread.interrupted()).isTrue();
            spin.join(Duration.ofSeconds(10));
            assertThat(spin.isAlive()).isFalse();
            assertThat(postgres.observe(Duration.ofSeconds(1)).process()).isFalse();
            postgres.startPrimary(stage.plain(), 2);
            assertThat(postgres.observe(Duration.ofSeconds(2)).accepting()).isTrue();
        }
    },

    aFrozenServerHoldsNobodyUp {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.primary();
            postgres.observe(Duration.ofSeconds(2));
            String pid = Files.readAllLines(stage.layout(0).pgdata().resolve("postmaster.pid"))
                    .getFirst();
            List<String> backends = new ArrayList<>(List.of(pid));
            for (ProcessHandle child : ProcessHandle.of(Long.parseLong(pid))
                    .orElseThrow()
                    .children()
                    .toList()) {
                backends.add(Long.toString(child.pid()));
            }
            for (String process : backends) {
                new ProcessBuilder("kill", "-STOP", process).start().waitFor();
            }
            long began = System.nanoTime();
            assertThat(postgres.observe(Duration.ofSeconds(2)).accepting()).isFalse();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));

            // Nobody accepts connections, so their queue fills: one more must not wait for a place in it.
            Path socket = stage.layout(0).socket().resolve(".s.PGSQL." + stage.port());
            List<SocketChannel> queued = new ArrayList<>();
            try {
                assertThatThrownBy(() -> {
                            while (true) {
                                SocketChannel next = SocketChannel.open(StandardProtocolFamily.UNIX);
                                queued.add(next);
                                next.configureBlocking(false);
                                next.connect(UnixDomainSocketAddress.of(socket));
                            }
                        })
                        .hasMessageContaining("temporarily unavailable");
                began = System.nanoTime();
                assertThat(postgres.observe(Duration.ofSeconds(2)).accepting()).isFalse();
                assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
            } finally {
                for (SocketChannel channel : queued) {
                    channel.close();
                }
            }
        }
    },

    functionsOfOthersAreNotCalledByTheSuperuser {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.primary();
            // Closer to the arguments than PostgreSQL's own, which takes any type of string.
            stage.sql(
                    0,
                    "postgres",
                    "CREATE FUNCTION public.pg_create_physical_replication_slot(text, boolean) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$");
            stage.sql(0, "postgres", "ALTER ROLE postgres SET search_path = public, pg_catalog");
            assertThat(postgres.keepSlots(List.of(1))).containsExactly(1);
            assertThatThrownBy(() -> stage.sql(
                            0, "postgres", "SELECT pg_create_physical_replication_slot('x'::text, true)::text"))
                    .hasMessageContaining("called");
        }
    },

    passwordsChangeAndGo {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.primary();
            String before = stage.sql(0, "postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'");
            postgres.password("app", "another");
            assertThat(stage.sql(0, "postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'"))
                    .isNotEqualTo(before);
            postgres.password("postgres", "x");
            postgres.password("postgres", null);
            assertThat(stage.sql(0, "postgres", "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'postgres'"))
                    .isEqualTo("t");
        }
    },

    anothersDataIsRefusedAndUntouched {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.primary();
            postgres.stop(Duration.ofSeconds(30));
            Path member = stage.layout(0).state().resolve("member.json");
            String mine = Files.readString(member);
            Files.writeString(member, mine.replace("shop/orders", "shop/billing"));
            assertThat(postgres.inspect().content()).isEqualTo(VolumeContent.Foreign);
            assertThat(Objects.requireNonNull(postgres.inspect().problem()).message())
                    .contains("shop/billing", "data-orders-0");
            Files.delete(member);
            assertThat(postgres.inspect().content()).isEqualTo(VolumeContent.Foreign);
            assertThatThrownBy(() -> postgres.initdb(stage.plain(), "x", List.of()))
                    .hasMessageContaining("not empty");
            Files.writeString(member, mine);
            assertThat(postgres.inspect().content()).isEqualTo(VolumeContent.Data);
        }
    },

    permissionsAreRepairedAndAStalePidIsNoObstacle {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres postgres = stage.primary();
            postgres.kill();
            Files.setPosixFilePermissions(stage.layout(0).pgdata(), PosixFilePermissions.fromString("rwxrwxr-x"));
            // Any process may have that pid by now, such as a thread of an agent after a node was powered off.
            Process anybody = new ProcessBuilder("sleep", "60").start();
            String lock = anybody.pid() + "\n" + stage.layout(0).pgdata() + "\n";
            Files.writeString(stage.layout(0).pgdata().resolve("postmaster.pid"), lock);
            Files.writeString(
                    stage.layout(0)
                            .socket()
                            .resolve(
                                    ".s.PGSQL.%d.lock".formatted(stage.layout(0).port())),
                    lock);
            try {
                postgres.inspect();
                postgres.startPrimary(stage.plain(), 2);
                assertThat(postgres.observe(Duration.ofSeconds(2)).accepting()).isTrue();
            } finally {
                anybody.destroyForcibly();
            }
        }
    },

    walIsOnItsOwnVolume {
        @Override
        void play(Stage stage) throws Exception {
            stage.separateWal();
            LocalPostgres primary = stage.primary();
            assertThat(Files.readSymbolicLink(stage.layout(0).pgdata().resolve("pg_wal")))
                    .isEqualTo(Objects.requireNonNull(stage.layout(0).walFolder()));
            primary.keepSlots(List.of(1));
            LocalPostgres replica = stage.member(1);
            replica.inspect();
            replica.cloneFrom(
                    stage.plain(),
                    "127.0.0.1",
                    Objects.requireNonNull(primary.inspect().systemIdentifier()));
            assertThat(Files.isSymbolicLink(stage.layout(1).pgdata().resolve("pg_wal")))
                    .isTrue();
            replica.discard();
            assertThat(replica.inspect().content()).isEqualTo(VolumeContent.Empty);
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
