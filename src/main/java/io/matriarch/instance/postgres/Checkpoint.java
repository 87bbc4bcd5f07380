package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the record of a shutdown checkpoint ends: a replica that has flushed up to there is complete, and the former primary's data needs no
 * rewind (docs/internals/protocol.md 9).
 */
final class Checkpoint {
    private static final int PAGE = 8192;
    /** Header of a page within a segment, and header of a segment's first page (PostgreSQL, access/xlog_internal.h). */
    private static final int SHORT_HEADER = 24;

    private static final int LONG_HEADER = 40;
    private static final Pattern LENGTH =
            Pattern.compile("len \\(rec/tot\\):\\s*\\d+/\\s*(\\d+),.*\\blsn: (\\S+),.*CHECKPOINT_");

    private Checkpoint() {}

    /** The end; empty if the record cannot be read. */
    static OptionalLong end(Binaries binaries, Path pgdata, ControlData control) throws IOException {
        Commands.Outcome outcome = Commands.run(
                List.of(
                        binaries.program("pg_waldump"),
                        "--path=" + pgdata.resolve("pg_wal"),
                        "--timeline=" + control.checkpointTimeline(),
                        "--start=" + control.checkpoint(),
                        "--limit=1"),
                Path.of("/"));
        Matcher record = LENGTH.matcher(outcome.text());
        return outcome.ok() && record.find()
                ? OptionalLong.of(
                        end(Lsn.parse(record.group(2)), Long.parseLong(record.group(1)), control.segmentSize()))
                : OptionalLong.empty();
    }

    /** Records are aligned to eight bytes, and continue after the header of each page that they reach. */
    static long end(long start, long length, long segmentSize) {
        long position = start;
        long left = length + (8 - length % 8) % 8;
        while (true) {
            long room = PAGE - position % PAGE;
            if (left <= room) {
                return position + left;
            }
            left -= room;
            position += room;
            position += position % segmentSize == 0 ? LONG_HEADER : SHORT_HEADER;
        }
    }
}
