package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Finds the processes of a container, all of them, orphans and sessions of their own too. Each inherits the variable {@code container}. PostgreSQL's
 * children overwrite their environment with their title; those are known by their working folder, which is in one of the container's volumes.
 */
final class Processes {
    private static final Path PROC = Path.of("/proc");

    private Processes() {}

    /**
     * Process ids, as they are at this moment.
     *
     * @param mark value of the variable {@code container}
     * @param volumes real paths of the volumes that the container mounts
     */
    static List<Long> of(String mark, Collection<Path> volumes) {
        List<Long> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : all) {
                if (belongs(entry, mark, volumes)) {
                    found.add(Long.parseLong(entry.getFileName().toString()));
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return found;
    }

    private static boolean belongs(Path process, String mark, Collection<Path> volumes) {
        try {
            String environment =
                    "\0" + new String(Files.readAllBytes(process.resolve("environ")), StandardCharsets.ISO_8859_1);
            if (environment.contains("\0container=")) {
                return environment.contains("\0container=" + mark + "\0");
            }
            if (!environment.isBlank() && !environment.chars().allMatch(c -> c == 0)) {
                return false;
            }
            Path folder = Files.readSymbolicLink(process.resolve("cwd"));
            return volumes.stream().anyMatch(folder::startsWith);
        } catch (IOException e) {
            return false; // it has ended, or is somebody else's
        }
    }

    /** Letter of the state in {@code /proc/PID/stat}; {@code X} when it is gone. */
    static char state(long pid) {
        try {
            String stat = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return 'X';
        }
    }

    static String commandLine(long pid) {
        try {
            return Files.readString(PROC.resolve(pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ')
                    .strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** Sends a signal; who has ended meanwhile does not mind. */
    static void signal(String name, Collection<Long> pids) throws IOException {
        if (pids.isEmpty()) {
            return;
        }
        List<String> command = new ArrayList<>(List.of("kill", "-" + name));
        pids.forEach(pid -> command.add(Long.toString(pid)));
        Process kill = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            kill.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
