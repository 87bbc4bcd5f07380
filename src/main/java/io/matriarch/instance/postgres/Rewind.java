package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Problem;
import io.matriarch.instance.facts.End;
import io.matriarch.instance.facts.TimelineHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rewinds diverged data to where the new primary's timeline left it, and copies what has changed since from that primary (manual, "pg_rewind";
 * docs/internals/protocol.md 9). pg_rewind trusts two control files, which may both be out of date; so this class compares too.
 *
 * <ol>
 *   <li>The source must be a primary that has completed a checkpoint on its timeline: before that, pg_rewind finds nothing to do
 *       (docs/internals/postgresql.md 6).
 *   <li>The fork must not be before the position since which the data can be rewound ({@link Rewindable}).
 *   <li>A marker says that the data is torn until everything is done: data in which pg_rewind was killed looks clean
 *       (docs/internals/postgresql.md 7).
 *   <li>If pg_rewind says that no rewind is required, the end of the WAL here must confirm that.
 *   <li>If it has rewound, the control file, the history and the backup label must confirm that.
 * </ol>
 */
final class Rewind {
    private static final Pattern START = Pattern.compile("CHECKPOINT LOCATION: (\\S+)");
    private static final String RECOVERING = "in archive recovery";

    private final Layout layout;
    private final Binaries binaries;
    private final Volume volume;

    Rewind(Layout layout, Binaries binaries, Volume volume) {
        this.layout = layout;
        this.binaries = binaries;
        this.volume = volume;
    }

    /** Makes the data this member's own again once it is rewound. */
    interface Finish {
        /**
         * @param changed false: it was the beginning of the primary's data, and still is
         */
        void run(boolean changed) throws IOException, PostgresException;
    }

    /**
     * Rewinds stopped data.
     *
     * @param history of the timeline that the primary at {@code address} is on
     */
    void from(String address, TimelineHistory history, Finish finish) throws PostgresException, IOException {
        checkSource(address, history.timeline());
        long fork = checkTarget(history);
        Tablespaces tablespaces = new Tablespaces(layout);
        for (Path location : tablespaces.of(binaries, address)) {
            // pg_rewind creates the link, but not the folder that it leads to.
            tablespaces.make(location);
        }
        volume.beginRewind();
        Commands.Outcome outcome = Commands.run(
                List.of(
                        binaries.program("pg_rewind"),
                        "--target-pgdata=" + layout.pgdata(),
                        "--source-server=" + Configuration.conninfo(layout, address),
                        "--progress"),
                layout.data());
        boolean changed = changed(outcome);
        if (!outcome.ok()) {
            if (!changed) {
                // Nothing was written: the same data can be tried again.
                volume.endRewind();
            }
            throw new PostgresException(failure(address, outcome, changed));
        }
        if (changed) {
            verify(address, history, fork);
        } else {
            bearOut(history);
        }
        finish.run(changed);
        volume.endRewind();
    }

    /** Whether pg_rewind may have begun to write. An hour of progress may have displaced its first messages. */
    static boolean changed(Commands.Outcome outcome) {
        boolean nothing = outcome.ok() && outcome.text().contains("no rewind required");
        boolean begun = outcome.text().contains("need to copy") || outcome.cut();
        return !nothing && (outcome.ok() || begun);
    }

    private void checkSource(String address, int timeline) throws PostgresException, IOException {
        Commands.Outcome outcome = Commands.run(
                List.of(
                        binaries.program("psql"),
                        "--no-psqlrc",
                        "--no-align",
                        "--tuples-only",
                        "--command=SELECT pg_is_in_recovery(), timeline_id FROM pg_control_checkpoint()",
                        Configuration.conninfo(layout, address)),
                Path.of("/"));
        if (!outcome.ok() || !outcome.lines().contains("f|" + timeline)) {
            throw new PostgresException(new Problem(
                    Problem.Reason.RewindFailed,
                    outcome.ok()
                            ? "the server at %s is no primary that has completed a checkpoint on timeline %d (in recovery, timeline of its last checkpoint: %s). Nothing was changed"
                                    .formatted(address, timeline, outcome.text())
                            : "the primary at %s does not say what it is: %s. Nothing was changed"
                                    .formatted(address, outcome.complaint())));
        }
    }

