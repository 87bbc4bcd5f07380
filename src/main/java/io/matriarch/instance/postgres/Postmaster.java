package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Problem;
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

/** The postmaster: it runs as a child process, its log is passed on line by line, and it is ended gently or at once. */
final class Postmaster {
    private static final Logger LOG = LoggerFactory.getLogger(Postmaster.class);
    private static final int ROUNDS_BETWEEN_COMPLAINTS = 500;
    /** The beginning of a line that belongs to the line before it. */
    private static final Pattern MORE = Pattern.compile("(DETAIL|HINT):  ");
    /** Rounds of 10 ms after which killed processes that wait for a disk count as dead. */
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
    /** What is left of the server has been killed and waits for the disk. */
    private volatile boolean abandoned;

    private volatile long starts;
    private volatile ReloadLog reloads = new ReloadLog();

    Postmaster(Layout layout, ServerEvents events) {
        this.layout = layout;
        this.events = events;
    }

    /** Starts the server; returns at once. */
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
                        // The command line overrides even ALTER SYSTEM, which cannot be forbidden before version 17.
                        // Without these two the data could not be rewound later, and nobody would notice.
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

    /** What a WAL receiver logs when its primary goes away (src/backend/replication of PostgreSQL, in English, as the agent sets lc_messages). */
    private static boolean isReceiversEnd(String line) {
        return line.contains("replication terminated by primary server")
                || line.contains("could not receive data from WAL stream")
                || line.contains("terminating walreceiver due to timeout");
    }

    /** How often a server was started. */
    long starts() {
        return starts;
    }

    boolean running() {
        Process current = process;
        return current != null && current.isAlive() && !abandoned;
    }

    /** Why the server ended by itself, in its own words; empty while it runs. */
    Optional<String> failure() {
        Process current = process;
        if (current == null || current.isAlive()) {
            return Optional.empty();
        }
        readLastWords();
        return Optional.of(lastFailure.isEmpty() ? "postgres ended with code " + current.exitValue() : lastFailure);
    }

    /** The process may end a moment before its last line has been read here. */
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

    /** The location of a tablespace that was missing when the server ended; returned once. */
    Optional<Path> missing() {
        Optional<Path> location = Optional.ofNullable(missing);
        missing = null;
        return location;
    }

    /** Whether the primary no longer has WAL that this replica needs. */
    boolean walGone() {
        return walGone;
    }

    /** What the server did not accept of its files when it last read them, in its own words. */
    Optional<String> complaint() {
        return reloads.complaint();
    }

    /** Whether the server did not apply something in postgresql.conf then, even if only because it needs a restart. */
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

    /** Sends signals with pg_ctl, which every image of PostgreSQL has; the official image lacks procps, and with it the program `kill`. */
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

    /** Fast shutdown; after {@code patience} all processes are killed. Returns when no process is left. */
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
     * Sends SIGKILL to all processes of PostgreSQL until none is left. It finds them by their working directory: each has a session of its own,
     * and a backend outlives its postmaster (docs/internals/postgresql.md 1).
     */
    void kill() {
        kill(ABANDON);
    }

    /** Kills until no process is left, however long that takes: two servers must never share a volume. */
    private void killAll() {
        kill(Integer.MAX_VALUE);
    }

    /**
     * After {@code rounds}, processes that wait for a disk count as dead: they die without executing another step when it answers
     * (docs/internals/postgresql.md 2).
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
                // For example, one that waits for a disk. Continuing without it could let it write beside its
                // successor.
                LOG.error("processes of PostgreSQL have not ended yet after SIGKILL: {}", left);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(10);
            } catch (InterruptedException e) {
                interrupted = true; // continue: what is being killed must be dead
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
            return true; // it has ended meanwhile
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
                    // it has ended, or belongs to another user
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOG.error("cannot list the processes", e);
        }
        return found;
    }

    /** PGDATA as /proc shows it. A failing volume must not hide the processes that use it. */
    private Path home() {
        try {
            return layout.pgdata().toRealPath();
        } catch (IOException e) {
            Path known = home;
            return known == null ? layout.pgdata().toAbsolutePath().normalize() : known;
        }
    }

    /**
     * A pid file left by a crash contains a pid that by now may belong to any process, even to a thread of this JVM, and then PostgreSQL refuses
     * to start (docs/internals/postgresql.md 10). While the agent holds the lock on the volume and no process is in PGDATA, the file is certainly
     * stale.
     */
    void removeStalePid() throws IOException {
        killAll();
        Files.deleteIfExists(layout.pgdata().resolve("postmaster.pid"));
        // The socket's folder outlives a container, and its lock file contains a pid, too.
        String socket = ".s.PGSQL." + layout.port();
        Files.deleteIfExists(layout.socket().resolve(socket + ".lock"));
        Files.deleteIfExists(layout.socket().resolve(socket));
    }
}
