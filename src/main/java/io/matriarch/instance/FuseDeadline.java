package io.matriarch.instance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/** The file that the fuse reads: when it is to end everything, in hundredths of a second since the machine started; 0 for never. */
final class FuseDeadline {
    private final Path file;

    FuseDeadline(Path run) {
        this.file = run.resolve("deadline");
    }

    void arm(Duration deadline) {
        write(Long.toString(deadline.toMillis() / 10));
    }

    /** Only when no PostgreSQL of ours runs as primary. */
    void disarm() {
        write("0");
    }

    private void write(String text) {
        try {
            Path next = file.resolveSibling("deadline.new");
            Files.writeString(next, text + "\n");
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
