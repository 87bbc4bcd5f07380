package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.matriarch.api.contract.Limits;
import io.matriarch.api.contract.Reserved;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.Pulse;
import io.matriarch.instance.facts.ServerState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Every parameter that a reload can give to all sessions, with hostile values made from its type and its bounds: each is refused with a reason,
 * or leaves two members working, able to change roles, and able to take a correction.
 */
final class SettingsSweep {
    private static final int TOGETHER = 12;

    private final Stage stage;
    private final int every;
    private final List<LocalPostgres> members = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();
    private int primary;
    private long epoch = 1;

    /** @param every how many values go to one that is tried */
    SettingsSweep(Stage stage, int every) {
        this.stage = stage;
        this.every = every;
    }

    private record Value(String name, String value) {
        @Override
        public String toString() {
            return name + " = '" + value + "'";
        }
    }

    /** Those that broke something. */
    List<String> run() throws Exception {
        members.add(stage.primary());
        members.add(stage.replica(1, 0));
        List<Value> accepted = new ArrayList<>();
        int number = 0;
        for (Value value : values()) {
            if (number++ % every != 0) {
                continue;
            }
            String why = Limits.refusal(value.name(), value.value()).orElse(null);
            if (why == null) {
                Settings wanted = stage.settings(Map.of(value.name(), value.value()), List.of());
                why = new SettingsCheck(
                                stage.layout(primary), members.getFirst().binaries())
                        .refusal(wanted)
                        .orElse(null);
            }
            if (why == null) {
                accepted.add(value);
            } else {
                System.out.println("refused  " + value + ": " + why);
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
        Map<String, String> parameters = new TreeMap<>();
        values.forEach(value -> parameters.put(value.name(), value.value()));
        Settings hostile = stage.settings(parameters, List.of());
        apply(hostile);
        check();
        int next = 1 - primary;
        handOver(stage, hostile, members.get(primary), primary, members.get(next), ++epoch);
        primary = next;
        check();
        apply(stage.plain());
        check();
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
    }

    /** The correction alone must bring both back; if it does not, that is a fault of its own, and the next value gets new members. */
    private void heal(List<Value> values, Throwable why) throws Exception {
        try {
            for (LocalPostgres member : members) {
                if (!member.runs()) {
                    throw new IllegalStateException("a member does not run");
                }
            }
            apply(stage.plain());
            check();
        } catch (Exception | AssertionError e) {
            System.out.println("NOT HEALED " + values + ": " + why.getMessage() + "; then " + e.getMessage());
            for (LocalPostgres member : members) {
                member.stop(Duration.ofSeconds(5));
            }
            members.get(primary).startPrimary(stage.plain(), ++epoch);
            LocalPostgres replica = members.get(1 - primary);
            replica.discard();
            members.get(primary).keepSlots(List.of(1 - primary));
            replica.inspect();
            replica.cloneFrom(stage.plain(), stage.address(primary), stage.system(members.get(primary)));
            replica.startReplica(stage.plain(), stage.address(primary));
            check();
        }
    }

    private List<Value> values() throws Exception {
        List<Value> all = new ArrayList<>();
        try (Sql sql = Sql.open(stage.layout(primary), "postgres", Duration.ofSeconds(30))) {
            sql.query(
                            "SELECT name, vartype, coalesce(min_val, ''), coalesce(max_val, ''), coalesce(array_to_string(enumvals, ','), ''), setting FROM pg_settings WHERE context IN ('user', 'superuser', 'sighup', 'backend', 'superuser-backend') ORDER BY name",
                            row -> Arrays.asList(
                                    row.getString(1),
                                    row.getString(2),
                                    row.getString(3),
                                    row.getString(4),
                                    row.getString(5),
                                    Objects.requireNonNullElse(row.getString(6), "")))
                    .forEach(row -> {
                        if (!Reserved.PARAMETERS.containsKey(row.getFirst())) {
                            hostile(row).stream()
                                    .filter(value -> !value.equals(row.get(5)))
                                    .forEach(value -> all.add(new Value(row.getFirst(), value)));
                        }
                    });
        }
        return all;
    }

    private static Set<String> hostile(List<String> row) {
        Set<String> values = new LinkedHashSet<>();
        switch (row.get(1)) {
            case "bool" -> values.addAll(List.of("on", "off"));
            case "enum" -> values.addAll(List.of(row.get(4).split(",")));
            case "integer", "real" -> {
                values.add(row.get(2));
                if (!row.get(2).equals(row.get(3))) {
                    values.add(row.get(3));
                }
                if (row.get(1).equals("integer") && Double.parseDouble(row.get(2)) < 1) {
                    values.add("1");
                }
            }
            default -> values.addAll(List.of("", "nowhere", "MULE_INTERNAL"));
        }
        return values;
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

    /** {@code FOLDER [EVERY]}: the whole sweep on the PostgreSQL that is first on the PATH. */
    public static void main(String[] arguments) throws Exception {
        List<String> broken;
        try (Stage stage = new Stage(Path.of(arguments[0]))) {
            broken = new SettingsSweep(stage, arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1).run();
        }
        System.out.println(
                broken.isEmpty() ? "every value is refused or works" : broken.size() + " values break something:");
        broken.forEach(System.out::println);
        System.exit(broken.isEmpty() ? 0 : 1);
    }
}
