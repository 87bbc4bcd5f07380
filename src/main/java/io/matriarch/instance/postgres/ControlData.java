package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What pg_controldata says about a data directory (PostgreSQL manual, "pg_controldata").
 *
 * @param systemIdentifier of the database system
 * @param state such as {@code in production} or {@code shut down}
 * @param timeline of the latest checkpoint, or of the minimum recovery point if that is later
 * @param end latest checkpoint location, or the minimum recovery ending location if that is further; like {@code 0/3000148}
 * @param checkpoint where the latest checkpoint's record begins
 * @param checkpointTimeline the timeline of that checkpoint
 * @param segmentSize bytes of a WAL segment
 * @param hintsLogged whether hint bits are logged like other changes, by wal_log_hints or checksums: then pg_rewind finds in the WAL what changed
 * @param settings of the primary that wrote it, by PostgreSQL's names: a standby must not start with less
 */
record ControlData(
        String systemIdentifier,
        String state,
        int timeline,
        String end,
        String checkpoint,
        int checkpointTimeline,
        long segmentSize,
        boolean hintsLogged,
        Map<String, Integer> settings) {
    /** The state of a primary that was shut down. */
    private static final String SHUT_DOWN = "shut down";

    private static final String SHUT_DOWN_IN_RECOVERY = "shut down in recovery";
    private static final int STATE_OFFSET = 16;
    private static final int DB_SHUTDOWNED = 1;
    private static final int DEFAULT_SEGMENT = 16 * 1024 * 1024;

    private static final List<String> HOT_STANDBY_SETTINGS = List.of(
            "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_xacts", "max_locks_per_xact");
    private static final Map<String, String> PARAMETERS = Map.of(
            "max_prepared_xacts", "max_prepared_transactions", "max_locks_per_xact", "max_locks_per_transaction");

    /** The control data; empty if there is no readable pg_control. */
    static Optional<ControlData> read(Binaries binaries, Path pgdata) throws IOException {
        Commands.Outcome outcome =
                Commands.run(List.of(binaries.program("pg_controldata"), "-D", pgdata.toString()), pgdata);
        return outcome.ok() ? Optional.of(parse(outcome.lines())) : Optional.empty();
    }

    /**
     * Whether pg_control says that a primary was shut down, read without starting a program: {@code DBState} follows the system identifier and two
     * versions in every release (PostgreSQL, catalog/pg_control.h). Use it only while waiting for the shutdown; {@link #read} gives a certain
     * answer.
     */
    static boolean looksShutDown(Path pgdata) throws IOException {
        try (FileChannel file = FileChannel.open(pgdata.resolve("global/pg_control"), StandardOpenOption.READ)) {
            ByteBuffer state = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder());
            return file.read(state, STATE_OFFSET) == Integer.BYTES && state.getInt(0) == DB_SHUTDOWNED;
        }
    }

    static ControlData parse(List<String> lines) {
        Map<String, String> values = new HashMap<>();
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                values.put(
                        line.substring(0, colon).strip(),
                        line.substring(colon + 1).strip());
            }
        }
        String checkpoint = values.getOrDefault("Latest checkpoint location", "0/0");
        String minimum = values.getOrDefault("Minimum recovery ending location", "0/0");
        int timeline = integer(values.get("Latest checkpoint's TimeLineID"));
        int minimumTimeline = integer(values.get("Min recovery ending loc's timeline"));
        Map<String, Integer> settings = new HashMap<>();
        for (String name : HOT_STANDBY_SETTINGS) {
            String value = values.get(name + " setting");
            if (value != null) {
                settings.put(PARAMETERS.getOrDefault(name, name), integer(value));
            }
        }
        return new ControlData(
                values.getOrDefault("Database system identifier", ""),
                values.getOrDefault("Database cluster state", ""),
                Math.max(timeline, minimumTimeline),
                Lsn.parse(minimum) > Lsn.parse(checkpoint) ? minimum : checkpoint,
                checkpoint,
                timeline,
                values.containsKey("Bytes per WAL segment")
                        ? integer(values.get("Bytes per WAL segment"))
                        : DEFAULT_SEGMENT,
                "on".equals(values.get("wal_log_hints setting"))
                        || integer(values.get("Data page checksum version")) > 0,
                Map.copyOf(settings));
    }

    /** Whether this data's server, a primary, was shut down cleanly. */
    boolean shutDown() {
        return state.equals(SHUT_DOWN);
    }

    /** Whether this data's server was shut down cleanly. */
    boolean clean() {
        return shutDown() || state.equals(SHUT_DOWN_IN_RECOVERY);
    }

    private static int integer(@org.jspecify.annotations.Nullable String text) {
        return text == null || text.isEmpty() ? 0 : Integer.parseInt(text);
    }
}
