package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.instance.facts.TimelineHistory;
import io.matriarch.instance.facts.VolumeState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What {@link RewindTest} runs, each in a process of its own. */
enum RewindScenario {
    /** pg_rewind of 15 and older says here that no rewind is required, and the copy keeps the row that nobody else has. */
    @EachMajor
    aPrimaryThatHasNotCompletedACheckpointIsNoSource {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres former = stage.primary();
            LocalPostgres next = diverged(stage, former);
            String checkpointer =
                    stage.sql(1, "postgres", "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
            signal("STOP", checkpointer);
            try {
                next.replication().promote(2, 2);
                refused(stage, former, 1, "RewindFailed", "has completed a checkpoint on timeline 2");
            } finally {
                signal("CONT", checkpointer);
            }
            next.replication().checkpoint();
            comesBack(stage, former, next);
        }
    },

    aStandbyIsNoSource {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres former = stage.primary();
            LocalPostgres next = diverged(stage, former);
            next.replication().promote(2, 2);
            next.replication().checkpoint();
            stage.replica(2, 1);
            refused(stage, former, 2, "RewindFailed", "in recovery");
            comesBack(stage, former, next);
        }
    },

    /** The row is committed in the block, by a hint bit, and the block is in no record behind the fork. */
    @EachMajor
    hintBitsThatWereNotLoggedAreNotLeftBehind {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres former = stage.primary();
            former.stop(Duration.ofSeconds(20));
            asSomebodyElse(stage, "pg_checksums", "--disable");
            asSomebodyElse(
                    stage,
                    "pg_ctl",
                    "start",
                    "--wait",
                    "--silent",
                    "--log=" + stage.layout(0).run().resolve("log"),
                    "--options=-c wal_log_hints=off");
            LocalPostgres next = stage.replica(1, 0);
            ghost(stage, next);
            stage.sql(0, "postgres", "CHECKPOINT");
            former.kill();
            // From here on hint bits are logged, which is all that pg_rewind asks.
            former.startPrimary(stage.plain(), 3);
            assertThat(stage.sql(0, "postgres", "SELECT current_setting('wal_log_hints')"))
                    .isEqualTo("on");
            former.stop(Duration.ofSeconds(20));
            next.replication().promote(2, 2);
            next.replication().checkpoint();
            assertThat(stage.sql(1, "postgres", "SELECT count(*) FROM t")).isEqualTo("0");

            refused(stage, former, 1, "NotRewindable", "only from 0/");
            former.discard();
            next.keepSlots(List.of(0));
            former.cloneFrom(stage.plain(), stage.address(1), stage.system(next));
            former.startReplica(stage.plain(), stage.address(1));
            stage.awaitStreaming(former);
            assertThat(stage.sql(0, "postgres", "SELECT count(*) FROM t")).isEqualTo("0");
        }
    },

    /** ALTER SYSTEM cannot be forbidden before 17. */
    hintBitsAreLoggedWhateverAlterSystemSays {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres primary = stage.primary();
            primary.stop(Duration.ofSeconds(20));
            Files.writeString(
                    stage.layout(0).pgdata().resolve("postgresql.auto.conf"),
                    "wal_log_hints = 'off'\nfull_page_writes = 'off'\n");
            primary.startPrimary(stage.plain(), 2);
            assertThat(stage.sql(
                            0,
                            "postgres",
                            "SELECT current_setting('wal_log_hints') || current_setting('full_page_writes')"))
                    .isEqualTo("onon");
        }
    },

    /** pg_rewind goes by what a replica has replayed: it says that no rewind is required. */
    @EachMajor
    whatWasReceivedAndNotReplayedIsNotForgotten {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres former = stage.primary();
            LocalPostgres next = stage.replica(1, 0);
            LocalPostgres ahead = stage.replica(2, 0);
            stage.sql(0, "postgres", "CREATE TABLE t (n int)");
            stage.awaitFlushed(next, stage.flushed(0));
            stage.sql(2, "postgres", "SELECT pg_wal_replay_pause()");
            next.replication().stopReceiving(Duration.ofSeconds(1));
            stage.sql(0, "postgres", "INSERT INTO t SELECT generate_series(1, 1000)");
            stage.awaitFlushed(ahead, stage.flushed(0));
            former.kill();
            next.replication().promote(2, 2);
            next.replication().checkpoint();
            ahead.stop(Duration.ofSeconds(20));
            VolumeState before = ahead.measure();

            assertThatThrownBy(() -> ahead.replication().rewind(stage.plain(), stage.address(1), 2))
                    .isInstanceOfSatisfying(PostgresException.class, e -> {
                        assertThat(e.problem().reason()).isEqualTo("NotRewindable");
                        assertThat(e.problem().message()).contains("finds nothing to do", "timeline 2 left that at");
                    });
            assertThat(ahead.measure()).as("nothing was changed").isEqualTo(before);
        }
    },

    whatPgRewindLeavesIsVerified {
        @Override
        void play(Stage stage) throws Exception {
            LocalPostgres former = stage.primary();
            LocalPostgres next = diverged(stage, former);
            next.replication().promote(2, 2);
            next.replication().checkpoint();
            TimelineHistory history = next.replication().history(stage.address(1), 2);
            Binaries real = Binaries.find();
            Path folder = Files.createDirectory(stage.layout(0).run().resolve("bin"));
            for (String program : List.of("psql", "pg_controldata", "pg_waldump")) {
                Files.createSymbolicLink(folder.resolve(program), Path.of(real.program(program)));
            }
            Files.writeString(
                    folder.resolve("pg_rewind"),
                    "#!/bin/sh\necho 'pg_rewind: need to copy 1 MB'\necho 'pg_rewind: Done!'\n");
            Files.setPosixFilePermissions(folder.resolve("pg_rewind"), PosixFilePermissions.fromString("rwxr-xr-x"));

            Volume volume = new Volume(stage.layout(0));
            assertThatThrownBy(() -> new Rewind(stage.layout(0), new Binaries(folder, real.major()), volume)
                            .from(stage.address(1), history, changed -> {
                                throw new AssertionError("it is not whole");
                            }))
                    .isInstanceOfSatisfying(
                            PostgresException.class,
                            e -> assertThat(e.problem().reason()).isEqualTo("RewindBroke"));
            assertThat(former.inspect().content()).isEqualTo(VolumeContent.Unfinished);
        }
    };

    /** The other member, which was elected without a row that the killed primary has. */
    private static LocalPostgres diverged(Stage stage, LocalPostgres former) throws Exception {
        LocalPostgres next = stage.replica(1, 0);
        stage.sql(0, "postgres", "CREATE TABLE t (n int)");
        stage.awaitFlushed(next, stage.flushed(0));
        next.replication().stopReceiving(Duration.ofSeconds(1));
        stage.sql(0, "postgres", "INSERT INTO t VALUES (666)");
        former.kill();
        return next;
    }

    /** Commits a row whose insertion the elected member has, and writes that into the row's own block. */
    private static void ghost(Stage stage, LocalPostgres next) throws Exception {
        stage.sql(0, "postgres", "CREATE TABLE t (n int)");
        try (Sql session = Sql.openForUser(stage.layout(0), "postgres", Duration.ofSeconds(30))) {
            session.execute("BEGIN");
            session.execute("INSERT INTO t VALUES (666)");
            stage.sql(0, "postgres", "CHECKPOINT");
            stage.awaitFlushed(next, stage.flushed(0));
            next.replication().stopReceiving(Duration.ofSeconds(1));
            session.execute("COMMIT");
        }
        assertThat(stage.sql(0, "postgres", "SELECT count(*) FROM t")).isEqualTo("1");
    }

    /** What others may have done with the data of member 0. */
    private static void asSomebodyElse(Stage stage, String program, String... arguments) throws Exception {
        Path pgdata = stage.layout(0).pgdata();
        List<String> command = new ArrayList<>(List.of(Binaries.find().program(program), "--pgdata=" + pgdata));
        command.addAll(List.of(arguments));
        Commands.Outcome outcome = Commands.run(command, pgdata);
        assertThat(outcome.ok()).as(outcome.text()).isTrue();
    }

    private static void refused(Stage stage, LocalPostgres former, int source, String reason, String words)
            throws Exception {
        VolumeState before = former.inspect();
        assertThatThrownBy(() -> former.replication().rewind(stage.plain(), stage.address(source), 2))
                .isInstanceOfSatisfying(PostgresException.class, e -> {
                    assertThat(e.problem().reason()).isEqualTo(reason);
                    assertThat(e.problem().message()).contains(words);
                });
        assertThat(former.inspect()).as("nothing was changed").isEqualTo(before);
    }

    private static void comesBack(Stage stage, LocalPostgres former, LocalPostgres next) throws Exception {
        next.keepSlots(List.of(0));
        former.replication().rewind(stage.plain(), stage.address(1), 2);
        former.startReplica(stage.plain(), stage.address(1));
        stage.awaitStreaming(former);
        assertThat(stage.sql(0, "postgres", "SELECT count(*) FROM t")).isEqualTo("0");
    }

    private static void signal(String name, String process) throws Exception {
        new ProcessBuilder("kill", "-" + name, process).start().waitFor();
    }

    abstract void play(Stage stage) throws Exception;

    public static void main(String[] arguments) throws Exception {
        try (Stage stage = new Stage(Path.of(arguments[1]))) {
            valueOf(arguments[0]).play(stage);
        }
        System.exit(0);
    }
}
