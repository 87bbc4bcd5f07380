package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Copies the primary (manual, "pg_basebackup"). */
final class BaseBackup {
    private static final int SLOT_PATIENCE = 20;
    private static final Duration PAUSE = Duration.ofMillis(300);

    private final Layout layout;
    private final Binaries binaries;
    private final Volume volume;

    BaseBackup(Layout layout, Binaries binaries, Volume volume) {
        this.layout = layout;
        this.binaries = binaries;
        this.volume = volume;
    }

    void take(String address) throws PostgresException, IOException {
        List<String> command = new ArrayList<>(List.of(
                binaries.program("pg_basebackup"),
                "--dbname=" + Configuration.conninfo(layout, address),
                "--pgdata=" + layout.pgdata(),
                "--wal-method=stream",
                "--slot=" + Names.slot(Names.ordinal(layout.pod())),
                "--checkpoint=fast",
                "--no-password"));
        Path wal = layout.walFolder();
        if (wal != null) {
            command.add("--waldir=" + wal);
        }
        prepareTablespaces(address);
        Commands.Outcome outcome = Commands.run(command, layout.data());
        // A primary that has only just begun creates the other members' slots in a moment.
        for (int again = 0; again < SLOT_PATIENCE && outcome.text().contains("\" does not exist"); again++) {
            Pause.of(PAUSE, "the primary has a slot for this member");
            outcome = Commands.run(command, layout.data());
        }
        if (!outcome.ok()) {
            String words = outcome.complaint();
            throw new PostgresException(
                    outcome.text().contains("No space left")
                            ? volume.diskFull(words)
                            : new Problem(
                                    Problem.Reason.CloneFailed,
                                    "pg_basebackup from the primary at %s: %s".formatted(address, words)));
        }
    }

    /** Tablespaces have the same path on every member. What pg_basebackup creates there is recorded first, because it may be interrupted. */
    private void prepareTablespaces(String address) throws PostgresException, IOException {
        Tablespaces tablespaces = new Tablespaces(layout);
        List<Path> locations = tablespaces.of(binaries, address);
        for (Path location : locations) {
            if (!tablespaces.onVolume(location)) {
                throw new PostgresException(new Problem(Problem.Reason.CloneFailed, tablespaces.advice(location)));
            }
            if (!Volume.isEmpty(location)) {
                throw new PostgresException(new Problem(
                        Problem.Reason.CloneFailed,
                        "the primary has a tablespace at %s, and on %s that folder is not empty. Nothing was deleted: move away or delete what is in it there, by kubectl exec"
                                .formatted(location, layout.pod())));
            }
        }
        volume.cloneMakes(locations);
    }
}
