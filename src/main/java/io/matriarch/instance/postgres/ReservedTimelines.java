package io.matriarch.instance.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Timelines that a promotion must not take because they belong to other reigns. PostgreSQL takes the first number that has no history file, so
 * each reserved number gets a file without an ancestor. That is enough: the number is not taken, no server follows it ("is not a child of database
 * system timeline"), and replicas that request the files between their timeline and the primary's find one. A server that starts as a replica aims
 * at the newest history file that exists, so reservations that no timeline of the data has followed are removed before the start.
 */
final class ReservedTimelines {
    private static final String MARK = "# reserved by matriarch: another member's timeline\n";

    private final Path wal;

    ReservedTimelines(Path pgdata) {
        this.wal = pgdata.resolve("pg_wal");
    }

    /** Reserves all numbers below {@code timeline} that have no history here. */
    void before(int timeline) throws IOException {
        for (int number = 2; number < timeline; number++) {
            Path file = wal.resolve("%08X.history".formatted(number));
            if (!Files.exists(file)) {
                Files.writeString(file, MARK);
            }
        }
    }

    /** Removes the reservations that are newer than any real history here. */
    void takeBack() throws IOException {
        if (!Files.isDirectory(wal)) {
            return;
        }
        List<Path> newestFirst;
        try (Stream<Path> files = Files.list(wal)) {
            newestFirst = files.filter(file -> file.getFileName().toString().endsWith(".history"))
                    .sorted((one, other) -> other.compareTo(one))
                    .toList();
        }
        for (Path file : newestFirst) {
            if (!Files.readString(file).equals(MARK)) {
                return;
            }
            Files.delete(file);
        }
    }
}
