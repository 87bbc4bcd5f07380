package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tablespaces outside PGDATA. Their location is the same path on every member, so it must be a folder on a member's volumes: anywhere else, a
 * restart of the container discards it. Only the folders that PostgreSQL creates in a location are ever deleted, and no link is followed.
 */
final class Tablespaces {
    private static final Logger LOG = LoggerFactory.getLogger(Tablespaces.class);
    /** PostgreSQL's own folder in a location: major and catalog version. */
    private static final Pattern OWN = Pattern.compile("PG_[0-9]+_[0-9]+");

    private static final Pattern MISSING = Pattern.compile("directory \"(/[^\"]+)\" does not exist");

    private final Layout layout;

    Tablespaces(Layout layout) {
        this.layout = layout;
    }

    /** The locations to which the links in PGDATA lead. */
    List<Path> linked() throws IOException {
        Path links = layout.pgdata().resolve("pg_tblspc");
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(links, LinkOption.NOFOLLOW_LINKS)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(links, Files::isSymbolicLink)) {
                for (Path link : entries) {
                    found.add(Files.readSymbolicLink(link));
                }
            }
        }
        return found;
    }

    /** The locations of the tablespaces of the primary at an address. */
    List<Path> of(Binaries binaries, String address) throws IOException, PostgresException {
        Commands.Outcome outcome = Commands.run(
                List.of(
                        binaries.program("psql"),
                        "--no-psqlrc",
                        "--no-align",
                        "--tuples-only",
                        "--command=SELECT pg_tablespace_location(oid) FROM pg_tablespace",
                        Configuration.conninfo(layout, address)),
                Path.of("/"));
        if (!outcome.ok()) {
            throw new PostgresException(new Problem(
                    Problem.Reason.TablespacesUnknown,
                    "the primary at %s does not tell where its tablespaces are: %s"
                            .formatted(address, outcome.complaint())));
        }
        return outcome.lines().stream()
                .filter(line -> line.startsWith("/"))
                .map(Path::of)
                .toList();
    }

    /** Whether a location is a folder on this member's volumes, and contains no other part of them. */
    boolean onVolume(Path location) {
        Path wal = layout.walFolder();
        boolean taken = Stream.of(layout.pgdata(), layout.state(), wal == null ? layout.state() : wal)
                .anyMatch(other -> location.startsWith(other) || other.startsWith(location));
        Optional<Path> mount = Stream.of(Optional.of(layout.data()), Optional.ofNullable(layout.wal()))
                .flatMap(Optional::stream)
                .filter(location::startsWith)
                .findFirst();
        if (taken || mount.isEmpty() || !location.equals(location.normalize()) || location.equals(mount.get())) {
            return false;
        }
        for (Path at = location; !at.equals(mount.get()); at = Objects.requireNonNull(at.getParent())) {
            if (Files.isSymbolicLink(at)) {
                return false;
            }
        }
        return true;
    }

    /** Creates the folder of a location on this member's volumes. */
    void make(Path location) throws IOException {
        if (onVolume(location) && !Files.exists(location)) {
            LOG.info("making the folder {} of a tablespace", location);
            Files.createDirectories(location);
            MemberFile.syncFolder(Objects.requireNonNull(location.getParent()));
        }
    }

    /** Deletes what PostgreSQL has created in these locations, as far as they are on this member's volumes. */
    void clear(List<Path> locations) throws IOException {
        for (Path location : new TreeSet<>(locations)) {
            if (!onVolume(location) || !Files.isDirectory(location, LinkOption.NOFOLLOW_LINKS)) {
                LOG.info("not touching {} of a tablespace", location);
                continue;
            }
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(location)) {
                for (Path entry : entries) {
                    if (OWN.matcher(Objects.requireNonNull(entry.getFileName()).toString())
                                    .matches()
                            && Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                        Volume.delete(entry);
                    }
                }
            }
            MemberFile.syncFolder(location);
        }
    }

    /** The missing location that PostgreSQL's error message names. A replica cannot create it when the primary's CREATE TABLESPACE arrives. */
    static Optional<Path> missing(String words) {
        Matcher missing = MISSING.matcher(words);
        return missing.find() ? Optional.of(Path.of(missing.group(1))) : Optional.empty();
    }

    /** What a user must know about a location that is not on the volumes. */
    String advice(Path location) {
        return "the tablespace at %s is not in a folder of its own on the volumes of this member: move what is in it to another tablespace and drop it. The place for tablespaces is a folder below %s"
                .formatted(location, layout.data().resolve("tablespaces"));
    }

    static byte[] write(List<Path> locations) {
        return String.join("\n", locations.stream().map(Path::toString).toList())
                .getBytes(StandardCharsets.UTF_8);
    }

    static List<Path> read(Path file) throws IOException {
        return Files.exists(file)
                ? Files.readAllLines(file).stream()
                        .filter(line -> line.startsWith("/"))
                        .map(Path::of)
                        .toList()
                : List.of();
    }
}
