package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.Position;
import io.matriarch.instance.facts.Pulse;
import io.matriarch.instance.facts.TimelineHistory;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@link Replication} for this pod's PostgreSQL; each part is a class of its own. */
final class LocalReplication implements Replication {
    private static final Duration QUESTION = Duration.ofSeconds(5);
    /** Short, because a request for a vote may be waiting meanwhile. */
    private static final Duration RECEIVER = Duration.ofSeconds(1);

    private static final Duration CHECKPOINT = Duration.ofHours(1);

    private static final Duration CONNECTING = Duration.ofSeconds(10);
    private static final Duration HELD = Duration.ofMillis(60);
    private static final String RECEIVES =
            "SELECT NOT pg_is_in_recovery() OR EXISTS (SELECT FROM pg_stat_get_activity(NULL) WHERE backend_type = 'walreceiver')";
    private static final Logger LOG = LoggerFactory.getLogger(LocalReplication.class);

    private final LocalPostgres postgres;
    private final Layout layout;
    private final Volume volume;
    private final Postmaster postmaster;
    private final ConfigurationFiles files;
    private final ServerWatch watch;
    private final Probe probe;
    private final Synchronous synchronous;
    /** Held during changes of the address to follow. */
    private final Object upstream = new Object();

    private volatile long stops;
    private volatile List<String> dropped = List.of();
    /** The position found when the receiver was last stopped. Nothing has arrived since, as long as that server runs and follows no one. */
    private @Nullable Stopped stopped;

    /**
     * @param server the number of that server's start
     */
    private record Stopped(long server, Position position) {}

    LocalReplication(
            LocalPostgres postgres,
            Layout layout,
            Volume volume,
            Postmaster postmaster,
            ConfigurationFiles files,
            ServerWatch watch) {
        this.postgres = postgres;
        this.layout = layout;
        this.volume = volume;
        this.postmaster = postmaster;
        this.files = files;
        this.watch = watch;
        this.probe = new Probe(layout);
        this.synchronous = new Synchronous(layout, postmaster, files);
    }

    @Override
    public Position stopReceiving(Duration patience) throws PostgresException {
        synchronized (upstream) {
            stops++;
            return stop(patience);
        }
    }

    private Position stop(Duration patience) throws PostgresException {
        stopped = null;
        long server = postmaster.starts();
        Position position = new Receiver(layout, files, watch).stop(patience, postgres.binaries());
        stopped = new Stopped(server, position);
        return position;
    }

    @Override
    public long stops() {
        return stops;
    }

    @Override
    public boolean follow(String address, int timeline, long upTo, long seen) throws PostgresException {
        synchronized (upstream) {
            if (stops != seen) {
                return false;
            }
            if (upTo > 0) {
                compare(timeline, upTo);
            }
            stopped = null;
            postgres.follow(address);
            // The startup process starts the receiver once nothing delays it; until then, this replica acknowledges no
            // commit.
            Thread.ofVirtual().name("connects").start(() -> {
                try {
                    hurry(seen, RECEIVES, CONNECTING);
                } catch (PostgresException e) {
                    LOG.debug("{}", e.getMessage());
                }
            });
            return true;
        }
    }

    @Override
    public Optional<String> held(Duration timeout) throws PostgresException {
        try (Sql sql = Sql.open(layout, "postgres", timeout)) {
            return new Replay(sql).held();
        } catch (SQLException e) {
            throw replayUnknown(e);
        }
    }

    @Override
    public void catchUp(long lsn, Duration patience) throws PostgresException {
        hurry(
                stops,
                "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= '%s'".formatted(Lsn.text(lsn)),
                patience);
    }

