package io.matriarch.instance.postgres;

import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@link Postgres} with the programs of this image, on this pod's volume. */
public final class LocalPostgres implements Postgres {
    private static final Logger LOG = LoggerFactory.getLogger(LocalPostgres.class);
    private static final String GOOD = "good-settings.json";
    private static final Duration START = Duration.ofHours(24);
    private static final Duration STOP = Duration.ofMinutes(2);
    private static final Duration QUESTION = Duration.ofSeconds(5);

    private final Layout layout;
    private final Volume volume;
    private final Postmaster postmaster;
    private final ConfigurationFiles files;
    private final LocalReplication replication;
    private final CertificateFiles certificates;
    private final ServerWatch watch;
    private @Nullable Binaries binaries;
    private volatile @Nullable String revision;
    private volatile @Nullable Rejected rejected;

    public LocalPostgres(Layout layout) {
        this(layout, ServerEvents.NONE);
    }

    public LocalPostgres(Layout layout, ServerEvents events) {
        this.layout = layout;
        this.volume = new Volume(layout);
        this.postmaster = new Postmaster(layout, events);
        this.files = new ConfigurationFiles(layout, volume);
        this.certificates = new CertificateFiles(layout);
        this.watch = new ServerWatch(layout);
        this.replication = new LocalReplication(this, layout, volume, postmaster, files, watch);
    }

    /** The failover functions of the same server. */
    public Replication replication() {
        return replication;
    }

    synchronized Binaries binaries() throws PostgresException {
        if (binaries == null) {
            binaries = Binaries.find();
            OwnSessions.serverIs(binaries.major());
        }
        return binaries;
    }

    @Override
    public VolumeState inspect() throws PostgresException {
        return volume.inspect(binaries());
    }

    @Override
    public VolumeState measure() throws PostgresException {
        return volume.measure(binaries());
    }

    @Override
    public void initdb(Settings settings, String applicationPassword, List<String> postInitSql)
            throws PostgresException {
        Initdb initdb = new Initdb(layout, binaries(), volume);
        volume.beginInitdb();
        try {
            refreshCertificates();
            initdb.files(settings.initdb());
            files.keepLocale();
            accept(new SettingsCheck(layout, binaries()).refusal(settings));
            write(settings, false, null, "");
            start(settings);
            initdb.contents(settings, applicationPassword, postInitSql);
            postmaster.stop(STOP);
            write(settings, false, null, layout.listen());
            volume.endInitdb(MemberFile.of(
                    layout.owner(), control().systemIdentifier(), binaries().major()));
            rememberGood(settings);
        } catch (IOException e) {
            throw volume.problem("write to", e);
        } finally {
            postmaster.kill();
        }
    }

    private static void accept(Optional<String> refusal) throws PostgresException {
        if (refusal.isPresent()) {
            throw rejectedAtStart(refusal.get());
        }
    }

    private static PostgresException rejectedAtStart(String words) {
        return new PostgresException(
                new Problem(Problem.Reason.SettingsRejected, "PostgreSQL refuses spec.postgres: " + words));
    }

