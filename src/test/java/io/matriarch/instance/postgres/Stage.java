package io.matriarch.instance.postgres;

import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Settings;
import io.matriarch.testkit.MountedCertificates;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** Members of one cluster, each on a loopback address of its own. */
final class Stage implements AutoCloseable {
    private final Path folder;
    private final int port;
    private final List<LocalPostgres> members = new ArrayList<>();
    private final Map<String, String> parameters = new TreeMap<>();
    private boolean separateWal;

    Stage(Path folder) throws IOException {
        this.folder = folder;
        try (ServerSocket free = new ServerSocket(0)) {
            this.port = free.getLocalPort();
        }
        new MountedCertificates("shop", "orders").mount(folder);
    }

    int port() {
        return port;
    }

    void separateWal() {
        separateWal = true;
    }

    Layout layout(int ordinal) {
        Path own = folder.resolve("m" + ordinal);
        return new Layout(
                "shop",
                "orders",
                "orders-" + ordinal,
                own.resolve("data"),
                separateWal ? own.resolve("wal") : null,
                own.resolve("run"),
                own,
                folder.resolve("server"),
                folder.resolve("replication"),
                "127.0.0." + (ordinal + 1),
                port);
    }

    LocalPostgres member(int ordinal) throws IOException {
        Files.createDirectories(layout(ordinal).data());
        Files.createDirectories(layout(ordinal).run());
        LocalPostgres postgres = new LocalPostgres(layout(ordinal));
        members.add(postgres);
        return postgres;
    }

    /** Replay waits for sessions on replicas, for as long as they take, and the primary does not know of them. */
    void reports() {
        parameters.put("max_standby_streaming_delay", "-1");
        parameters.put("max_standby_archive_delay", "-1");
        parameters.put("hot_standby_feedback", "off");
    }

    /** A session on a replica that keeps a snapshot of the table t, made on the primary 0. */
    Sql report(int replica) throws Exception {
        sql(0, "postgres", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS n");
        long flushed = flushed(0);
        await().atMost(Duration.ofSeconds(10)).until(() -> lsn(replica, "pg_last_wal_replay_lsn()") >= flushed);
        Sql report = Sql.openForUser(layout(replica), "postgres", Duration.ofSeconds(120));
        report.execute("SET application_name = 'nightly'");
        report.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
        report.execute("SELECT count(*) FROM t");
        return report;
    }

    LocalPostgres primary() throws Exception {
        LocalPostgres postgres = member(0);
        postgres.inspect();
        postgres.initdb(plain(), "secret", List.of());
        postgres.startPrimary(plain(), 1);
        return postgres;
    }

    /** A replica of the member {@code upstream}, cloned from it and streaming. */
    LocalPostgres replica(int ordinal, int upstream) throws Exception {
        LocalPostgres source = members.get(upstream);
        List<Integer> slots = new ArrayList<>(
                source.replication().slots(Duration.ofSeconds(5)).keySet());
        slots.add(ordinal);
        source.keepSlots(slots);
        LocalPostgres replica = member(ordinal);
        replica.inspect();
        replica.cloneFrom(plain(), address(upstream), system(source));
        replica.startReplica(plain(), address(upstream));
        awaitStreaming(replica);
        return replica;
    }

    void awaitStreaming(LocalPostgres replica) {
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> replica.observe(Duration.ofSeconds(2)).receiving());
    }

    void awaitFlushed(LocalPostgres replica, long lsn) {
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> replica.observe(Duration.ofSeconds(2)).wal().end() >= lsn);
    }

    String address(int ordinal) {
        return "127.0.0." + (ordinal + 1);
    }

    Settings plain() {
        return settings(Map.of(), List.of());
    }

    Settings settings(Map<String, String> parameters, List<String> hba) {
        Map<String, String> all = new TreeMap<>(this.parameters);
        all.putAll(parameters);
        // In the data folder, and not in /dev/shm, where it would outlive a server that was killed.
        all.put("dynamic_shared_memory_type", "mmap");
        return ConfigurationTest.settings(all, hba);
    }

    String sql(int ordinal, String database, String sql) throws Exception {
        try (Sql connection = Sql.openForUser(layout(ordinal), database, Duration.ofSeconds(60))) {
            if (sql.startsWith("SELECT")) {
                return connection.one(sql, row -> row.getString(1));
            }
            connection.execute(sql);
            return "";
        }
    }

    /** SQL as a client runs it: waiting for replicas, as it is set for everybody. */
    String client(int ordinal, String sql) throws Exception {
        return sql(ordinal, "postgres", "SET synchronous_commit = 'on'; " + sql);
    }

    /** The role app over TCP, by its password "secret"; answers its name. */
    String clientOverTcp(int ordinal) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        properties.setProperty("password", "secret");
        properties.setProperty("sslmode", "disable");
        properties.setProperty("loginTimeout", "5");
        try (var connection = new org.postgresql.Driver()
                        .connect("jdbc:postgresql://" + address(ordinal) + ":" + port + "/app", properties);
                var statement = Objects.requireNonNull(connection).createStatement();
                var rows = statement.executeQuery("SELECT current_user")) {
            rows.next();
            return rows.getString(1);
        }
    }

    CompletableFuture<String> later(Callable<String> work) {
        CompletableFuture<String> result = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(work.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /** End of the WAL that a primary has flushed. */
    long flushed(int ordinal) throws Exception {
        return lsn(ordinal, "pg_current_wal_flush_lsn()");
    }

    /** The same, whatever users have set. */
    long agentFlushed(int ordinal) throws Exception {
        try (Sql sql = Sql.open(layout(ordinal), "postgres", Duration.ofSeconds(5))) {
            return Lsn.parse(sql.one("SELECT pg_current_wal_flush_lsn()::text", row -> row.getString(1)));
        }
    }

    long lsn(int ordinal, String function) throws Exception {
        return Lsn.parse(sql(ordinal, "postgres", "SELECT " + function + "::text"));
    }

    String system(LocalPostgres postgres) throws PostgresException {
        return Objects.requireNonNull(postgres.inspect().systemIdentifier());
    }

    @Override
    public void close() {
        members.forEach(LocalPostgres::kill);
        for (int ordinal = 0; ordinal < 9; ordinal++) {
            freeGuard(layout(ordinal).pgdata().resolve("postmaster.pid"));
        }
    }

    /** A server that was killed leaves the bit of System V shared memory that guards its folder; its lock file says which. */
    private static void freeGuard(Path lock) {
        try {
            if (Files.exists(lock)) {
                String[] keyAndId = Files.readAllLines(lock).get(6).strip().split("\\s+");
                new ProcessBuilder("ipcrm", "-m", keyAndId[1]).start().waitFor();
            }
        } catch (IOException | IndexOutOfBoundsException e) {
            System.err.println(lock + ": " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
