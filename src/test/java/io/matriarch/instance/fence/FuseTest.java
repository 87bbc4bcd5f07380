package io.matriarch.instance.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real script, with shell scripts in the place of the agent. */
@Tag("machine")
class FuseTest {
    private static final Path FUSE = Path.of("src/main/resources/fuse/fuse").toAbsolutePath();
    /** No exit code of an agent: a container that ended with it was ended by its fuse. */
    private static final int BURNT = 75;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @TempDir
    Path folder = Path.of("");

    private final List<Process> started = new ArrayList<>();
    private Path run = Path.of("");
    private Path pgdata = Path.of("");

    @BeforeEach
    void folders() throws IOException {
        run = Files.createDirectory(folder.resolve("run"));
        pgdata = Files.createDirectories(folder.resolve("data/pgdata"));
    }

    @AfterEach
    void endAll() {
        started.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }

    @Test
    void agentsExitCodeIsKept() throws Exception {
        assertThat(exit(fuse("exit 7"))).isEqualTo(7);
    }

    @Test
    void termAndIntReachTheAgentAsTerm() throws Exception {
        for (String signal : List.of("TERM", "INT")) {
            Process fuse = fuse("trap 'exit 42' TERM; echo up >$MATRIARCH_RUN/up; while :; do read -t 1 <> <(:); done");
            awaitFile("up");
            new ProcessBuilder("kill", "-" + signal, Long.toString(fuse.pid()))
                    .start()
                    .waitFor();
            assertThat(exit(fuse)).as(signal).isEqualTo(42);
            Files.delete(run.resolve("up"));
        }
    }

    @Test
    void frozenAgentIsEndedAtItsDeadline() throws Exception {
        Process fuse = fuse("""
                echo $$ >$MATRIARCH_RUN/pid
                %s
                kill -STOP $$
                """.formatted(deadlineIn(50)));
        assertThat(exit(fuse)).isEqualTo(BURNT);
        assertThat(alive("pid")).as("the frozen agent").isFalse();
    }

    @Test
    void agentThatKeepsMovingItsDeadlineLives() throws Exception {
        Process fuse = fuse("""
                for round in 1 2 3 4 5 6 7 8; do
                  %s
                  sleep 0.2
                done
                exit 5
                """.formatted(deadlineIn(80)));
        assertThat(exit(fuse)).isEqualTo(5);
    }

    @Test
    void aDeadlineThatVanishesStillHolds() throws Exception {
        Process fuse = fuse("""
                %s
                sleep 0.5
                rm $MATRIARCH_RUN/deadline
                while :; do sleep 0.1; done
                """.formatted(deadlineIn(150)));
        assertThat(exit(fuse)).isEqualTo(BURNT);
    }

    @Test
    void whatRunsInPgdataAndTheAgentsProgramsEndWithIt() throws Exception {
        Process fuse = fuse("""
                cd $MATRIARCH_DATA/pgdata
                setsid bash -c 'echo $$ >$MATRIARCH_RUN/backend; sleep 1000' &
                cd /
                bash -c 'echo $$ >$MATRIARCH_RUN/program; sleep 1000' &
                %s
                while :; do sleep 0.1; done
                """.formatted(deadlineIn(80)));
        assertThat(exit(fuse)).isEqualTo(BURNT);
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(alive("backend")).as("a process in PGDATA").isFalse();
            assertThat(alive("program")).as("a program of the agent").isFalse();
        });
    }

    @Test
    void asProcessOneItReapsOrphansAndTakesAllWithIt() throws Exception {
        List<String> unshare =
                List.of("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child");
        List<String> probe = new ArrayList<>(unshare);
        probe.add("true");
        assumeTrue(new ProcessBuilder(probe).start().waitFor() == 0, "this machine lets nobody make a PID namespace");

        Process fuse = fuse(unshare, """
                (sleep 0.1 &)
                sleep 0.8
                grep -l '^State:.Z' /proc/[0-9]*/status >$MATRIARCH_RUN/zombies
                tr '\\0' ' ' </proc/1/cmdline >$MATRIARCH_RUN/first
                exit 0
                """);
        assertThat(exit(fuse)).isZero();
        assertThat(run.resolve("first")).content().contains("/fuse instance");
        assertThat(run.resolve("zombies")).content().isEmpty();
    }

    private static String deadlineIn(int hundredths) {
        return "read now _ </proc/uptime; echo $((${now/./} + %d)) >$MATRIARCH_RUN/deadline.new; mv $MATRIARCH_RUN/deadline.new $MATRIARCH_RUN/deadline"
                .formatted(hundredths);
    }

    private Process fuse(String agent) throws IOException {
        return fuse(List.of(), agent);
    }

    private Process fuse(List<String> before, String agent) throws IOException {
        Path script = Files.createDirectories(folder.resolve("runtime/bin")).resolve("java");
        Files.writeString(script, "#!/usr/bin/env bash\n" + agent);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        Path copy = Files.createDirectories(folder.resolve("bin")).resolve("fuse");
        Files.copy(FUSE, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwx------"));
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of(copy.toString(), "instance"));
        // A shell's background job ignores SIGINT, and so does all that it starts, for good; a container's first
        // process does not.
        List<String> undisturbed = new ArrayList<>(List.of("env", "--default-signal=INT"));
        undisturbed.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(undisturbed).inheritIO();
        builder.environment().put("MATRIARCH_RUN", run.toString());
        builder.environment().put("MATRIARCH_DATA", folder.resolve("data").toString());
        Process process = builder.start();
        started.add(process);
        return process;
    }

    private static int exit(Process fuse) throws InterruptedException {
        assertThat(fuse.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("the fuse ended")
                .isTrue();
        return fuse.exitValue();
    }

    private void awaitFile(String name) {
        await().atMost(PATIENCE).until(() -> Files.exists(run.resolve(name)));
    }

    private boolean alive(String pidFile) throws IOException {
        awaitFile(pidFile);
        long pid = Long.parseLong(Files.readString(run.resolve(pidFile)).strip());
        Path status = Path.of("/proc/" + pid + "/status");
        return Files.exists(status) && !Files.readString(status).contains("State:\tZ");
    }
}
