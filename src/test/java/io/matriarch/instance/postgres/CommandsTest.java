package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CommandsTest {
    @Test
    void theLastLinesOfBothStreamsAreKeptWithTheExitCode() throws IOException {
        Commands.Outcome outcome =
                Commands.run(List.of("bash", "-c", "seq 500; echo 'error: sad' >&2; exit 3"), Path.of("/"));
        assertThat(outcome.exit()).isEqualTo(3);
        assertThat(outcome.lines()).hasSize(200).endsWith("500", "error: sad");
        assertThat(outcome.complaint()).isEqualTo("error: sad");
    }

    @Test
    void aComplaintIsWhole() {
        assertThat(new Commands.Outcome(
                                1,
                                List.of(
                                        "pg_basebackup: initiating base backup, waiting for checkpoint to complete",
                                        "pg_basebackup: error: directory \"/ts\" exists but is not empty",
                                        "pg_basebackup: hint: If you want to store it there, either remove or empty",
                                        "the directory \"/ts\".",
                                        "pg_basebackup: removing contents of data directory \"/d\""))
                        .complaint())
                .isEqualTo(
                        "pg_basebackup: error: directory \"/ts\" exists but is not empty; pg_basebackup: hint: If you want to store it there, either remove or empty the directory \"/ts\".");
        assertThat(new Commands.Outcome(
                                1,
                                List.of(
                                        "2026-01-01 00:00:00 UTC [7] FATAL:  lock file \"postmaster.pid\" already exists",
                                        "2026-01-01 00:00:00 UTC [7] HINT:  Is another postmaster running?",
                                        "2026-01-01 00:00:00 UTC [7] LOG:  database system is shut down"))
                        .complaint())
                .contains("already exists; 2026", "HINT:  Is another postmaster running?")
                .doesNotContain("shut down");
    }

    @Test
    @Timeout(20)
    void anInterruptEndsTheProgramEvenWhenItSaysNothing() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Commands.run(List.of("sleep", "60"), Path.of("/")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}
