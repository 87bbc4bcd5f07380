package io.matriarch.instance.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where a timeline comes from: the content of its history file (manual, "Timelines").
 *
 * @param timeline whose history it is
 * @param forks its ancestors, oldest first, and where the next one left each
 */
public record TimelineHistory(int timeline, List<Fork> forks) {
    private static final int FIRST = 1;

    public TimelineHistory {
        forks = List.copyOf(forks);
    }

    /** {@code timeline} ends at {@code lsn}: what its owner wrote beyond is not in the descendants. */
    public record Fork(int timeline, long lsn) {}

    /** Lines of ancestor, position and reason, separated by tabs. */
    static TimelineHistory parse(int timeline, String text) {
        List<Fork> forks = new ArrayList<>();
        text.lines()
                .map(line -> line.replaceFirst("#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .forEach(line -> {
                    String[] words = line.split("\\s+");
                    forks.add(new Fork(Integer.parseInt(words[0]), Lsn.parse(words[1])));
                });
        return new TimelineHistory(timeline, forks);
    }

    /** From pg_wal; the first timeline has no file. */
    static TimelineHistory read(Path pgdata, int timeline) throws IOException {
        return timeline == FIRST
                ? new TimelineHistory(FIRST, List.of())
                : parse(timeline, Files.readString(file(pgdata, timeline)));
    }

    /** The number that a promotion of this data would take the one after, as PostgreSQL looks for it. */
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

    /** Where this history leaves a timeline; empty for its own and for one that it never was on. */
    public OptionalLong leaves(int former) {
        return forks.stream()
                .filter(fork -> fork.timeline() == former)
                .mapToLong(Fork::lsn)
                .findFirst();
    }

    /** Where the timeline itself began; 0 for the first. */
    public long began() {
        return forks.isEmpty() ? 0 : forks.getLast().lsn();
    }

    /** The timeline that it forked off; 0 for the first. */
    public int parent() {
        return forks.isEmpty() ? 0 : forks.getLast().timeline();
    }

    /** The timeline and all it comes from. */
    Set<Integer> lineage() {
        return Stream.concat(forks.stream().map(Fork::timeline), Stream.of(timeline))
                .collect(Collectors.toUnmodifiableSet());
    }
}
