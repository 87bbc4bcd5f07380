package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes PostgreSQL's configuration files into PGDATA, each so that a crash leaves the old or the new version. Nothing here reloads the server.
 */
final class ConfigurationFiles {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigurationFiles.class);
    private static final String AUTO = "postgresql.auto.conf";
    /** The file through which ALTER SYSTEM writes postgresql.auto.conf. */
    private static final String AUTO_NEXT = "postgresql.auto.conf.tmp";

    private static final int ALLOW_ALTER_SYSTEM_SINCE = 17;

    private final Layout layout;
    private final Volume volume;
    private volatile boolean gate;
    private volatile int major;
    private @Nullable String followed;

    ConfigurationFiles(Layout layout, Volume volume) {
        this.layout = layout;
        this.volume = volume;
    }

    /** Writes all files. {@code atLeast}: the primary's hot-standby parameters, for a replica. */
    void write(
            Settings settings,
            int major,
            boolean replica,
            @Nullable String primaryAddress,
            String listen,
            Map<String, Integer> atLeast)
            throws IOException {
        if (replica) {
            becomeStandby();
        }
        this.major = major;
        follow(primaryAddress);
        for (String included :
                List.of(Configuration.LOCALE_FILE, Configuration.SYNCHRONOUS_FILE, Configuration.AWAITED_FILE, AUTO)) {
            // If one is missing, every process logs that at every reload.
            if (!Files.exists(layout.pgdata().resolve(included))) {
                put(included, "");
            }
        }
        write(settings, major, listen, atLeast);
        MemberFile.syncFolder(layout.pgdata());
    }

    /** Writes the files that depend on the settings. */
    void write(Settings settings, int major, String listen, Map<String, Integer> atLeast) throws IOException {
        forbidAlterSystem(major);
        put(
                "postgresql.conf",
                Configuration.postgresql(layout.listening(listen), settings, major, volume.walSpace(), atLeast));
        put("pg_hba.conf", hba(settings));
        put("pg_ident.conf", Configuration.ident(Objects.requireNonNull(System.getProperty("user.name"))));
    }

    /** For a replica that has become the primary: removes what only a replica needs. Returns false if there was nothing to remove. */
    boolean lower() throws IOException {
        String present = Files.readString(layout.pgdata().resolve("postgresql.conf"));
        String lowered = Configuration.lowered(present);
        if (lowered.equals(present)) {
            return false;
        }
        put("postgresql.conf", lowered);
        return true;
    }

    /** Sets the address to follow; null to follow no one. */
    synchronized void follow(@Nullable String primaryAddress) throws IOException {
        followed = primaryAddress;
        upstream(false);
    }

    /** Sets whether replay waits for nothing; valid until the next change of the address to follow. */
    synchronized void hurry(boolean hurried) throws IOException {
        upstream(hurried);
    }

    private void upstream(boolean hurried) throws IOException {
        // A replica that follows no one cannot request slots from anyone, and would log that in every round.
        String slots =
                followed == null && major >= Configuration.FAILOVER_SLOTS_SINCE ? "sync_replication_slots = off\n" : "";
        put(
                Configuration.UPSTREAM_FILE,
                Configuration.upstream(layout, followed, Names.ordinal(layout.pod()), hurried) + slots);
    }

    /** Whether the replica follows no one, according to the file; false if the file cannot be read. */
    boolean followsNobody() {
        try {
            return Files.readString(layout.pgdata().resolve(Configuration.UPSTREAM_FILE))
                    .startsWith(Configuration.upstream(layout, null, Names.ordinal(layout.pod()), false));
        } catch (IOException e) {
            return false;
        }
    }

    /** Sets synchronous_standby_names. */
    void synchronous(int acknowledgements, List<Integer> voters) throws IOException {
        put(Configuration.SYNCHRONOUS_FILE, Configuration.synchronous(layout.cluster(), acknowledgements, voters));
    }

    /** Sets synchronized_standby_slots; returns false if it had that value already, or if this PostgreSQL has no failover slots. */
    boolean awaited(List<Integer> ordinals) throws IOException {
        String text = Configuration.awaited(ordinals);
        Path file = layout.pgdata().resolve(Configuration.AWAITED_FILE);
        if (major < Configuration.FAILOVER_SLOTS_SINCE
                || Files.exists(file) && Files.readString(file).equals(text)) {
            return false;
        }
        put(Configuration.AWAITED_FILE, text);
        return true;
    }

    /** Keeps what initdb chose from the locale. */
    void keepLocale() throws IOException {
        put(
                Configuration.LOCALE_FILE,
                Configuration.locale(Files.readString(layout.pgdata().resolve("postgresql.conf"))));
    }

    /**
     * ALTER SYSTEM would override what the cluster owns, such as synchronous_standby_names, and what a settings check has validated. Versions
     * before 17 have no parameter to forbid it, but no version can write its file if a folder has that name.
     */
    private void forbidAlterSystem(int major) throws IOException {
        Path next = layout.pgdata().resolve(AUTO_NEXT);
        if (major < ALLOW_ALTER_SYSTEM_SINCE && !Files.isDirectory(next)) {
            Files.deleteIfExists(next);
            Files.createDirectory(next);
        }
        Path auto = layout.pgdata().resolve(AUTO);
        List<String> lines = Files.exists(auto)
                ? Files.readAllLines(auto).stream()
                        .filter(line -> !line.isBlank() && !line.startsWith("#"))
                        .toList()
                : List.of();
        if (!lines.isEmpty()) {
            LOG.warn("dropping what ALTER SYSTEM has set, as settings come from spec.postgres.parameters: {}", lines);
            put(AUTO, "");
        }
    }

    /** Drops what a user set with ALTER SYSTEM on the member that the data comes from: it is not meant for this member. */
    void dropAlterSystem() throws IOException {
        put(AUTO, "");
    }

    /** While the gate is shut, pg_hba.conf lets in only the agent and the other members. This takes effect with the next write. */
    void shutGate(boolean shut) {
        gate = shut;
    }

    boolean gateIsShut() {
        return gate;
    }

    String hba(Settings settings) {
        return gate ? Configuration.gate() : Configuration.hba(settings.hba());
    }

    boolean isStandby() {
        return Files.exists(signal());
    }

    private void becomeStandby() throws IOException {
        if (!isStandby()) {
            Files.createFile(signal());
        }
    }

    private Path signal() {
        return layout.pgdata().resolve("standby.signal");
    }

    private void put(String name, String text) throws IOException {
        MemberFile.writeDurably(layout.pgdata().resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }
}
