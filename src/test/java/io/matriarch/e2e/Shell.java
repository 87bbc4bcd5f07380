package io.matriarch.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a command of this machine, as a user would. */
final class Shell {
    private static final Duration LIMIT = Duration.ofMinutes(10);

    private Shell() {}

    /** What a command answered. */
    record Answer(int exit, String out, String err) {
        boolean ok() {
            return exit == 0;
        }

        /** Both streams, for messages. */
        String text() {
            return (out + "\n" + err).strip();
        }
    }

    /** Runs it and returns what it wrote to standard output; fails with all it said when its exit code is not 0. */
    static String must(String input, List<String> command) {
        Answer answer = run(input, command);
        if (!answer.ok()) {
            throw new AssertionError(
                    String.join(" ", command) + " ended with " + answer.exit() + ":\n" + answer.text());
        }
        return answer.out().strip();
    }

    static Answer run(String input, List<String> command) {
        try {
            Path out = Files.createTempFile("out", ".txt");
            Path err = Files.createTempFile("err", ".txt");
            try {
                Process process = new ProcessBuilder(command)
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
                try (var stdin = process.getOutputStream()) {
                    stdin.write(input.getBytes(StandardCharsets.UTF_8));
                } catch (IOException closedEarly) {
                    // the command did not want to read it all; its exit code tells whether that matters
                }
                if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new AssertionError(String.join(" ", command) + " did not end within " + LIMIT);
                }
                return new Answer(process.exitValue(), Files.readString(out), Files.readString(err));
            } finally {
                Files.deleteIfExists(out);
                Files.deleteIfExists(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while running " + String.join(" ", command), e);
        }
    }
}
