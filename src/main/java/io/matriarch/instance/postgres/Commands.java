package io.matriarch.instance.postgres;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Runs PostgreSQL's programs. Secrets are never passed as arguments. */
final class Commands {
    private static final int KEPT = 200;

    private static final Pattern TELLING = Pattern.compile("error:|FATAL|PANIC|No space");
    private static final Pattern MORE = Pattern.compile("\\b(detail|hint|DETAIL|HINT): ");
    /** The beginning of another message of a program or of a server, or progress. */
    private static final Pattern OTHER = Pattern.compile("^[a-z_]+: |^[0-9]{4}-|\\bkB\\b|\\.\\.\\. ?");

    private Commands() {}

    /** How a program ended, with the last lines that it wrote to either stream. */
    record Outcome(int exit, List<String> lines) {
        boolean ok() {
            return exit == 0;
        }

        /** Whether there may have been earlier lines that are lost. */
        boolean cut() {
            return lines.size() >= KEPT;
        }

        String text() {
            return String.join("\n", lines);
        }

        /** What went wrong, for a human: the last messages that say so, each with its details, hints and further lines. */
        String complaint() {
            List<String> telling = new ArrayList<>();
            boolean goesOn = false;
            for (String line : lines) {
                if (TELLING.matcher(line).find()) {
                    telling.add(line);
                    goesOn = true;
                } else if (goesOn
                        && (MORE.matcher(line).find() || !OTHER.matcher(line).find())) {
                    telling.add(telling.removeLast() + (MORE.matcher(line).find() ? "; " : " ") + line.strip());
                } else {
                    goesOn = false;
                }
            }
            List<String> chosen = telling.isEmpty() ? lines : telling;
            return String.join("; ", chosen.subList(Math.max(0, chosen.size() - 3), chosen.size()));
        }
    }

    /** Runs a program to its end. If this thread is interrupted, the program is killed. */
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
            // Reading cannot be interrupted, but waiting can.
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