    @Override
    public void cloneFrom(Settings settings, String primaryAddress, String systemIdentifier) throws PostgresException {
        volume.beginClone();
        try {
            refreshCertificates();
            new BaseBackup(layout, binaries(), volume).take(primaryAddress);
            files.dropAlterSystem();
            write(settings, true, primaryAddress, layout.listen());
            String system = control().systemIdentifier();
            if (!system.equals(systemIdentifier)) {
                throw new PostgresException(new Problem(
                        Problem.Reason.CloneFailed,
                        "the server at %s is system %s, this cluster is %s"
                                .formatted(primaryAddress, system, systemIdentifier)));
            }
            volume.endClone(Rewindable.cloned(
                    MemberFile.of(layout.owner(), system, binaries().major()), control()));
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    @Override
    public void discard() throws PostgresException {
        postmaster.stop(STOP);
        LOG.warn("throwing this replica's copy away, to clone it anew from the primary");
        volume.discard();
    }

    @Override
    public void startPrimary(Settings settings, long epoch) throws PostgresException {
        files.shutGate(false);
        startAsPrimary(settings, epoch);
    }

    /** Starts as the primary, with the gate as it is. */
    void startAsPrimary(Settings settings, long epoch) throws PostgresException {
        try {
            boolean replica = files.isStandby();
            // Write this before the first write of this epoch, not after it: the volume must never know less than its
            // data.
            remember((member, control) -> replica ? member : member.reigning(epoch, control.timeline()));
            startWith(settings, replica, null);
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
        if (files.isStandby()) {
            replication.promote(epoch, 0);
        }
    }

    @Override
    public void startReplica(Settings settings, @Nullable String primaryAddress) throws PostgresException {
        files.shutGate(false);
        try {
            new ReservedTimelines(layout.pgdata()).takeBack();
            remember((member, control) -> member);
            // The primary's CREATE TABLESPACE ended this server, because recovery creates no folder.
            Optional<Path> missing = postmaster.missing();
            if (missing.isPresent()) {
                new Tablespaces(layout).make(missing.get());
            }
            boolean rewound = volume.isRewound();
            startWith(settings, true, primaryAddress);
            volume.cameUp();
            dropLeftSlots(rewound || volume.hasLed());
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    /** Records what a start changes: the given change, and since when the data can be rewound. */
    private void remember(BiFunction<MemberFile, ControlData, MemberFile> change)
            throws IOException, PostgresException {
        MemberFile member =
                MemberFile.read(layout.state()).orElseThrow(() -> new IOException("member.json is missing"));
        ControlData control = control();
        MemberFile next = Rewindable.starting(
                change.apply(member, control),
                control,
                files.isStandby(),
                () -> WalEnd.of(binaries(), layout.pgdata(), control));
        if (!next.equals(member)) {
            next.write(layout.state());
        }
    }

    /** If this fails, the server is a replica all the same: slots that are certainly left over are looked for again later. */
    private void dropLeftSlots(boolean led) throws IOException {
        try (Sql sql = Sql.open(layout, "postgres", QUESTION)) {
            replication.dropped(new Slots(sql).dropLeft(led));
            volume.followed();
        } catch (SQLException e) {
            LOG.warn("cannot drop logical slots that were left: {}", e.getMessage());
        }
    }

    /** Starts with the wanted settings; if the server does not come up with them, with those with which it last came up. */
    private void startWith(Settings settings, boolean replica, @Nullable String primaryAddress)
            throws PostgresException, IOException {
        refreshCertificates();
        Optional<Settings> good = good();
        // Settings that this very image's PostgreSQL has accepted need not be checked again while others wait for this
        // member.
        boolean taken = settings.revision().equals(revision) && rejected == null;
        boolean known = good.filter(settings::sameConfiguration).isPresent();
        boolean fallBack = good.isPresent() && !good.get().revision().equals(settings.revision());
        Optional<String> refusal = Optional.empty();
        boolean untried = false;
        try {
            refusal = taken ? Optional.empty() : check(settings);
        } catch (PostgresException e) {
            if (!known && !fallBack) {
                throw e;
            }
            // Settings that started before start without a check; the new ones are applied once they can be checked.
            untried = !known;
            refusal = known ? Optional.empty() : Optional.of(e.problem().message());
        }
        if (refusal.isEmpty()) {
            write(settings, replica, primaryAddress, layout.listen());
            try {
                start(settings);
                if (!files.gateIsShut()) {
                    rememberGood(settings);
                }
                rejected = null;
                return;
            } catch (PostgresException e) {
                if (!fallBack || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                refusal = Optional.of(e.problem().message());
            }
        } else if (!fallBack) {
            throw rejectedAtStart(refusal.get());
        }
        LOG.warn("starting with the former settings, as the new ones are not accepted: {}", refusal.get());
        write(good.get(), replica, primaryAddress, layout.listen());
        start(good.get());
        rejected = untried ? null : new Rejected(settings.revision(), refusal.get());
    }

    /** Checks settings. Behind the gate the user's lines of pg_hba.conf are not in use; they are checked when it opens. */
    private Optional<String> check(Settings settings) throws PostgresException {
        return new SettingsCheck(layout, binaries())
                .refusal(files.gateIsShut() ? settings.withHba(List.of()) : settings);
    }

    private void start(Settings settings) throws PostgresException {
        try {
            postmaster.start(binaries());
        } catch (IOException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.StartFailed, "cannot start postgres: " + e.getMessage()), e);
        }
        revision = settings.revision();
        long end = System.nanoTime() + START.toNanos();
        for (int attempt = 0; !watch.accepts(); attempt++) {
            Optional<String> failure = postmaster.failure();
            if (failure.isPresent()) {
                String words = failure.get();
                throw new PostgresException(
                        words.contains("No space left")
                                ? volume.diskFull(words)
                                : new Problem(
                                        Problem.Reason.StartFailed,
                                        "PostgreSQL does not start: " + words + advice(words)));
            }
            if (!postmaster.running() || System.nanoTime() > end) {
                throw new PostgresException(
                        new Problem(Problem.Reason.StartFailed, "PostgreSQL was stopped while it started"));
            }
            // Each question that comes too early is logged by PostgreSQL, and recovery may take long.
            Pause.of(Duration.ofMillis(attempt < 100 ? 30 : 500), "PostgreSQL started");
        }
    }

    private String advice(String words) {
        Tablespaces tablespaces = new Tablespaces(layout);
        return Tablespaces.missing(words)
                .filter(location -> !tablespaces.onVolume(location))
                .map(location -> ". " + tablespaces.advice(location))
                .orElse("");
    }

    @Override
    public void follow(@Nullable String primaryAddress) throws PostgresException {
        try {
            files.follow(primaryAddress);
            postmaster.reload();
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    @Override
    public void apply(Settings settings) throws PostgresException {
        try {
            Optional<String> refusal = check(settings);
            if (refusal.isPresent()) {
                rejected = new Rejected(settings.revision(), refusal.get());
                return;
            }
            files.write(settings, binaries().major(), layout.listen(), atLeast(files.isStandby()));
            postmaster.reload();
            // These are not recorded as good yet: that takes a start, as only a start tests some parameters.
            revision = settings.revision();
            rejected = null;
            watch.settingsChanged();
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    /** Takes the user's lines of pg_hba.conf into use; if PostgreSQL refuses them, those that were last in use. */
    void openFor(Settings settings) throws PostgresException {
        try {
            // Settings with which this volume started before need no further check: clients are waiting.
            boolean known = good().filter(settings::sameConfiguration).isPresent();
            Optional<String> refusal =
                    known ? Optional.empty() : new SettingsCheck(layout, binaries()).refusal(settings);
            Settings accepted = refusal.isEmpty()
                    ? settings
                    : settings.withHba(good().map(Settings::hba).orElse(List.of()));
            files.write(accepted, binaries().major(), layout.listen(), Map.of());
            postmaster.reload();
            watch.settingsChanged();
            if (refusal.isPresent()) {
                rejected = new Rejected(settings.revision(), refusal.get());
            } else {
                rememberGood(settings);
            }
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    @Override
    public List<Integer> keepSlots(List<Integer> ordinals) throws PostgresException {
        try (Sql sql = Sql.open(layout, "postgres", QUESTION)) {
            new ReplicationRole(sql, binaries().major()).keep();
            return new Slots(sql).keep(ordinals);
        } catch (SQLException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.SlotsFailed, "cannot arrange the replication slots: " + e.getMessage()),
                    e);
        }
    }

    @Override
    public void password(String role, @Nullable String password) throws PostgresException {
        try (Sql sql = Sql.open(layout, "postgres", QUESTION)) {
            sql.execute(
                    "SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1");
            if (password == null) {
                boolean has = sql.one(
                        "SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = ?",
                        row -> row.getBoolean(1),
                        role);
                if (has) {
                    sql.execute("ALTER ROLE " + Sql.identifier(role) + " PASSWORD NULL");
                }
            } else {
                // Use the user's value for all passwords; values of a role or a database do not count.
                sql.execute(
                        "SELECT set_config(name, setting, false) FROM pg_file_settings WHERE name = 'scram_iterations' AND error IS NULL ORDER BY seqno DESC LIMIT 1");
                sql.execute("ALTER ROLE " + Sql.identifier(role) + " PASSWORD " + Sql.literal(password));
            }
        } catch (SQLException e) {
            throw new PostgresException(
                    new Problem(
                            Problem.Reason.PasswordFailed,
                            "cannot set the password of the role %s: %s".formatted(role, e.getMessage())),
                    e);
        }
    }

    @Override
    public synchronized void refreshCertificates() throws PostgresException {
        try {
            if (certificates.refresh() && postmaster.running()) {
                postmaster.reload();
            }
        } catch (IOException e) {
            throw new PostgresException(
                    new Problem(
                            Problem.Reason.CertificatesMissing,
                            "cannot read the mounted certificates: " + e.getMessage()),
                    e);
        }
    }

    @Override
    public ServerState observe(Duration timeout) {
        return watch.observe(postmaster, timeout, revision, rejected);
    }

    @Override
    public boolean runs() {
        return postmaster.running();
    }

    @Override
    public void stop(Duration patience) throws PostgresException {
        postmaster.stop(patience);
    }

    @Override
    public void stopNow() {
        postmaster.stopNow();
    }

    @Override
    public void kill() {
        postmaster.kill();
    }

    /** Samples for {@code /metrics}; empty while the server does not answer. */
    public List<Statistics.Sample> statistics() {
        return Statistics.collect(layout);
    }

    void write(Settings settings, boolean replica, @Nullable String primaryAddress, String listen)
            throws IOException, PostgresException {
        if (replica && !files.isStandby()) {
            volume.led();
        }
        files.write(settings, binaries().major(), replica, primaryAddress, listen, atLeast(replica));
    }

    private Map<String, Integer> atLeast(boolean replica) throws IOException, PostgresException {
        return replica ? control().settings() : Map.of();
    }

    ControlData control() throws IOException, PostgresException {
        return ControlData.read(binaries(), layout.pgdata())
                .orElseThrow(() -> new PostgresException(new Problem(
                        Problem.Reason.ControlDataMissing, "pg_control of " + layout.pgdata() + " cannot be read")));
    }

    private Optional<Settings> good() throws IOException {
        Path own = layout.state().resolve(GOOD);
        // A new member has the settings with which the member that it was cloned from last started.
        Path file = Files.exists(own) ? own : layout.pgdata().resolve(GOOD);
        return Files.exists(file) ? Optional.of(Json.read(Files.readAllBytes(file), Settings.class)) : Optional.empty();
    }

    private void rememberGood(Settings settings) throws IOException {
        MemberFile.writeDurably(layout.state().resolve(GOOD), Json.bytes(settings));
        MemberFile.writeDurably(layout.pgdata().resolve(GOOD), Json.bytes(settings));
    }
}
