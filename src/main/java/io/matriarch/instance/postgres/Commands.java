package io.matriarch.instance.postgres;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs PostgreSQL's programs. Secrets never travel in arguments. */
final class Commands {
    private static final int KEPT = 200;

    private Commands() {}

    /** How a program ended, with the last lines that it wrote to either stream. */
    record Outcome(int exit, List<String> lines) {
        boolean ok() {
            return exit == 0;
        }

        /** Whether there may have been lines before these. */
        boolean cut() {
            return lines.size() >= KEPT;
        }

        String text() {
            return String.join("\n", lines);
        }

        /** The lines that say what went wrong, for a person. */
        String complaint() {
            List<String> telling = lines.stream()
                    .filter(line -> line.contains("error:")
                            || line.contains("FATAL")
                            || line.contains("PANIC")
                            || line.contains("No space"))
                    .toList();
            List<String> chosen = telling.isEmpty() ? lines : telling;
            return String.join("; ", chosen.subList(Math.max(0, chosen.size() - 3), chosen.size()));
        }
    }

    /** Runs a program to its end. When this thread is interrupted the program is killed. */
    static Outcome run(List<String> command, Path folder) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("LC_MESSAGES", "C");
        builder.environment().put("PGAPPNAME", "matriarch");
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            List<String> lines = new ArrayList<>();
            // Reading cannot be interrupted, waiting can.
            Thread reader = Thread.ofVirtual().name("output").start(() -> read(process, lines));
            int exit = process.waitFor();
            reader.join();
            return new Outcome(exit, lines);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + command.getFirst() + " ran", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static void read(Process process, List<String> lines) {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (!line.isBlank()) {
                    lines.add(line);
                }
                if (lines.size() > KEPT) {
                    lines.removeFirst();
                }
            }
        } catch (IOException e) {
            lines.add("its output cannot be read: " + e.getMessage());
        }
    }
}
