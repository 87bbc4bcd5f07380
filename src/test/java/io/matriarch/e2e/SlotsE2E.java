package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Consumers of logical slots, over a change of the primary: docs/logical-slots.md. */
@ExtendWith(OnKubernetes.class)
class SlotsE2E {
    private final Set<Integer> read = new TreeSet<>();
    private int written;

    @Test
    void aConsumerContinuesAtTheNextPrimary(Stage stage) {
        FailoverE2E.three(stage, "");
        String first = FailoverE2E.primary(stage);
        stage.superuserSql(first, "CREATE TABLE events (n int)");
        stage.superuserSql(
                first,
                "SELECT slot_name FROM pg_create_logical_replication_slot('cdc', 'test_decoding', failover => true)");
        stage.superuserSql(first, "SELECT slot_name FROM pg_create_logical_replication_slot('plain', 'test_decoding')");
        List<String> replicas = List.of("orders-0", "orders-1", "orders-2").stream()
                .filter(pod -> !pod.equals(first))
                .toList();
        await().atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    write(stage, first);
                    read(stage, first);
                    return replicas.stream().allMatch(pod -> synchronizedAt(stage, pod));
                });
        assertThat(stage.superuserSql(first, "SHOW synchronized_standby_slots").split(", "))
                .containsExactlyInAnyOrderElementsOf(replicas.stream()
                        .map(pod -> pod.replace("orders-", "m_"))
                        .toList());
        for (int row = 0; row < 5; row++) {
            write(stage, first);
        }
        String next = replicas.getFirst();
        stage.kubectl("annotate", "pgc", "orders", "matriarch.io/switchover=%s/1".formatted(next));
        stage.awaitValue("pgc/orders", "{.status.primary}", next);
        write(stage, next);
        read(stage, next);
        assertThat(read)
                .as("every row that was acknowledged, before and after")
                .containsAll(IntStream.rangeClosed(1, written).boxed().toList());

        stage.awaitEvent("orders", "SlotDropped", "plain", first);
        stage.awaitReady("orders", 3);
        await().atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    write(stage, next);
                    read(stage, next);
                    return synchronizedAt(stage, first);
                });
        assertThat(stage.superuserSql(first, "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'plain'"))
                .isEqualTo("0");
    }

    private void write(Stage stage, String primary) {
        stage.superuserSql(primary, "INSERT INTO events VALUES (%d)".formatted(written + 1));
        written++;
    }

    private void read(Stage stage, String primary) {
        String rows = stage.superuserSql(
                primary,
                "SELECT string_agg(substring(data from 'INSERT: n.integer.:([0-9]+)'), ',') FROM pg_logical_slot_get_changes('cdc', NULL, NULL)");
        read.addAll(List.of(rows.split(",")).stream()
                .map(String::strip)
                .filter(row -> !row.isEmpty())
                .map(Integer::parseInt)
                .collect(Collectors.toSet()));
    }

    private static boolean synchronizedAt(Stage stage, String replica) {
        return stage.superuserSql(
                        replica,
                        "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'cdc' AND synced AND NOT temporary")
                .equals("1");
    }
}
