package io.matriarch.instance.fence;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/** The file that the fuse reads: when it is to end everything, in hundredths of a second since the machine started; 0 for never. */
public final class FuseDeadline {
    private final Path file;
    private Duration armed = Duration.ZERO;

    public FuseDeadline(Path run) {
        this.file = run.resolve("deadline");
    }

    synchronized void arm(Duration deadline) {
        write(Long.toString(deadline.toMillis() / 10));
        armed = deadline;
    }

    /** Moves it, never towards now: proofs may become known in another order than they were made in. */
    public synchronized void extend(Duration deadline) {
        if (deadline.compareTo(armed) > 0) {
            arm(deadline);
        }
    }

    /** Moves it towards now, if it is armed beyond {@code deadline}. */
    public synchronized void lower(Duration deadline) {
        if (armed.compareTo(deadline) > 0) {
            arm(deadline);
        }
    }

    /** What it is set to; zero for never. */
    public synchronized Duration armed() {
        return armed;
    }

    /** Disarms it, unless it was armed anew since it stood at {@code deadline}. */
    synchronized void disarmUpTo(Duration deadline) {
        if (!armed.isZero() && armed.compareTo(deadline) <= 0) {
            disarm();
        }
    }

    /** Only when no PostgreSQL of ours runs as primary. */
    public synchronized void disarm() {
        write("0");
        armed = Duration.ZERO;
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
