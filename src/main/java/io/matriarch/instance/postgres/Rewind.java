package io.matriarch.instance.postgres;

import io.matriarch.api.contract.MemberReport.Problem;
import java.io.IOException;
import java.util.List;

/**
 * Turns diverged data back to where the new primary's timeline left it, and takes what changed since from there (manual, "pg_rewind"; ha.md
 * 7.9). Data that pg_rewind was killed in looks clean and is not (ha.md section 0, 7): a marker says so until all is done.
 */
final class Rewind {
    private final Layout layout;
    private final Binaries binaries;
    private final Volume volume;

    Rewind(Layout layout, Binaries binaries, Volume volume) {
        this.layout = layout;
        this.binaries = binaries;
        this.volume = volume;
    }

    /** What makes the data this member's own again, once it is rewound. */
    interface Finish {
        void run() throws IOException, PostgresException;
    }

    /**
     * Rewinds stopped data. The primary must have completed a checkpoint on its timeline: before that pg_rewind of version 15 and older finds
     * nothing to do (ha.md section 0, 6).
     */
    void from(String address, Finish finish) throws PostgresException, IOException {
        volume.beginRewind();
        Commands.Outcome outcome = Commands.run(
                List.of(
                        binaries.program("pg_rewind"),
                        "--target-pgdata=" + layout.pgdata(),
                        "--source-server=" + Configuration.conninfo(layout, address),
                        "--progress"),
                layout.data());
        boolean copied = outcome.lines().stream().anyMatch(line -> line.contains("need to copy"));
        if (!outcome.ok()) {
            if (!copied) {
                // It has changed nothing yet: another try, or the same data as it is.
                volume.endRewind();
            }
            throw new PostgresException(failure(address, outcome, copied));
        }
        finish.run();
        volume.endRewind();
    }

    private Problem failure(String address, Commands.Outcome outcome, boolean copied) {
        if (outcome.text().contains("No space left")) {
            return volume.diskFull(outcome.complaint());
        }
        return copied
                ? new Problem(
                        "RewindBroke",
                        "pg_rewind from the primary at %s ended half-way, the data is cloned anew: %s"
                                .formatted(address, outcome.complaint()))
                : new Problem(
                        "RewindFailed", "pg_rewind from the primary at %s: %s".formatted(address, outcome.complaint()));
    }
}
