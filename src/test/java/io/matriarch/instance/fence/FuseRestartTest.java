package io.matriarch.instance.fence;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The fuse's folder outlives a container, and with it the deadline that ended the one before. */
@Tag("machine")
class FuseRestartTest {
    private static final int AGENTS_OWN_EXIT_CODE = 7;

    @Test
    void aDeadlineLeftByTheFormerContainerDoesNotEndTheNextOne(@TempDir Path home) throws Exception {
        Path fuse = Files.createDirectories(home.resolve("bin")).resolve("fuse");
        Files.copy(Path.of("src/main/resources/fuse/fuse"), fuse);
        Path agent = Files.createDirectories(home.resolve("runtime/bin")).resolve("java");
        Files.writeString(agent, "#!/usr/bin/env bash\nsleep 1\nexit " + AGENTS_OWN_EXIT_CODE + "\n");
        Files.setPosixFilePermissions(agent, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path run = Files.createDirectories(home.resolve("run"));
        Files.writeString(run.resolve("deadline"), "1\n");

        ProcessBuilder command = new ProcessBuilder("bash", fuse.toString(), "instance");
        command.environment().put("MATRIARCH_RUN", run.toString());
        Process process = command.redirectErrorStream(true).start();
        try {
            String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(said).isEqualTo(AGENTS_OWN_EXIT_CODE);
        } finally {
            process.destroyForcibly();
        }
    }
}
