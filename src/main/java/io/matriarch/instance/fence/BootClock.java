package io.matriarch.instance.fence;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Time since this machine started, including time in suspension (BOOTTIME): nobody can set it, and it does not stop while a virtual machine is
 * paused. It is read from the same file that the fuse reads, to a hundredth of a second.
 */
public final class BootClock {
    private static final Path UPTIME = Path.of("/proc/uptime");

    public Duration now() {
        try {
            String text = Files.readString(UPTIME);
            return Duration.ofMillis(
                    Long.parseLong(text.substring(0, text.indexOf(' ')).replace(".", "")) * 10);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
