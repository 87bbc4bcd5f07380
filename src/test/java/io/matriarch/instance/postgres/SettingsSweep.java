package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.Limits;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.Pulse;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.postgres.HostileValues.Value;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Every parameter that a reload, a role or a database can give to all sessions, with {@link HostileValues}: each is refused with a reason, or
 * leaves two members working, able to change roles, to take in a new member, and to take a correction.
 */
final class SettingsSweep {
    private static final int TOGETHER = 12;
    /** Whom a user with SQL can give settings that reach the agents' sessions. */
    private static final List<String> OF_SQL =
            List.of("ROLE ALL", "ROLE postgres", "ROLE matriarch_replication", "DATABASE postgres");

    /** Where a user sets a value. */
    enum Place {
        /** {@code spec.postgres.parameters}. */
        FILE,
        /** {@code ALTER ROLE ... SET} and {@code ALTER DATABASE ... SET}, by a superuser. */
        SQL
    }

    private final Stage stage;
    private final Place place;
    private final int every;
    private final int first;
    private final List<LocalPostgres> members = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();
    private int primary;
    private int passwords;
    private long epoch = 1;

    /**
     * @param every how many values go to one that is tried
     * @param first which one is the first
     */
    SettingsSweep(Stage stage, Place place, int every, int first) {
        this.stage = stage;
        this.place = place;
        this.every = every;
        this.first = first;
    }

    /** Those that broke something. */
    List<String> run() throws Exception {
        members.add(stage.primary());
        members.add(stage.replica(1, 0));
        List<Value> accepted = new ArrayList<>();
        int number = 0;
        for (Value value : HostileValues.of(stage.layout(primary), place == Place.SQL)) {
            if (number++ % every != first) {
                continue;
            }
            Optional<String> why = refusal(value);
            if (why.isEmpty()) {
                accepted.add(value);
            } else {
                System.out.println("refused  " + value + ": " + why.get());
            }
        }
        List<Value> rest = accepted;
        while (!rest.isEmpty()) {
            Map<String, Value> batch = new TreeMap<>();
            List<Value> later = new ArrayList<>();
            for (Value value : rest) {
                if (batch.size() >= TOGETHER || batch.putIfAbsent(value.name(), value) != null) {
                    later.add(value);
                }
            }
            attempt(List.copyOf(batch.values()));
            rest = later;
        }
        return broken;
    }

    private Optional<String> refusal(Value value) throws Exception {
        return switch (place) {
            case FILE -> {
                Optional<String> limit = Limits.refusal(value.name(), value.value());
                yield limit.isPresent()
                        ? limit
                        : new SettingsCheck(
                                        stage.layout(primary),
                                        members.getFirst().binaries())
                                .refusal(stage.settings(Map.of(value.name(), value.value()), List.of()));
            }
            case SQL -> {
                try (Sql sql = Sql.open(stage.layout(primary), "postgres", Duration.ofSeconds(5))) {
                    sql.execute("BEGIN");
                    sql.execute("ALTER ROLE ALL SET " + value);
                    sql.execute("ROLLBACK");
                    yield Optional.empty();
                } catch (SQLException e) {
                    yield Optional.of(String.valueOf(e.getMessage()));
                }
            }
        };
    }

    /** All at once, and by halves when that does not go well. */
    private void attempt(List<Value> values) throws Exception {
        try {
            give(values);
            values.forEach(value -> System.out.println("works    " + value));
        } catch (Exception | AssertionError e) {
            heal(values, e);
            if (values.size() > 1) {
                attempt(values.subList(0, values.size() / 2));
                attempt(values.subList(values.size() / 2, values.size()));
            } else {
                broken.add(values.getFirst() + ": " + e.getMessage());
                System.out.println("BROKEN   " + values.getFirst() + ": " + e.getMessage());
            }
        }
    }

    private void give(List<Value> values) throws Exception {
        Settings hostile = set(values);
        check();
        int next = 1 - primary;
        LocalPostgres from = members.get(primary);
        handOver(stage, hostile, from, primary, members.get(next), ++epoch);
        primary = next;
        check();
        if (epoch % 2 == 0) {
            cloneAnew(hostile);
            check();
        }
        correct();
        check();
    }

    private Settings set(List<Value> values) throws Exception {
        Map<String, String> parameters = new TreeMap<>();
        switch (place) {
            case FILE -> {
                values.forEach(value -> parameters.put(value.name(), value.value()));
                apply(stage.settings(parameters, List.of()));
            }
            case SQL -> {
                try (Sql sql = Sql.open(stage.layout(primary), "postgres", Duration.ofSeconds(5))) {
                    for (String whom : OF_SQL) {
                        for (Value value : values) {
                            sql.execute("ALTER %s SET %s".formatted(whom, value));
                        }
                    }
                }
                stage.awaitFlushed(members.get(1 - primary), stage.agentFlushed(primary));
            }
        }
        return stage.settings(parameters, List.of());
    }

