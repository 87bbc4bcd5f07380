package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.instance.facts.Past;
import io.matriarch.instance.facts.VolumeState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes of this member: a lock that only one agent can hold, markers around work that must not be left half-done, and the answer to what is
 * on the volumes and whose it is (docs/internals/postgresql.md 7, 8, 9).
 */
final class Volume {
    private static final Logger LOG = LoggerFactory.getLogger(Volume.class);
    private static final String INITDB = "initdb.inprogress";
    private static final String CLONE = "clone.inprogress";
    private static final String REWIND = "rewind.inprogress";
    private static final String REWOUND = "rewound";
    private static final String LED = "led";

    private final Layout layout;
    private final Tablespaces tablespaces;
    private @Nullable FileChannel lock;

    Volume(Layout layout) {
        this.layout = layout;
        this.tablespaces = new Tablespaces(layout);
    }

    /** Takes the lock for the life of this process, and repairs permissions that mounting may have changed. */
    void prepare() throws PostgresException {
        try {
            Files.createDirectories(layout.state());
            if (lock == null) {
                FileChannel channel = FileChannel.open(
                        layout.state().resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held;
                try {
                    held = channel.tryLock();
                } catch (OverlappingFileLockException e) {
                    held = null;
                }
                if (held == null) {
                    channel.close();
                    throw new PostgresException(new Problem(
                            Problem.Reason.VolumeInUse,
                            "another agent works on the volume of %s; this one waits for its end"
                                    .formatted(layout.pod())));
                }
                lock = channel;
            }
            Path pgdata = layout.pgdata();
            if (Files.isDirectory(pgdata)) {
                // fsGroup makes a re-mounted volume group-writable; PostgreSQL accepts only 0700 and 0750.
                Files.setPosixFilePermissions(pgdata, PosixFilePermissions.fromString("rwx------"));
            }
        } catch (IOException e) {
            throw problem("prepare", e);
        }
    }

    VolumeState inspect(Binaries binaries) throws PostgresException {
        prepare();
        try {
            for (String marker : List.of(INITDB, CLONE)) {
                if (Files.exists(layout.state().resolve(marker))) {
                    LOG.info("found {}: clearing away what was left half-done", marker);
                    clear();
                    Files.deleteIfExists(layout.state().resolve("member.json"));
                    unmark(marker);
                }
            }
            Optional<MemberFile> member = MemberFile.read(layout.state());
            if (Files.exists(layout.state().resolve(REWIND))) {
                // It is not cleared before there is a member to clone from.
                return new VolumeState(
                        VolumeContent.Unfinished,
                        member.map(MemberFile::systemIdentifier).orElse(null),
                        member.map(MemberFile::major).orElse(null),
                        member.map(MemberFile::owner).orElse(null),
                        0,
                        member.map(MemberFile::primaryEpoch).orElse(0L),
                        null,
                        null);
            }
            boolean data = Files.exists(layout.pgdata().resolve("PG_VERSION"));
            if (!data && isEmpty(layout.pgdata())) {
                return foreignWal()
                        .orElseGet(() -> new VolumeState(
                                VolumeContent.Empty,
                                null,
                                null,
                                null,
                                0,
                                member.map(MemberFile::primaryEpoch).orElse(0L),
                                null,
                                null));
            }
            Optional<ControlData> control = data ? ControlData.read(binaries, layout.pgdata()) : Optional.empty();
            if (control.isEmpty()) {
                return foreign(
                        null,
                        null,
                        null,
                        Problem.Reason.ForeignVolume,
                        "%s of claim data-%s is not empty, and does not hold a complete PostgreSQL data directory. Move it away, or use another claim"
                                .formatted(layout.pgdata(), layout.pod()));
            }
            int major = major();
            String system = control.get().systemIdentifier();
            if (member.isEmpty()) {
                return foreign(
                        system,
                        major,
                        null,
                        Problem.Reason.ForeignVolume,
                        "data-%s holds PostgreSQL data (system %s) that no PostgresCluster created. Rename the claim or use another cluster name"
                                .formatted(layout.pod(), system));
            }
            MemberFile file = member.get();
            if (!file.owner().equals(layout.owner()) || !file.systemIdentifier().equals(system)) {
                return foreign(
                        system,
                        major,
                        file.owner(),
                        Problem.Reason.ForeignVolume,
                        "data-%s holds data of the cluster %s (system %s); this cluster is %s. Rename the claim or use another cluster name"
                                .formatted(layout.pod(), file.owner(), system, layout.owner()));
            }
            if (major != binaries.major()) {
                return foreign(
                        system,
                        major,
                        file.owner(),
                        Problem.Reason.WrongMajor,
                        "data-%s holds data of PostgreSQL %d, the image has PostgreSQL %d. Set spec.image to an image of PostgreSQL %d; changing the image does not upgrade the data to another major version"
                                .formatted(layout.pod(), major, binaries.major(), major));
            }
            return new VolumeState(
                    VolumeContent.Data,
                    system,
                    major,
                    file.owner(),
                    control.get().timeline(),
                    file.primaryEpoch(),
                    end(binaries, control.get()),
                    null,
                    new Past(
                            Files.exists(layout.pgdata().resolve("standby.signal")),
                            control.get().clean(),
                            new java.util.TreeMap<>(file.timelines()),
                            Files.exists(layout.state().resolve(REWOUND)),
                            Optional.empty()));
        } catch (IOException e) {
            throw problem("read", e);
        }
    }

    /** What {@link #inspect} finds, with the end of the WAL. */
    VolumeState measure(Binaries binaries) throws PostgresException {
        VolumeState found = inspect(binaries);
        if (found.content() != VolumeContent.Data) {
            return found;
        }
        try {
            ControlData control = ControlData.read(binaries, layout.pgdata())
                    .orElseThrow(() -> new IOException("pg_control cannot be read"));
            return found.ending(WalEnd.of(binaries, layout.pgdata(), control));
        } catch (IOException e) {
            throw problem("read", e);
        }
    }

    private String end(Binaries binaries, ControlData control) throws IOException {
        OptionalLong record =
                control.shutDown() ? Checkpoint.end(binaries, layout.pgdata(), control) : OptionalLong.empty();
        return record.isPresent() ? Lsn.text(record.getAsLong()) : control.end();
    }

    private Optional<VolumeState> foreignWal() throws IOException {
        Path wal = layout.walFolder();
        if (wal == null || isEmpty(wal)) {
            return Optional.empty();
        }
        return Optional.of(foreign(
                null,
                null,
                null,
                Problem.Reason.ForeignVolume,
                "wal-%s holds WAL, but data-%s holds no data. The two belong together: restore the data volume, or use another WAL volume"
                        .formatted(layout.pod(), layout.pod())));
    }

    private VolumeState foreign(
            @Nullable String system,
            @Nullable Integer major,
            @Nullable String owner,
            Problem.Reason reason,
            String message) {
        return new VolumeState(VolumeContent.Foreign, system, major, owner, 0, 0, null, new Problem(reason, message));
    }

    private int major() throws IOException {
        return Integer.parseInt(
                Files.readString(layout.pgdata().resolve("PG_VERSION")).strip().split("\\.")[0]);
    }

    void beginInitdb() throws PostgresException {
        begin(INITDB);
    }

    void endInitdb(MemberFile member) throws PostgresException {
        end(INITDB, member);
    }

    void beginClone() throws PostgresException {
        begin(CLONE);
    }

    /** Records where the clone that was begun puts tablespaces: pg_basebackup creates the links that lead there last. */
    void cloneMakes(List<Path> locations) throws PostgresException {
        mark(CLONE, Tablespaces.write(locations));
    }

    /** Gives up a replica's copy: from here on it counts as an unfinished clone. */
    void discard() throws PostgresException {
        markWithTablespaces(CLONE);
        clear();
    }

    /** From here until the end of the rewind, the data can only be replaced by a clone. */
    void beginRewind() throws PostgresException {
        mark(REWIND);
    }

    void endRewind() throws PostgresException {
        try {
            MemberFile.syncFolder(layout.pgdata());
            unmark(REWIND);
        } catch (IOException e) {
            throw problem("write to", e);
        }
    }

    /** Data without a marker is never this agent's to clear. */
    private void begin(String marker) throws PostgresException {
        try {
            if (Files.exists(layout.state().resolve(REWIND))) {
                markWithTablespaces(marker);
                unmark(REWIND);
            }
            if (Files.exists(layout.state().resolve(marker))) {
                clear();
            } else if (!isEmpty(layout.pgdata())) {
                throw new PostgresException(new Problem(
                        Problem.Reason.ForeignVolume,
                        layout.pgdata() + " is not empty; nothing is created in its place"));
            }
        } catch (IOException e) {
            throw problem("read", e);
        }
        mark(marker);
    }

    void endClone(MemberFile member) throws PostgresException {
        end(CLONE, member);
    }

    /** The data has been rewound: it is whole only once it has come up, with WAL from the member that it was rewound to. */
    void rewound() throws PostgresException {
        mark(REWOUND);
    }

    boolean isRewound() {
        return Files.exists(layout.state().resolve(REWOUND));
    }

    /** The data has come up, or other data has taken its place. */
    void cameUp() throws IOException {
        Path marker = layout.state().resolve(REWOUND);
        if (Files.exists(marker)) {
            unmark(REWOUND);
        }
    }

    /** A primary's data is a replica's from now on: what it has from its time as primary must be cleared up once it has come up. */
    void led() throws PostgresException {
        mark(LED);
    }

    boolean hasLed() {
        return Files.exists(layout.state().resolve(LED));
    }

    /** What the data had from its time as primary has been cleared up. */
    void followed() throws IOException {
        if (hasLed()) {
            unmark(LED);
        }
    }

    /** Empties PGDATA, its tablespaces and the WAL folder. Use it only for the agent's own work that a marker calls unfinished. */
    private void clear() throws PostgresException {
        try {
            List<Path> locations = new ArrayList<>(tablespaces.linked());
            locations.addAll(Tablespaces.read(layout.state().resolve(CLONE)));
            tablespaces.clear(locations);
            delete(layout.pgdata());
            Path wal = layout.walFolder();
            if (wal != null) {
                delete(wal);
            }
            MemberFile.syncFolder(layout.data());
        } catch (IOException e) {
            throw problem("clear", e);
        }
    }

    private void mark(String marker) throws PostgresException {
        mark(marker, new byte[0]);
    }

    private void markWithTablespaces(String marker) throws PostgresException {
        try {
            mark(marker, Tablespaces.write(tablespaces.linked()));
        } catch (IOException e) {
            throw problem("read", e);
        }
    }

    private void mark(String marker, byte[] content) throws PostgresException {
        try {
            MemberFile.writeDurably(layout.state().resolve(marker), content);
        } catch (IOException e) {
            throw problem("write to", e);
        }
    }

    private void end(String marker, MemberFile member) throws PostgresException {
        try {
            syncTree(layout.pgdata());
            member.write(layout.state());
            cameUp();
            unmark(marker);
        } catch (IOException e) {
            throw problem("write to", e);
        }
    }

    private void unmark(String marker) throws IOException {
        Files.deleteIfExists(layout.state().resolve(marker));
        MemberFile.syncFolder(layout.state());
    }

    /** initdb and pg_basebackup sync files themselves; the agent must sync the folder that contains them. */
    private void syncTree(Path pgdata) throws IOException {
        MemberFile.syncFolder(pgdata);
        MemberFile.syncFolder(layout.data());
    }

    PostgresException problem(String verb, Exception cause) {
        String text = String.valueOf(cause.getMessage());
        if (text.contains("No space left")) {
            return new PostgresException(diskFull(text), cause);
        }
        return new PostgresException(
                new Problem(
                        Problem.Reason.VolumeError,
                        "cannot %s the volume data-%s: %s".formatted(verb, layout.pod(), text)),
                cause);
    }

    Problem diskFull(String words) {
        return new Problem(
                Problem.Reason.DiskFull,
                "the volume data-%s%s is full: %s. Raise spec.storage.size"
                        .formatted(layout.pod(), layout.wal() == null ? "" : " or wal-" + layout.pod(), words));
    }

    /** Size in bytes of the file system that pg_wal is on. */
    long walSpace() throws IOException {
        Path wal = layout.wal();
        return Files.getFileStore(wal == null ? layout.data() : wal).getTotalSpace();
    }

    static boolean isEmpty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return true;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.allMatch(entry -> entry.endsWith("lost+found"));
        }
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(folder)) {
            tree.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
