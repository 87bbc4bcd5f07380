package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.instance.facts.End;
import io.matriarch.instance.facts.TimelineHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where the WAL on a volume really ends, found without starting a server. pg_control does not tell: a replica may have received, and acknowledged,
 * a whole reign that it has not replayed yet, and after a crash of a primary it says where the last checkpoint was. This reads the records from
 * there on with pg_waldump (manual, "pg_waldump"), which takes as long as crash recovery takes to read them.
 */
final class WalEnd {
    private static final Pattern SEGMENT = Pattern.compile("([0-9A-F]{8})[0-9A-F]{16}(\\.partial)?");
    private static final Pattern LAST = Pattern.compile("error in WAL record at ([0-9A-F]+/[0-9A-F]+)");
    private static final Pattern MISSING =
            Pattern.compile("could not find file \"[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})\"");
    private static final Pattern RECORD = Pattern.compile("len \\(rec/tot\\):\\s*\\d+/\\s*(\\d+),");

    private static final String SWITCH = "desc: SWITCH";

    private final Binaries binaries;
    private final Path wal;
    private final ControlData control;

    private WalEnd(Binaries binaries, Path pgdata, ControlData control) {
        this.binaries = binaries;
        this.wal = pgdata.resolve("pg_wal");
        this.control = control;
    }

    /** The newest timeline of which this data has records, and the end of the last whole record. */
    static End of(Binaries binaries, Path pgdata, ControlData control) throws IOException {
        int timeline = control.timeline();
        long start = Lsn.parse(control.end());
        for (int newer : new WalEnd(binaries, pgdata, control).newerTimelines()) {
            TimelineHistory history = TimelineFiles.read(pgdata, newer);
            if (history.lineage().contains(control.timeline())) {
                timeline = newer;
                start = Math.max(start, history.began());
            }
        }
        return new End(timeline, new WalEnd(binaries, pgdata, control).end(timeline, start));
    }

    /** Newer timelines that have segments and a history of their own, oldest first. */
    private List<Integer> newerTimelines() throws IOException {
        try (Stream<Path> files = Files.list(wal)) {
            return files.map(file -> timeline(file.getFileName().toString()))
                    .flatMapToInt(OptionalInt::stream)
                    .filter(timeline -> timeline > control.timeline())
                    .filter(timeline -> Files.exists(wal.resolve("%08X.history".formatted(timeline))))
                    .distinct()
                    .sorted()
                    .boxed()
                    .toList();
        }
    }

    private static OptionalInt timeline(String name) {
        Matcher segment = SEGMENT.matcher(name);
        return segment.matches() ? OptionalInt.of(Integer.parseInt(segment.group(1), 16)) : OptionalInt.empty();
    }

    private long end(int timeline, long start) throws IOException {
        String complaint = dump(timeline, start, "--quiet").text();
        Matcher last = LAST.matcher(complaint);
        if (last.find()) {
            return Math.max(start, behind(timeline, Lsn.parse(last.group(1))));
        }
        Matcher missing = MISSING.matcher(complaint);
        if (missing.find()) {
            long log = Long.parseLong(missing.group(1), 16);
            return Math.max(start, (log << 32) + Long.parseLong(missing.group(2), 16) * control.segmentSize());
        }
        return start;
    }

    /** The end of the record that begins at a position; the position itself if there is no whole record. */
    private long behind(int timeline, long position) throws IOException {
        String text = dump(timeline, position, "--limit=1").text();
        Matcher record = RECORD.matcher(text);
        if (!record.find()) {
            return position;
        }
        if (text.contains(SWITCH)) {
            // The rest of the segment was left empty.
            return (position / control.segmentSize() + 1) * control.segmentSize();
        }
        return Checkpoint.end(position, Long.parseLong(record.group(1)), control.segmentSize());
    }

    private Commands.Outcome dump(int timeline, long start, String option) throws IOException {
        return Commands.run(
                List.of(
                        binaries.program("pg_waldump"),
                        "--path=" + wal,
                        "--timeline=" + timeline,
                        "--start=" + Lsn.text(start),
                        option),
                Path.of("/"));
    }
}
