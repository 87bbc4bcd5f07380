package io.matriarch.instance.fence;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/** The file that the fuse reads: when it must end everything, in hundredths of a second since the machine started; 0 for never. */
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

    /** Moves the deadline later, never earlier: proofs may become known in a different order from that in which they were made. */
    public synchronized void extend(Duration deadline) {
        if (deadline.compareTo(armed) > 0) {
            arm(deadline);
        }
    }

    /** Moves the deadline earlier, if it is later than {@code deadline}. */
    public synchronized void lower(Duration deadline) {
        if (armed.compareTo(deadline) > 0) {
            arm(deadline);
        }
    }

    /** The deadline; zero for never. */
    public synchronized Duration armed() {
        return armed;
    }

    /** Disarms the fuse, unless its deadline is later than {@code deadline}. */
    synchronized void disarmUpTo(Duration deadline) {
        if (!armed.isZero() && armed.compareTo(deadline) <= 0) {
            disarm();
        }
    }

    /** Disarms the fuse; allowed only while no PostgreSQL of this agent runs as primary. */
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
