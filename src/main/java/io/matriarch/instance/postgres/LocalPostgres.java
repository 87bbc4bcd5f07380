package io.matriarch.instance.postgres;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@link Postgres} with the programs of this image, on this pod's volume. */
public final class LocalPostgres implements Postgres {
    private static final Logger LOG = LoggerFactory.getLogger(LocalPostgres.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration START = Duration.ofHours(24);
    private static final Duration STOP = Duration.ofMinutes(2);
    private static final Duration QUESTION = Duration.ofSeconds(5);

    private final Layout layout;
    private final Volume volume;
    private final Postmaster postmaster;
    private final CertificateFiles certificates;
    private final ServerWatch watch;
    private final Map<String, Optional<String>> passwords = new HashMap<>();
    private @Nullable Binaries binaries;
    private volatile @Nullable String revision;
    private volatile @Nullable Rejected rejected;

    public LocalPostgres(Layout layout) {
        this.layout = layout;
        this.volume = new Volume(layout);
        this.postmaster = new Postmaster(layout);
        this.certificates = new CertificateFiles(layout);
        this.watch = new ServerWatch(layout);
    }

    private Binaries binaries() throws PostgresException {
        if (binaries == null) {
            binaries = Binaries.find();
        }
        return binaries;
    }

    @Override
    public VolumeState inspect() throws PostgresException {
        return volume.inspect(binaries());
    }

    @Override
    public void initdb(Settings settings, String applicationPassword, List<String> postInitSql)
            throws PostgresException {
        Initdb initdb = new Initdb(layout, binaries(), volume);
        volume.beginInitdb();
        try {
            refreshCertificates();
            initdb.files(settings.initdb());
            put(
                    Configuration.LOCALE_FILE,
                    Configuration.locale(Files.readString(layout.pgdata().resolve("postgresql.conf"))));
            SettingsCheck check = new SettingsCheck(layout, binaries());
            accept(check.parameters(settings));
            // With the user's lines of pg_hba.conf only once the server itself has read them: it would not start with a
            // bad one.
            write(settings.withHba(List.of()), false, null, "");
            start(settings);
            accept(check.hba(settings));
            initdb.contents(settings, applicationPassword, postInitSql);
            postmaster.stop(STOP);
            write(settings, false, null, layout.listen());
            volume.endInitdb(new MemberFile(
                    layout.owner(), control().systemIdentifier(), binaries().major(), 0));
            rememberGood(settings);
        } catch (IOException e) {
            throw volume.problem("write to", e);
        } catch (SQLException e) {
            throw new PostgresException(new Problem("CheckFailed", "cannot try the settings: " + e.getMessage()), e);
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
        return new PostgresException(new Problem("SettingsRejected", "PostgreSQL refuses spec.postgres: " + words));
    }

    @Override
    public void cloneFrom(Settings settings, String primaryAddress, String systemIdentifier) throws PostgresException {
        volume.beginClone();
        try {
            refreshCertificates();
            new BaseBackup(layout, binaries(), volume).take(primaryAddress);
            Files.deleteIfExists(layout.pgdata().resolve("postgresql.auto.conf"));
            write(settings, true, primaryAddress, layout.listen());
            String system = control().systemIdentifier();
            if (!system.equals(systemIdentifier)) {
                throw new PostgresException(new Problem(
                        "CloneFailed",
                        "the server at %s is system %s, this cluster is %s"
                                .formatted(primaryAddress, system, systemIdentifier)));
            }
            volume.endClone(new MemberFile(layout.owner(), system, binaries().major(), 0));
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
        try {
            boolean replica = Files.exists(layout.pgdata().resolve("standby.signal"));
            // Before the first write of this epoch, not after it: the volume must never know less than its data.
            MemberFile.read(layout.state())
                    .orElseThrow(() -> new IOException("member.json is missing"))
                    .withPrimaryEpoch(epoch)
                    .write(layout.state());
            startWith(settings, replica, null);
            if (replica) {
                try (Sql sql = Sql.open(layout, "postgres", Duration.ofMinutes(2))) {
                    if (!sql.one("SELECT pg_promote(true, 100)", row -> row.getBoolean(1))) {
                        throw new PostgresException(new Problem(
                                "PromotionFailed", "pg_promote did not end within 100 s; it is tried again"));
                    }
                }
            }
        } catch (IOException e) {
            throw volume.problem("write to", e);
        } catch (SQLException e) {
            throw new PostgresException(new Problem("PromotionFailed", "pg_promote: " + e.getMessage()), e);
        }
    }

    @Override
    public void startReplica(Settings settings, @Nullable String primaryAddress) throws PostgresException {
        try {
            startWith(settings, true, primaryAddress);
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    /** Starts with the settings wanted; when the server does not come up with them, with those that it last came up with. */
    private void startWith(Settings settings, boolean replica, @Nullable String primaryAddress)
            throws PostgresException, IOException {
        refreshCertificates();
        Optional<Settings> good = good();
        Optional<String> refusal = new SettingsCheck(layout, binaries()).parameters(settings);
        boolean fallBack = good.isPresent() && !good.get().revision().equals(settings.revision());
        if (refusal.isEmpty()) {
            write(settings, replica, primaryAddress, layout.listen());
            try {
                start(settings);
                rememberGood(settings);
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
        LOG.warn("starting with the former settings, as PostgreSQL refuses the new ones: {}", refusal.get());
        write(good.get(), replica, primaryAddress, layout.listen());
        start(good.get());
        rejected = new Rejected(settings.revision(), refusal.get());
    }

    private void start(Settings settings) throws PostgresException {
        try {
            postmaster.start(binaries());
        } catch (IOException e) {
            throw new PostgresException(new Problem("StartFailed", "cannot start postgres: " + e.getMessage()), e);
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
                                : new Problem("StartFailed", "PostgreSQL does not start: " + words));
            }
            if (!postmaster.running() || System.nanoTime() > end) {
                throw new PostgresException(new Problem("StartFailed", "PostgreSQL was stopped while it started"));
            }
            pause(attempt);
        }
    }

    /** Each question that comes too early is a line in PostgreSQL's log, and recovery may take long. */
    private static void pause(int attempt) throws PostgresException {
        try {
            Thread.sleep(Duration.ofMillis(attempt < 100 ? 30 : 500));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PostgresException(new Problem("Interrupted", "interrupted while PostgreSQL started"), e);
        }
    }

    @Override
    public void follow(@Nullable String primaryAddress) throws PostgresException {
        try {
            writeUpstream(primaryAddress);
            postmaster.reload();
        } catch (IOException e) {
            throw volume.problem("write to", e);
        }
    }

    @Override
    public void apply(Settings settings) throws PostgresException {
        SettingsCheck check = new SettingsCheck(layout, binaries());
        try {
            Optional<String> refusal = check.parameters(settings);
            if (refusal.isEmpty()) {
                refusal = check.hba(settings);
            }
            if (refusal.isPresent()) {
                rejected = new Rejected(settings.revision(), refusal.get());
                return;
            }
            boolean replica = Files.exists(layout.pgdata().resolve("standby.signal"));
            writeConfiguration(settings, replica, layout.listen());
            postmaster.reload();
            // Not remembered as good: that takes a start, as some parameters are not tried before it.
            revision = settings.revision();
            rejected = null;
            watch.settingsChanged();
        } catch (IOException e) {
            throw volume.problem("write to", e);
        } catch (SQLException e) {
            throw new PostgresException(new Problem("CheckFailed", "cannot try the settings: " + e.getMessage()), e);
        }
    }

    @Override
    public List<Integer> keepSlots(List<Integer> ordinals) throws PostgresException {
        try (Sql sql = Sql.open(layout, "postgres", QUESTION)) {
            return new Slots(sql).keep(ordinals);
        } catch (SQLException e) {
            throw new PostgresException(
                    new Problem("SlotsFailed", "cannot arrange the replication slots: " + e.getMessage()), e);
        }
    }

    @Override
    public void password(String role, @Nullable String password) throws PostgresException {
        Optional<String> wanted = Optional.ofNullable(password);
        if (wanted.equals(passwords.get(role))) {
            return;
        }
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
                sql.execute("ALTER ROLE " + Sql.identifier(role) + " PASSWORD " + Sql.literal(password));
            }
            passwords.put(role, wanted);
        } catch (SQLException e) {
            throw new PostgresException(
                    new Problem(
                            "PasswordFailed",
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
                    new Problem("CertificatesMissing", "cannot read the mounted certificates: " + e.getMessage()), e);
        }
    }

    @Override
    public ServerState observe(Duration timeout) {
        return watch.observe(postmaster, timeout, revision, rejected);
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

    /** Figures for {@code /metrics}; empty while the server does not answer. */
    public List<Statistics.Sample> statistics() {
        return Statistics.collect(layout);
    }

    private void write(Settings settings, boolean replica, @Nullable String primaryAddress, String listen)
            throws IOException, PostgresException {
        Path signal = layout.pgdata().resolve("standby.signal");
        if (replica && !Files.exists(signal)) {
            Files.createFile(signal);
        }
        writeUpstream(primaryAddress);
        writeConfiguration(settings, replica, listen);
        MemberFile.syncFolder(layout.pgdata());
    }

    private void writeUpstream(@Nullable String primaryAddress) throws IOException {
        put(Configuration.UPSTREAM_FILE, Configuration.upstream(layout, primaryAddress, Names.ordinal(layout.pod())));
    }

    private void writeConfiguration(Settings settings, boolean replica, String listen)
            throws IOException, PostgresException {
        Map<String, Integer> atLeast = replica ? control().settings() : Map.of();
        Layout listening = new Layout(
                layout.namespace(),
                layout.cluster(),
                layout.pod(),
                layout.data(),
                layout.wal(),
                layout.run(),
                layout.socket(),
                layout.serverCertificate(),
                layout.replicationCertificate(),
                listen,
                layout.port());
        put(
                "postgresql.conf",
                Configuration.postgresql(listening, settings, binaries().major(), volume.walSpace(), atLeast));
        put("pg_hba.conf", Configuration.hba(settings.hba()));
        put("pg_ident.conf", Configuration.ident(Objects.requireNonNull(System.getProperty("user.name"))));
    }

    private void put(String name, String text) throws IOException {
        MemberFile.writeDurably(layout.pgdata().resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }

    private ControlData control() throws IOException, PostgresException {
        return ControlData.read(binaries(), layout.pgdata())
                .orElseThrow(() -> new PostgresException(
                        new Problem("ControlDataMissing", "pg_control of " + layout.pgdata() + " cannot be read")));
    }

    private Optional<Settings> good() throws IOException {
        Path file = layout.state().resolve("good-settings.json");
        return Files.exists(file) ? Optional.of(JSON.readValue(file.toFile(), Settings.class)) : Optional.empty();
    }

    private void rememberGood(Settings settings) throws IOException {
        MemberFile.writeDurably(layout.state().resolve("good-settings.json"), JSON.writeValueAsBytes(settings));
    }
}