    /**
     * Ends what delays replay until the query says that it is over. It does nothing once the receiver was stopped: from then on, others decide
     * which member to follow.
     */
    private void hurry(long seen, String over, Duration patience) throws PostgresException {
        long end = System.nanoTime() + patience.toNanos();
        boolean hurried = false;
        try (Sql sql = Sql.open(layout, "postgres", QUESTION)) {
            while (!sql.one(over, row -> row.getBoolean(1)) && System.nanoTime() < end && stops == seen) {
                Pause.of(HELD, "replay went on");
                if (new Replay(sql).held().isPresent()) {
                    hurried = hurried || hurry(seen, true);
                    new Replay(sql).free();
                    postmaster.reload();
                }
            }
        } catch (SQLException | IOException e) {
            throw replayUnknown(e);
        } finally {
            if (hurried) {
                hurry(seen, false);
            }
        }
    }

    private boolean hurry(long seen, boolean hurried) throws PostgresException {
        synchronized (upstream) {
            try {
                if (stops == seen) {
                    files.hurry(hurried);
                    postmaster.reload();
                }
                return stops == seen;
            } catch (IOException e) {
                throw volume.problem("write to", e);
            }
        }
    }

    private static PostgresException replayUnknown(Exception e) {
        return new PostgresException(
                new Problem(Problem.Reason.ReplayUnknown, "cannot tell what holds replay up: " + e.getMessage()), e);
    }

    private void compare(int timeline, long upTo) throws PostgresException {
        Stopped last = stopped;
        Position here = last != null
                        && last.server() == postmaster.starts()
                        && last.position().timeline() == timeline
                        && last.position().exhausted()
                        && files.followsNobody()
                ? last.position()
                : stop(RECEIVER);
        if (!here.exhausted()) {
            throw new PostgresException(new Problem(
                    Problem.Reason.NotReplayed,
                    "this replica still replays what it has, and follows another primary only when that is compared"));
        }
        if (here.timeline() > timeline || here.lsn() > upTo) {
            throw new PostgresException(new Problem(
                    Problem.Reason.HasMore,
                    "this replica has WAL up to %s of timeline %d, and the new primary's history leaves timeline %d at %s"
                            .formatted(Lsn.text(here.lsn()), here.timeline(), timeline, Lsn.text(upTo))));
        }
    }

    @Override
    public List<Integer> flushed(List<Integer> voters, long lsn, Duration timeout) throws PostgresException {
        return synchronous.flushed(voters, lsn, timeout);
    }

    @Override
    public Map<Integer, Long> slots(Duration timeout) throws PostgresException {
        try (Sql sql = Sql.open(layout, "postgres", timeout)) {
            return new Slots(sql).positions();
        } catch (SQLException e) {
            throw slotsFailed(e);
        }
    }

    @Override
    public synchronized Pulse probe(Duration timeout) {
        return probe.take(timeout);
    }

    @Override
    public TimelineHistory promote(long epoch, int timeline) throws PostgresException {
        try {
            TimelineHistory history = new Promotion(layout, postmaster, files, watch).promote(epoch, timeline);
            if (files.lower()) {
                postmaster.reload();
                watch.settingsChanged();
            }
            return history;
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    @Override
    public void beginReign(long epoch, int timeline) throws PostgresException {
        try {
            Reigns.begin(layout, epoch, timeline);
        } catch (SQLException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.FirstWriteFailed, "cannot write to matriarch.reigns: " + e.getMessage()),
                    e);
        }
    }

