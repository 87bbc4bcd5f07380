package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** One run of a container: its first process and whatever that one started. When the first process ends, so does everything else. */
final class ContainerProcess {
    private static final int ROUNDS = 400;

    private final Process first;
    private final String mark;
    private final Collection<Path> volumes;
    private final CompletableFuture<Integer> ended;

    private ContainerProcess(Process first, String mark, Collection<Path> volumes) {
        this.first = first;
        this.mark = mark;
        this.volumes = volumes;
        this.ended = first.onExit().thenApplyAsync(process -> {
            kill();
            return process.exitValue();
        });
    }

    /**
     * Starts it.
     *
     * @param command with what makes it run as another user
     * @param mark value of the variable {@code container}, by which its processes are found
     * @param log gets what it writes
     */
    static ContainerProcess start(
            List<String> command,
            Map<String, String> environment,
            String mark,
            Path folder,
            Collection<Path> volumes,
            Path log)
            throws IOException {
        ProcessBuilder builder = builder(command, environment, mark, folder);
        builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        Process process = builder.start();
        process.getOutputStream().close();
        return new ContainerProcess(process, mark, volumes);
    }

    private static ProcessBuilder builder(
            List<String> command, Map<String, String> environment, String mark, Path folder) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment().put("container", mark);
        return builder;
    }

    /**
     * Runs another program in the container, as probes and {@code kubectl exec} do; exit code, or empty after {@code patience}.
     *
     * @param gate passed while the program is started
     */
    static java.util.Optional<Integer> exec(
            List<String> command,
            Map<String, String> environment,
            String mark,
            Path folder,
            Supplier<Gate.Pass> gate,
            Duration patience)
            throws IOException, InterruptedException {
        Process process;
        try (Gate.Pass pass = gate.get()) {
            process = builder(command, environment, mark, folder)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        }
        process.getOutputStream().close();
        if (process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            return java.util.Optional.of(process.exitValue());
        }
        process.destroyForcibly();
        return java.util.Optional.empty();
    }

    long pid() {
        return first.pid();
    }

    /** Completes with the exit code of process 1 once no process is left. */
    CompletableFuture<Integer> ended() {
        return ended;
    }

    List<Long> processes() {
        return Processes.of(mark, volumes);
    }

    List<Long> processes(Predicate<String> commandLine) {
        return processes().stream()
                .filter(pid -> commandLine.test(Processes.commandLine(pid)))
                .toList();
    }

    /** Signals process 1. */
    void signal(String name) throws IOException {
        if (first.isAlive()) {
            Processes.signal(name, List.of(first.pid()));
        }
    }

    /** SIGKILLs all, until nothing is left. */
    void kill() {
        for (int round = 0; round < ROUNDS; round++) {
            List<Long> left = new ArrayList<>(processes());
            if (first.isAlive()) {
                left.add(first.pid());
            }
            left.removeIf(pid -> Processes.state(pid) == 'Z' || Processes.state(pid) == 'X');
            if (left.isEmpty()) {
                return;
            }
            try {
                Processes.signal("KILL", left);
                TimeUnit.MILLISECONDS.sleep(5);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                // go on: what is being killed must be dead
            }
        }
        throw new IllegalStateException("processes of " + mark + " survive SIGKILL: " + processes());
    }

    /** SIGSTOPs all, until nothing runs; answers those that did until now. */
    Set<Long> freeze() throws IOException {
        Set<Long> stopped = new TreeSet<>();
        for (int round = 0; round < ROUNDS; round++) {
            List<Long> running = processes().stream()
                    .filter(pid -> "TZX".indexOf(Processes.state(pid)) < 0)
                    .toList();
            if (running.isEmpty()) {
                return stopped;
            }
            Processes.signal("STOP", running);
            stopped.addAll(running);
        }
        throw new IOException("processes of " + mark + " do not stop: " + processes());
    }

    void thaw() throws IOException {
        Processes.signal("CONT", processes());
    }
}
