package io.matriarch.instance.postgres;

import io.matriarch.api.contract.MemberReport.Problem;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The postmaster: started as a child, its log passed on line by line, ended gently or at once. */
final class Postmaster {
    private static final Logger LOG = LoggerFactory.getLogger(Postmaster.class);
    private static final int ROUNDS_BETWEEN_COMPLAINTS = 500;
    /** What belongs to the line before it. */
    private static final Pattern MORE = Pattern.compile("(DETAIL|HINT):  ");
    /** Rounds of 10 ms. */
    private static final int ABANDON = 100;

    private static final PrintStream OUT = System.out;

    private final Layout layout;
    private final ServerEvents events;
    private volatile @Nullable Process process;
    private volatile @Nullable Thread log;
    private volatile @Nullable Binaries binaries;
    private volatile @Nullable Path home;
    private volatile String lastFailure = "";
    private volatile @Nullable Path missing;
    private volatile boolean walGone;
    /** What is left of it has been killed and waits for the disk. */
    private volatile boolean abandoned;

    private volatile long starts;
    private volatile ReloadLog reloads = new ReloadLog();

    Postmaster(Layout layout, ServerEvents events) {
        this.layout = layout;
        this.events = events;
    }

    /** Starts it; returns at once. */
    void start(Binaries binaries) throws IOException {
        lastFailure = "";
        walGone = false;
        starts++;
        reloads = new ReloadLog();
        this.binaries = binaries;
        home = layout.pgdata().toRealPath();
        removeStalePid();
        Process started = new ProcessBuilder(
                        binaries.program("postgres"),
                        "-D",
                        layout.pgdata().toString(),
                        // Also above what ALTER SYSTEM says, which versions before 17 let nobody forbid: without them
                        // the
                        // data could not be rewound later, and nobody would see it.
                        "-c",
                        "wal_log_hints=on",
                        "-c",
                        "full_page_writes=on")
                .directory(layout.pgdata().toFile())
                .redirectErrorStream(true)
                .start();
        started.getOutputStream().close();
        process = started;
        abandoned = false;
        started.onExit().thenRun(events::ended);
        log = Thread.ofVirtual().name("postgres-log").start(() -> passOn(started));
    }

    private void passOn(Process started) {
        try (BufferedReader log =
                new BufferedReader(new InputStreamReader(started.getInputStream(), StandardCharsets.UTF_8))) {
            boolean telling = false;
            for (String line = log.readLine(); line != null; line = log.readLine()) {
                OUT.println(line);
                reloads.read(line);
                if (telling && MORE.matcher(line).find()) {
                    lastFailure += "; " + line.replaceFirst("^.*?(DETAIL|HINT):\\s+", "");
                    continue;
                }
                telling = false;
                if (isReceiversEnd(line)) {
                    events.receiverEnded();
                }
                if (line.contains("FATAL:  ") || line.contains("PANIC:  ")) {
                    if (line.contains("requested WAL segment") && line.contains("has already been removed")) {
                        walGone = true;
                    }
                    if (!line.contains("the database system is") && !line.contains("WAL stream")) {
                        lastFailure = line.replaceFirst("^.*?(FATAL|PANIC):\\s+", "");
                        missing = Tablespaces.missing(line).orElse(missing);
                        telling = true;
                    }
                } else if (line.contains("started streaming WAL from primary")) {
                    walGone = false;
                }
            }
        } catch (IOException e) {
            LOG.debug("PostgreSQL's log ended", e);
        }
    }

    /** What a WAL receiver says when its primary goes away (src/backend/replication of PostgreSQL, in English: lc_messages is ours). */
    private static boolean isReceiversEnd(String line) {
        return line.contains("replication terminated by primary server")
                || line.contains("could not receive data from WAL stream")
                || line.contains("terminating walreceiver due to timeout");
    }

    /** How often one was started. */
    long starts() {
        return starts;
    }

    boolean running() {
        Process current = process;
        return current != null && current.isAlive() && !abandoned;
    }

    /** Why it ended by itself, in its own words; empty while it runs. */
    Optional<String> failure() {
        Process current = process;
        if (current == null || current.isAlive()) {
            return Optional.empty();
        }
        readLastWords();
        return Optional.of(lastFailure.isEmpty() ? "postgres ended with code " + current.exitValue() : lastFailure);
    }