    @Override
    public void checkpoint() throws PostgresException {
        try (Sql sql = Sql.open(layout, "postgres", CHECKPOINT)) {
            sql.execute("CHECKPOINT");
        } catch (SQLException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.CheckpointFailed, "CHECKPOINT: " + e.getMessage()), e);
        }
    }

    @Override
    public long synchronous(int acknowledgements, List<Integer> voters) throws PostgresException {
        try {
            return synchronous.change(acknowledgements, voters);
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    @Override
    public void await(List<Integer> ordinals) throws PostgresException {
        try {
            synchronous.await(ordinals);
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    @Override
    public long startBehindGate(Settings settings, long epoch) throws PostgresException {
        files.shutGate(true);
        postgres.startAsPrimary(settings, epoch);
        try (Sql sql = Sql.open(layout, "postgres", QUESTION)) {
            return Lsn.parse(sql.one("SELECT pg_current_wal_flush_lsn()::text", row -> row.getString(1)));
        } catch (SQLException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.PositionUnknown, "cannot tell where the WAL ends: " + e.getMessage()),
                    e);
        }
    }

    @Override
    public void openGate(Settings settings) throws PostgresException {
        if (files.gateIsShut()) {
            files.shutGate(false);
            postgres.openFor(settings);
        }
    }

    @Override
    public long handOver(List<Integer> members) throws PostgresException {
        try {
            return new HandOver(layout, postmaster, postgres.binaries()).stop(members);
        } catch (IOException e) {
            throw volume.problem("read", e);
        }
    }

    @Override
    public void rewind(Settings settings, String address, int timeline) throws PostgresException {
        try {
            postgres.refreshCertificates();
            postmaster.removeStalePid();
            TimelineHistory history = history(address, timeline);
            new Rewind(layout, postgres.binaries(), volume).from(address, history, changed -> {
                files.dropAlterSystem();
                postgres.write(settings, true, address, layout.listen());
                forgetLostTimelines();
                if (changed) {
                    volume.rewound();
                }
            });
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    private void forgetLostTimelines() throws IOException, PostgresException {
        Path pgdata = layout.pgdata();
        TimelineHistory now = TimelineFiles.read(pgdata, postgres.control().timeline());
        MemberFile.read(layout.state())
                .orElseThrow(() -> new IOException("member.json is missing"))
                .keeping(now.lineage())
                .write(layout.state());
    }

    @Override
    public TimelineHistory history(String address, int timeline) throws PostgresException {
        if (timeline <= 1) {
            return new TimelineHistory(timeline, List.of());
        }
        try {
            postgres.refreshCertificates();
            Commands.Outcome outcome = Commands.run(
                    List.of(
                            postgres.binaries().program("psql"),
                            "--no-psqlrc",
                            "--no-align",
                            "--tuples-only",
                            "--command=TIMELINE_HISTORY " + timeline,
                            Configuration.conninfo(layout, address) + " replication=true"),
                    Path.of("/"));
            int content = outcome.text().indexOf('|') + 1;
            if (outcome.ok() && content > 0) {
                return TimelineHistory.parse(timeline, outcome.text().substring(content));
            }
            throw new PostgresException(new Problem(
                    Problem.Reason.HistoryUnknown,
                    "the primary at %s does not tell the history of timeline %d: %s"
                            .formatted(address, timeline, outcome.complaint())));
        } catch (IOException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.HistoryUnknown, "cannot ask %s: %s".formatted(address, e.getMessage())),
                    e);
        }
    }

    @Override
    public void copySlots(Map<Integer, Long> positions) throws PostgresException {
        Map<Integer, Long> others = new TreeMap<>(positions);
        others.remove(Names.ordinal(layout.pod()));
        try (Sql sql = Sql.open(layout, "postgres", QUESTION)) {
            new Slots(sql).copy(others);
            new Slots(sql).dropLeft(false);
        } catch (SQLException e) {
            throw slotsFailed(e);
        }
    }

    /** The slots that a replica dropped when it started. */
    void dropped(List<String> names) {
        dropped = names;
    }

    @Override
    public List<MemberReport.Slot> userSlots() throws PostgresException {
        if (files.isStandby()) {
            return dropped.stream()
                    .map(name -> new MemberReport.Slot(name, MemberReport.SlotState.Dropped))
                    .toList();
        }
        try (Sql sql = Sql.open(layout, "postgres", QUESTION)) {
            return new Slots(sql).troubled();
        } catch (SQLException e) {
            throw slotsFailed(e);
        }
    }

    private static PostgresException slotsFailed(SQLException e) {
        return new PostgresException(
                new Problem(Problem.Reason.SlotsFailed, "cannot arrange the replication slots: " + e.getMessage()), e);
    }
}