    private void correct() throws Exception {
        if (place == Place.FILE) {
            apply(stage.plain());
        } else {
            try (Sql sql = Sql.open(stage.layout(primary), "postgres", Duration.ofSeconds(5))) {
                for (String whom : OF_SQL) {
                    sql.execute("ALTER %s RESET ALL".formatted(whom));
                }
            }
        }
    }

    private void apply(Settings settings) throws Exception {
        for (LocalPostgres member : members) {
            member.apply(settings);
            ServerState state = member.observe(Duration.ofSeconds(2));
            assertThat(state.rejected()).isNull();
            assertThat(state.settings()).isEqualTo(settings.revision());
        }
    }

    private void check() throws Exception {
        works(stage, members.get(primary), primary, members.get(1 - primary), 1 - primary);
        // pg_hba.conf takes no password that is stored otherwise.
        members.get(primary).password("app", "secret-" + ++passwords);
        try (Sql sql = Sql.open(stage.layout(primary), "postgres", Duration.ofSeconds(5))) {
            String stored = sql.one("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'", row -> row.getString(1));
            assertThat(stored).startsWith("SCRAM-SHA-256$");
        }
    }

    /** The replica is thrown away and made again. */
    private void cloneAnew(Settings settings) throws Exception {
        LocalPostgres replica = members.get(1 - primary);
        replica.discard();
        members.get(primary).keepSlots(List.of(1 - primary));
        replica.inspect();
        replica.cloneFrom(settings, stage.address(primary), stage.system(members.get(primary)));
        replica.startReplica(settings, stage.address(primary));
    }

    /** The correction alone must bring both back; if it does not, that is a fault of its own, and the next value gets new members. */
    private void heal(List<Value> values, Throwable why) throws Exception {
        try {
            for (LocalPostgres member : members) {
                if (!member.runs()) {
                    throw new IllegalStateException("a member does not run");
                }
            }
            correct();
            check();
        } catch (Exception | AssertionError e) {
            System.out.println("NOT HEALED " + values + ": " + why.getMessage() + "; then " + e.getMessage());
            for (LocalPostgres member : members) {
                member.stop(Duration.ofSeconds(5));
            }
            members.get(primary).startPrimary(stage.plain(), ++epoch);
            correct();
            cloneAnew(stage.plain());
            check();
        }
    }

    /** Both answer, the replica receives, and what the primary writes arrives. */
    static void works(Stage stage, LocalPostgres primary, int at, LocalPostgres replica, int replicaAt)
            throws Exception {
        await().atMost(Duration.ofSeconds(12))
                .pollInterval(Duration.ofMillis(50))
                .untilAsserted(() -> {
                    ServerState server = primary.observe(Duration.ofSeconds(2));
                    assertThat(server.accepting()).as(String.valueOf(server)).isTrue();
                    assertThat(server.inRecovery()).isFalse();
                    ServerState standby = replica.observe(Duration.ofSeconds(2));
                    assertThat(standby.accepting()).as(String.valueOf(standby)).isTrue();
                    assertThat(standby.receiving()).as("receives").isTrue();
                });
        assertThat(primary.replication().probe(Duration.ofSeconds(2))).isEqualTo(Pulse.Good);
        primary.keepSlots(List.of(replicaAt));
        primary.replication().synchronous(1, List.of(at, replicaAt));
        long written = primary.replication().synchronous(0, List.of());
        await().atMost(Duration.ofSeconds(12))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> primary.replication()
                        .flushed(List.of(replicaAt), written, Duration.ofSeconds(2))
                        .equals(List.of(replicaAt)));
    }

    /** A planned change of roles. */
    static void handOver(Stage stage, Settings settings, LocalPostgres from, int at, LocalPostgres to, long epoch)
            throws Exception {
        int next = 1 - at;
        long end = from.replication().handOver(List.of(next));
        from.stop(Duration.ofSeconds(20));
        stage.awaitFlushed(to, end);
        to.replication().stopReceiving(Duration.ofSeconds(5));
        to.replication().promote(epoch, 0);
        to.keepSlots(List.of(at));
        from.startReplica(settings, stage.address(next));
    }

    /** {@code FOLDER PLACE EVERY FIRST}: on the PostgreSQL that is first on the PATH. */
    public static void main(String[] arguments) throws Exception {
        List<String> broken;
        try (Stage stage = new Stage(Path.of(arguments[0]))) {
            broken = new SettingsSweep(
                            stage,
                            Place.valueOf(arguments[1].toUpperCase(Locale.ROOT)),
                            Integer.parseInt(arguments[2]),
                            Integer.parseInt(arguments[3]))
                    .run();
        }
        System.out.println(
                broken.isEmpty() ? "every value is refused or works" : broken.size() + " values break something:");
        broken.forEach(System.out::println);
        System.exit(broken.isEmpty() ? 0 : 1);
    }
}