    /** The process may be gone a moment before its last line was read here. */
    private void readLastWords() {
        Thread reader = log;
        if (reader != null && reader.isAlive()) {
            try {
                reader.join(Duration.ofMillis(300)); // not for ever: a backend left behind keeps the pipe open
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The location of a tablespace that was not there when it ended; told once. */
    Optional<Path> missing() {
        Optional<Path> location = Optional.ofNullable(missing);
        missing = null;
        return location;
    }

    /** The primary no longer has WAL that this replica needs. */
    boolean walGone() {
        return walGone;
    }

    /** What the server did not take of its files when it read them last, in its own words. */
    Optional<String> complaint() {
        return reloads.complaint();
    }

    /** Whether it did not apply something in postgresql.conf then, be it that it takes a restart. */
    boolean saidErrors() {
        return reloads.errors();
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

    /** By pg_ctl, which every image of PostgreSQL has; the official one lacks procps, and with it the program `kill`. */
    private void signal(String name) throws IOException {
        Process current = process;
        Binaries programs = binaries;
        if (current == null || programs == null || !current.isAlive()) {
            return;
        }
        Commands.Outcome outcome = Commands.run(
                List.of(programs.program("pg_ctl"), "kill", name, Long.toString(current.pid())), Path.of("/"));
        if (!outcome.ok() && current.isAlive()) {
            throw new IOException("pg_ctl kill " + name + ": " + outcome.complaint());
        }
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
                throw new PostgresException(
                        new Problem(Problem.Reason.Interrupted, "interrupted while PostgreSQL stopped"), e);
            }
        }
        kill();
        process = null;
    }

    /**
     * SIGKILLs all of PostgreSQL until nothing is left. Its processes are found by their working directory: each has a session of its own,
     * and a backend outlives its postmaster (docs/internals/postgresql.md 1).
     */
    void kill() {
        kill(ABANDON);
    }

    /** Until nothing is left, however long that takes: two servers must never share a volume. */
    private void killAll() {
        kill(Integer.MAX_VALUE);
    }

    /**
     * After {@code rounds} those that wait for a disk, and die without a further step when it answers, count as dead (docs/internals/postgresql.md
     * 2).
     */
    private void kill(int rounds) {
        boolean interrupted = false;
        List<ProcessHandle> left = processes();
        for (int round = 1; !left.isEmpty(); round++) {
            if (round > rounds && left.stream().allMatch(Postmaster::waitsForDisk)) {
                LOG.error("killed, but not gone while the disk does not answer: {}", left);
                abandoned = true;
                break;
            }
            left.forEach(ProcessHandle::destroyForcibly);
            if (round % ROUNDS_BETWEEN_COMPLAINTS == 0) {
                // Such as one that waits for a disk. To go on without it could let it write beside its successor.
                LOG.error("processes of PostgreSQL have not ended yet after SIGKILL: {}", left);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(10);
            } catch (InterruptedException e) {
                interrupted = true; // go on: what is being killed must be dead
            }
            left = processes();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean waitsForDisk(ProcessHandle process) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return stat.startsWith("D", stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return true; // gone meanwhile
        }
    }

    private List<ProcessHandle> processes() {
        List<ProcessHandle> found = new ArrayList<>();
        Process current = process;
        if (current != null && current.isAlive()) {
            found.add(current.toHandle()); // whatever /proc says
        }
        long self = ProcessHandle.current().pid();
        Path pgdata = home();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
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
        } catch (IOException | DirectoryIteratorException e) {
            LOG.error("cannot list the processes", e);
        }
        return found;
    }

    /** PGDATA as /proc shows it. A volume that fails must not hide the processes that use it. */
    private Path home() {
        try {
            return layout.pgdata().toRealPath();
        } catch (IOException e) {
            Path known = home;
            return known == null ? layout.pgdata().toAbsolutePath().normalize() : known;
        }
    }

    /**
     * A pid file left by a crash names a pid that may be anybody's by now, even a thread of this JVM, and then PostgreSQL refuses to start
     * (docs/internals/postgresql.md 10). With the lock on the volume held and no process in PGDATA it is stale for certain.
     */
    void removeStalePid() throws IOException {
        killAll();
        Files.deleteIfExists(layout.pgdata().resolve("postmaster.pid"));
        // The socket's folder outlives a container, and its lock file names a pid, too.
        String socket = ".s.PGSQL." + layout.port();
        Files.deleteIfExists(layout.socket().resolve(socket + ".lock"));
        Files.deleteIfExists(layout.socket().resolve(socket));
    }
}
