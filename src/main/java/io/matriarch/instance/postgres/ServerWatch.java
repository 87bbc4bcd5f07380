package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.Wal;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Queries the server's state, over one connection that it keeps. */
final class ServerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(ServerWatch.class);

    private static final String STATE = """
            SELECT pg_is_in_recovery(),
                   current_setting('server_version'),
                   CASE WHEN pg_is_in_recovery()
                        THEN greatest((SELECT timeline_id FROM pg_control_checkpoint()),
                                      coalesce((SELECT received_tli FROM pg_stat_wal_receiver), 0))
                        ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
                   coalesce((SELECT status = 'streaming' FROM pg_stat_wal_receiver), false),
                   CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn()
                        ELSE greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) END::text,
                   CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END::text,
                   (SELECT sender_host FROM pg_stat_wal_receiver),
                   coalesce((SELECT received_tli FROM pg_stat_wal_receiver), 0),
                   (SELECT latest_end_lsn FROM pg_stat_wal_receiver)::text,
                   pg_is_in_recovery() AND (pg_is_wal_replay_paused()
                        OR current_setting('recovery_min_apply_delay') <> '0'),
                   coalesce(current_setting('%s', true), ''),
                   NOT pg_is_in_recovery()
                        AND EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND NOT rolcanlogin)
            """.formatted(Configuration.REVISION);

    private static final String NEWEST_HISTORY = """
            SELECT CASE WHEN pg_is_in_recovery() AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver)
                        THEN (SELECT coalesce(max(('x' || substr(name, 1, 8))::bit(32)::int), 0) FROM pg_ls_waldir()
                              WHERE name LIKE '%.history')
                        ELSE 0 END
            """;

    private static final String SENDERS = """
            SELECT application_name, coalesce(host(client_addr), ''), state = 'streaming',
                   coalesce(flush_lsn::text, ''), coalesce(replay_lsn::text, '')
            FROM pg_stat_replication WHERE usename = '%s' ORDER BY 1
            """.formatted(Layout.REPLICATION_ROLE);

    /** A server that is starting or ending is not queried more often than this: each query costs it a process. */
    private static final Duration AGAIN = Duration.ofMillis(100);

    private final Layout layout;
    private final AtomicBoolean settingsChanged = new AtomicBoolean(true);
    private @Nullable Sql sql;
    private List<String> pendingRestart = List.of();
    private final TakenFiles taken = new TakenFiles();
    private String replayedTo = "";
    private int replaying;
    /** The timeline that the running server received last; 0 if it received none. */
    private volatile int received;

    private int rounds;
    private volatile long refusedAt = System.nanoTime() - AGAIN.toNanos();
    private String refusal = "";

    ServerWatch(Layout layout) {
        this.layout = layout;
    }

    /** Says that pg_settings may have changed. */
    void settingsChanged() {
        taken.written();
        settingsChanged.set(true);
    }

    /**
     * The timeline that a running replica without a receiver replays: the one that was received last, as long as there is no history file of a
     * newer one; otherwise this asks a walsender.
     */
    int replayed(Duration timeout) throws SQLException, IOException {
        int last = received;
        boolean known = last > 0 && TimelineFiles.newestFile(layout.pgdata()) <= last;
        return known ? last : Walsender.timeline(layout, timeout);
    }

    /** Whether the server accepts this agent's connections. */
    boolean accepts() {
        try (Sql probe = Sql.open(layout, "postgres", Duration.ofSeconds(2))) {
            refusedAt = System.nanoTime() - AGAIN.toNanos();
            return probe.one("SELECT true", row -> row.getBoolean(1));
        } catch (SQLException e) {
            return false;
        }
    }

    /** Parameters that run with a value other than the spec says: those that only a start changes, and those that a standby must not lower yet. */
    private List<String> pendingRestart(Sql open) throws SQLException {
        Set<String> names = new TreeSet<>(
                open.query("SELECT name FROM pg_settings WHERE pending_restart", row -> row.getString(1)));
        try {
            names.addAll(Configuration.raised(Files.readString(layout.pgdata().resolve("postgresql.conf"))));
        } catch (IOException e) {
            LOG.warn("postgresql.conf cannot be read: {}", e.getMessage());
        }
        return List.copyOf(names);
    }

    synchronized ServerState observe(
            Postmaster postmaster, Duration timeout, @Nullable String revision, @Nullable Rejected rejected) {
        if (!postmaster.running()) {
            close();
            return new ServerState(
                    false,
                    false,
                    false,
                    false,
                    postmaster.walGone(),
                    0,
                    null,
                    null,
                    rejected,
                    List.of(),
                    List.of(),
                    postmaster.failure().orElse(null));
        }
        Duration refused = Duration.ofNanos(System.nanoTime() - refusedAt);
        if (sql == null && refused.compareTo(AGAIN) < 0) {
            return silent(postmaster, revision, rejected, refusal);
        }
        try {
            Sql open = connection(timeout);
            // A reload takes effect a moment after the signal, so look again for some rounds after a change.
            if (settingsChanged.getAndSet(false)) {
                rounds = 5;
            }
            if (rounds > 0) {
                rounds--;
                pendingRestart = pendingRestart(open);
            }
            List<Sender> senders = senders(open);
            int newest = newestHistory(open);
            boolean read = taken.read(open);
            Optional<String> complaint =
                    postmaster.complaint().or(() -> postmaster.saidErrors() ? taken.complaint() : Optional.empty());
            Rejected now = rejected == null && revision != null
                    ? complaint.map(words -> new Rejected(revision, words)).orElse(null)
                    : rejected;
            Looked looked = open.one(
                    STATE,
                    row -> new Looked(
                            new ServerState(
                                    true,
                                    true,
                                    row.getBoolean(1),
                                    row.getBoolean(4),
                                    postmaster.walGone(),
                                    timeline(row, newest),
                                    row.getString(2).split(" ")[0],
                                    revision,
                                    now,
                                    pendingRestart,
                                    senders.stream()
                                            .filter(Sender::streaming)
                                            .map(Sender::ordinal)
                                            .toList(),
                                    null,
                                    wal(row, senders),
                                    read
                                            && complaint.isEmpty()
                                            && row.getString(11).equals(revision)),
                            row.getBoolean(12)));
            if (looked.lockedOut()) {
                letIn(open);
            }
            return looked.state();
        } catch (SQLException e) {
            close();
            refusedAt = System.nanoTime();
            refusal = Optional.ofNullable(e.getMessage()).orElse("no answer");
            return silent(postmaster, revision, rejected, refusal);
        }
    }

    /** Of a look: whether the agent's role may not log in any more. */
    private record Looked(ServerState state, boolean lockedOut) {}

    /** Only this session, which is open, can do it: the agent's next one would be refused, and with it each repair. */
    private static void letIn(Sql open) throws SQLException {
        LOG.warn("letting the role {} log in again: the agent needs it", Layout.SUPERUSER);
        open.execute("ALTER ROLE " + Layout.SUPERUSER + " LOGIN");
    }

    private static ServerState silent(
            Postmaster postmaster, @Nullable String revision, @Nullable Rejected rejected, String why) {
        return new ServerState(
                true,
                false,
                false,
                false,
                postmaster.walGone(),
                0,
                null,
                revision,
                rejected,
                List.of(),
                List.of(),
                why,
                Wal.UNKNOWN,
                false);
    }

    /** Without a receiver, pg_control may still name a former timeline; only a walsender certainly knows which one is replayed. */
    private int timeline(ResultSet row, int newest) throws SQLException {
        boolean unsure = row.getBoolean(1) && row.getInt(8) == 0;
        if (!unsure) {
            replayedTo = "";
            received = row.getInt(8);
            return row.getInt(3);
        }
        if (received > 0 && newest <= received) {
            // Any timeline that it may have begun to replay since would have a history here.
            return received;
        }
        String replayed = String.valueOf(row.getString(6));
        if (!replayed.equals(replayedTo)) {
            replaying = Walsender.timeline(layout, Duration.ofSeconds(1));
            replayedTo = replayed;
        }
        return Math.max(replaying, row.getInt(3));
    }

    /** The newest timeline that has a history file; looked up only if no receiver says more. */
    private int newestHistory(Sql open) throws SQLException {
        return received == 0 ? 0 : open.one(NEWEST_HISTORY, row -> row.getInt(1));
    }

    private List<Sender> senders(Sql open) throws SQLException {
        List<Sender> senders = new ArrayList<>();
        for (List<String> row : open.query(SENDERS, ServerWatch::texts)) {
            layout.member(row.getFirst())
                    .ifPresent(ordinal -> senders.add(new Sender(
                            ordinal,
                            row.get(1),
                            row.get(2).equals("t"),
                            Lsn.parse(row.get(3)),
                            Lsn.parse(row.get(4)))));
        }
        return List.copyOf(senders);
    }

    private static List<String> texts(ResultSet row) throws SQLException {
        List<String> texts = new ArrayList<>();
        for (int column = 1; column <= row.getMetaData().getColumnCount(); column++) {
            texts.add(row.getString(column));
        }
        return texts;
    }

    private static Wal wal(ResultSet row, List<Sender> senders) throws SQLException {
        return new Wal(
                Lsn.parse(row.getString(5)),
                Lsn.parse(row.getString(6)),
                row.getBoolean(10),
                Optional.ofNullable(row.getString(7)).orElse(""),
                row.getInt(8),
                Lsn.parse(row.getString(9)),
                senders);
    }

    private Sql connection(Duration timeout) throws SQLException {
        if (sql == null) {
            sql = Sql.open(layout, "postgres", timeout);
            settingsChanged.set(true);
        }
        return sql;
    }

    private void close() {
        taken.unknown();
        replayedTo = "";
        received = 0;
        if (sql != null) {
            sql.close();
            sql = null;
        }
    }
}
