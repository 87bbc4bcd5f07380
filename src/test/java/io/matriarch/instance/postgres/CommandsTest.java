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
    @Timeout(20)
    void anInterruptEndsTheProgramEvenWhenItSaysNothing() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Commands.run(List.of("sleep", "60"), Path.of("/")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}