    /** Where the primary's history leaves this data's timeline. */
    private long checkTarget(TimelineHistory history) throws PostgresException, IOException {
        ControlData control = control();
        MemberFile member =
                MemberFile.read(layout.state()).orElseThrow(() -> new IOException("member.json is missing"));
        long fork = control.timeline() == history.timeline()
                ? history.began()
                : history.leaves(control.timeline()).orElse(0);
        if (!Rewindable.to(fork, member, control)) {
            throw notRewindable("timeline %d left it at %s, and changes of single hint bits are in its WAL %s"
                    .formatted(
                            history.timeline(),
                            Lsn.text(fork),
                            !control.hintsLogged() || Rewindable.NEVER.equals(member.rewindableFrom())
                                    ? "since its last start, if at all"
                                    : "only from " + member.rewindableFrom() + " on"));
        }
        return fork;
    }

    /** Overrides pg_rewind, which considers what a replica has replayed, and not what it has received. */
    private void bearOut(TimelineHistory history) throws PostgresException, IOException {
        End end = WalEnd.of(binaries, layout.pgdata(), control());
        boolean follows = end.timeline() == history.timeline()
                || history.leaves(end.timeline()).orElse(0) >= end.lsn();
        if (!follows) {
            volume.endRewind();
            throw notRewindable(
                    "pg_rewind finds nothing to do, but its WAL goes up to %s of timeline %d, and timeline %d %s"
                            .formatted(
                                    Lsn.text(end.lsn()),
                                    end.timeline(),
                                    history.timeline(),
                                    history.leaves(end.timeline()).isPresent()
                                            ? "left that at "
                                                    + Lsn.text(history.leaves(end.timeline())
                                                            .getAsLong())
                                            : "does not come from that"));
        }
    }

    private void verify(String address, TimelineHistory history, long fork) throws PostgresException, IOException {
        ControlData now = control();
        Matcher label = START.matcher(read("backup_label"));
        boolean follows = now.state().equals(RECOVERING)
                && now.timeline() == history.timeline()
                && Lsn.parse(now.end()) >= fork
                && label.find()
                && Lsn.parse(label.group(1)) <= fork
                && history.equals(TimelineFiles.read(layout.pgdata(), history.timeline()));
        if (!follows) {
            throw new PostgresException(new Problem(
                    Problem.Reason.RewindBroke,
                    "pg_rewind from the primary at %s left data that does not follow timeline %d (%s, timeline %d, up to %s), the data is cloned anew"
                            .formatted(address, history.timeline(), now.state(), now.timeline(), now.end())));
        }
    }

    private ControlData control() throws IOException {
        return ControlData.read(binaries, layout.pgdata())
                .orElseThrow(() -> new IOException("pg_control cannot be read"));
    }

    private String read(String name) throws IOException {
        Path file = layout.pgdata().resolve(name);
        return Files.exists(file) ? Files.readString(file) : "";
    }

    private PostgresException notRewindable(String why) {
        return new PostgresException(new Problem(
                Problem.Reason.NotRewindable,
                "the data of %s cannot be rewound and is cloned anew: %s".formatted(layout.pod(), why)));
    }

    private Problem failure(String address, Commands.Outcome outcome, boolean changed) {
        if (outcome.text().contains("No space left")) {
            return volume.diskFull(outcome.complaint());
        }
        return changed
                ? new Problem(
                        Problem.Reason.RewindBroke,
                        "pg_rewind from the primary at %s ended half-way, the data is cloned anew: %s"
                                .formatted(address, outcome.complaint()))
                : new Problem(
                        Problem.Reason.RewindFailed,
                        "pg_rewind from the primary at %s: %s".formatted(address, outcome.complaint()));
    }
}
