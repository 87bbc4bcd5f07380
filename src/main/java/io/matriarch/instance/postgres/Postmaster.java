package io.matriarch.instance.postgres;

import io.matriarch.api.contract.MemberReport.Problem;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The postmaster: started as a child, its log passed on line by line, ended gently or at once. */
final class Postmaster {
    private static final Logger LOG = LoggerFactory.getLogger(Postmaster.class);
    private static final PrintStream OUT = System.out;

    private final Layout layout;
    private volatile @Nullable Process process;
    private volatile String lastFailure = "";
    private volatile boolean walGone;

    Postmaster(Layout layout) {
        this.layout = layout;
    }

    /** Starts it; returns at once. */
    void start(Binaries binaries) throws IOException {
        lastFailure = "";
        walGone = false;
        removeStalePid();
        Process started = new ProcessBuilder(
                        binaries.program("postgres"), "-D", layout.pgdata().toString())
                .directory(layout.pgdata().toFile())
                .redirectErrorStream(true)
                .start();
        started.getOutputStream().close();
        process = started;
        Thread.ofVirtual().name("postgres-log").start(() -> passOn(started));
    }

    private void passOn(Process started) {
        try (BufferedReader log =
                new BufferedReader(new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = log.readLine(); line != null; line = log.readLine()) {
                OUT.println(line);
                if (line.contains("FATAL:  ") || line.contains("PANIC:  ")) {
                    if (line.contains("requested WAL segment") && line.contains("has already been removed")) {
                        walGone = true;
                    }
                    if (!line.contains("the database system is") && !line.contains("WAL stream")) {
                        lastFailure = line.replaceFirst("^.*?(FATAL|PANIC):\\s+", "");
                    }
                } else if (line.contains("started streaming WAL from primary")) {
                    walGone = false;
                }
            }
        } catch (IOException e) {
            LOG.debug("PostgreSQL's log ended", e);
        }
    }

    boolean running() {
        Process current = process;
        return current != null && current.isAlive();
    }

    /** Why it ended by itself, in its own words; empty while it runs. */
    Optional<String> failure() {
        Process current = process;
        if (current == null || current.isAlive()) {
            return Optional.empty();
        }
        return Optional.of(lastFailure.isEmpty() ? "postgres ended with code " + current.exitValue() : lastFailure);
    }

    /** The primary no longer has WAL that this replica needs. */
    boolean walGone() {
        return walGone;
    }

    void reload() throws IOException {
        signal("HUP");
    }

    /** Fast shutdown, without waiting (manual, "Shutting Down the Server"). */
    void stopNow() {
        try {
            signal("INT");
        } catch (IOException e) {
            LOG.warn("cannot signal the postmaster", e);
        }
    }

    private void signal(String name) throws IOException {
        Process current = process;
        if (current == null || !current.isAlive()) {
            return;
        }
        Commands.run(List.of("kill", "-" + name, Long.toString(current.pid())), Path.of("/"));
    }

    /** Fast shutdown; after {@code patience} everything is killed. Returns when no process is left. */
    void stop(Duration patience) throws PostgresException {
        Process current = process;
        if (current != null && current.isAlive()) {
            stopNow();
            try {
                if (!current.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                    LOG.warn("PostgreSQL did not stop within {}: killing it", patience);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PostgresException(new Problem("Interrupted", "interrupted while PostgreSQL stopped"), e);
            }
        }
        kill();
        process = null;
    }

    /**
     * SIGKILLs all of PostgreSQL until nothing is left. Its processes are found by their working directory: each has a session of its own,
     * and a backend outlives its postmaster (ha.md section 0, 1).
     */
    void kill() {
        for (int round = 0; round < 100; round++) {
            List<ProcessHandle> left = processes();
            if (left.isEmpty()) {
                return;
            }
            left.forEach(ProcessHandle::destroyForcibly);
            try {
                TimeUnit.MILLISECONDS.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                // go on: what is being killed must be dead
            }
        }
        LOG.error("processes of PostgreSQL survive SIGKILL: {}", processes());
    }

    private List<ProcessHandle> processes() {
        List<ProcessHandle> found = new ArrayList<>();
        long self = ProcessHandle.current().pid();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            Path pgdata = layout.pgdata().toRealPath();
            for (Path entry : all) {
                try {
                    long pid = Long.parseLong(entry.getFileName().toString());
                    if (pid != self
                            && Files.readSymbolicLink(entry.resolve("cwd")).equals(pgdata)) {
                        ProcessHandle.of(pid).filter(ProcessHandle::isAlive).ifPresent(found::add);
                    }
                } catch (IOException e) {
                    // it has ended, or is not ours
                }
            }
        } catch (IOException e) {
            LOG.debug("no PGDATA, so no process in it", e);
        }
        return found;
    }

    /**
     * A pid file left by a crash names a pid that may be anybody's by now, even a thread of this JVM, and then PostgreSQL refuses to start
     * (ha.md section 0, 10). With the lock on the volume held and no process in PGDATA it is stale for certain.
     */
    private void removeStalePid() throws IOException {
        kill();
        Files.deleteIfExists(layout.pgdata().resolve("postmaster.pid"));
    }
}
