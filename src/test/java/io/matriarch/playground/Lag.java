package io.matriarch.playground;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.matriarch.testkit.node.Account;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/** How far each replica is behind, asked of PostgreSQL itself, once a second, beside what draws the screen. */
final class Lag implements AutoCloseable {
    private static final String POSITION =
            "SELECT (CASE WHEN pg_is_in_recovery() THEN 'r' ELSE 'p' END) || (COALESCE(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0') - '0/0')";

    private final Theatre theatre;
    private final Thread thread;
    private volatile Map<String, String> bytes = Map.of();

    Lag(Theatre theatre) {
        this.theatre = theatre;
        this.thread = Thread.ofVirtual().name("lag").start(this::run);
    }

    /** Words by address of the member. */
    Map<String, String> bytes() {
        return bytes;
    }

    private void run() {
        while (true) {
            try {
                Thread.sleep(1000);
                bytes = ask();
            } catch (KubernetesClientException | NoSuchElementException | NullPointerException e) {
                bytes = Map.of(); // there is no cluster, or no API server
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private Map<String, String> ask() {
        String cluster = theatre.star().orElseThrow().getMetadata().getName();
        Account account = theatre.account(cluster);
        Map<String, Long> replicas = new HashMap<>();
        Map<String, String> words = new HashMap<>();
        Optional<Long> primary = Optional.empty();
        for (Pod member : theatre.members(cluster)) {
            String address = member.getStatus().getPodIP();
            try {
                List<String> answer = account.query(address, POSITION);
                long position = Long.parseLong(answer.getFirst().substring(1));
                if (answer.getFirst().startsWith("p")) {
                    primary = Optional.of(position);
                } else {
                    replicas.put(address, position);
                }
            } catch (SQLException e) {
                words.put(String.valueOf(address), "no answer");
            }
        }
        long front = primary.orElse(-1L);
        replicas.forEach((address, position) ->
                words.put(address, front < 0 ? "no primary" : Math.max(0, front - position) + " B"));
        return words;
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
