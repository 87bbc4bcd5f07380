package io.matriarch.instance.postgres;

import io.matriarch.instance.facts.TimelineHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The history files in pg_wal (manual, "Timelines"). */
final class TimelineFiles {
    private static final int FIRST = 1;

    private TimelineFiles() {}

    /** Where a timeline comes from; the first timeline has no file. */
    static TimelineHistory read(Path pgdata, int timeline) throws IOException {
        return timeline == FIRST
                ? new TimelineHistory(FIRST, List.of())
                : TimelineHistory.parse(timeline, Files.readString(file(pgdata, timeline)));
    }

    /** The number after which a promotion of this data would take the next one, as PostgreSQL searches for it. */
    static int newest(Path pgdata, int timeline) {
        int newest = timeline;
        while (Files.exists(file(pgdata, newest + 1))) {
            newest++;
        }
        return newest;
    }

    /** The newest timeline that has a history file here; 0 for none. */
    static int newestFile(Path pgdata) throws IOException {
        try (Stream<Path> files = Files.list(pgdata.resolve("pg_wal"))) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> name.matches("[0-9A-F]{8}\\.history"))
                    .mapToInt(name -> Integer.parseUnsignedInt(name.substring(0, 8), 16))
                    .max()
                    .orElse(0);
        }
    }

    private static Path file(Path pgdata, int timeline) {
        return pgdata.resolve("pg_wal").resolve("%08X.history".formatted(timeline));
    }
}
