package io.matriarch.playground;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user has one playground at a time, and a dead one stops nobody. */
@Tag("machine")
class OnlyOneTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void theSecondIsToldWhoTheFirstIs() throws Exception {
        Path file = folder.resolve("lock");
        try (OnlyOne first = OnlyOne.hold(file)) {
            assertThatThrownBy(() -> OnlyOne.hold(file))
                    .as("%s", first)
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining("process " + ProcessHandle.current().pid());
        }
    }

    @Test
    void whatADeadOneLeftIsTakenOverAndGoesInTheEnd() throws Exception {
        Path file = Files.writeString(folder.resolve("lock"), "4194303999");
        try (OnlyOne taken = OnlyOne.hold(file)) {
            assertThat(file)
                    .as("%s", taken)
                    .hasContent(Long.toString(ProcessHandle.current().pid()));
        }
        assertThat(file).doesNotExist();
    }

    @Test
    void aFolderThatDoesNotLetUsIsOneLine() {
        assertThatThrownBy(() -> OnlyOne.hold(Path.of("/proc/lock")))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("/proc/lock")
                .hasMessageNotContaining("\n");
    }

    /** Holds the lock as another program. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] arguments) throws Exception {
            try (OnlyOne held = OnlyOne.hold(Path.of(arguments[0]))) {
                System.out.println("held by " + held);
                System.in.read();
            }
        }
    }

    @Test
    void anotherProgramHoldsItUntilItEnds() throws Exception {
        Path file = folder.toRealPath().resolve("lock");
        Process holder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Holder.class.getName(),
                        file.toString())
                .start();
        try {
            assertThat(holder.inputReader().readLine()).startsWith("held");
            assertThatThrownBy(() -> OnlyOne.hold(file))
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining("process " + holder.pid());
        } finally {
            holder.destroyForcibly().waitFor();
        }
        OnlyOne.hold(file).close();
    }
}
