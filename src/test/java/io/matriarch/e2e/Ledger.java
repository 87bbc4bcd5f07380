package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.matriarch.testkit.Acknowledgements;
import io.matriarch.testkit.Acknowledgements.Entry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Clients that write while something happens, in a pod of their own, and the checks of what they were told: every acknowledged row is there,
 * acknowledgements of two reigns do not interleave, all members end up the same.
 */
final class Ledger {
    private static final int WRITERS = 2;

    private final Stage stage;
    private final String cluster;
    private final String pod;

    private Ledger(Stage stage, String cluster, String pod) {
        this.stage = stage;
        this.cluster = cluster;
        this.pod = pod;
    }

    /** Clients of the read-write Service begin to write. */
    static Ledger begin(Stage stage, String cluster) {
        awaitService(stage, cluster);
        stage.sql(
                cluster,
                cluster + "-rw",
                "CREATE TABLE IF NOT EXISTS ledger (writer int, n int, PRIMARY KEY (writer, n)); TRUNCATE ledger");
        Ledger ledger = new Ledger(stage, cluster, Stage.CLIENT);
        ledger.start(cluster + "-rw", 0);
        return ledger;
    }

    /**
     * When the API server was away a moment ago, the cluster's DNS and its kube-proxies do not know a new Service yet: they wait for up to half a
     * minute before they watch again. That is Kubernetes' time, and none of a failover.
     */
    private static void awaitService(Stage stage, String cluster) {
        await().atMost(Duration.ofSeconds(90)).pollDelay(Duration.ZERO).untilAsserted(() -> {
            Shell.Answer answer = stage.sqlAnswer(cluster, cluster + "-rw", "SELECT 1");
            assertThat(answer.ok()).as(answer.text()).isTrue();
        });
    }

    /** Clients of one member, on the very node of that member. */
    static Ledger beside(Stage stage, String cluster, String member) {
        Ledger ledger = new Ledger(stage, cluster, "beside");
        stage.startClient("beside", stage.value("pod/" + member, "{.spec.nodeName}"));
        ledger.start(stage.value("pod/" + member, "{.status.podIP}"), WRITERS);
        return ledger;
    }

    private void start(String host, int first) {
        Shell.must(
                script(),
                List.of(
                        "kubectl",
                        "-n",
                        stage.namespace(),
                        "exec",
                        "-i",
                        pod,
                        "--",
                        "bash",
                        "-c",
                        "cat >/tmp/ledger; rm -f /tmp/stop /tmp/ledger.*"));
        String secret = cluster + "-app";
        for (int writer = first; writer < first + WRITERS; writer++) {
            stage.kubectl(
                    "exec",
                    pod,
                    "--",
                    "env",
                    "PGHOST=" + host,
                    "PGUSER=" + stage.secret(secret, "username"),
                    "PGPASSWORD=" + stage.secret(secret, "password"),
                    "PGDATABASE=" + stage.secret(secret, "dbname"),
                    "PGSSLMODE=require",
                    "PGCONNECT_TIMEOUT=2",
                    "setsid",
                    "bash",
                    "-c",
                    "bash /tmp/ledger " + writer + " >/dev/null 2>&1 </dev/null &");
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> entries().size() > 50 * WRITERS);
    }

    private static String script() {
        try (InputStream script = Ledger.class.getResourceAsStream("/e2e/ledger")) {
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Microseconds, on the clock of the entries. */
    static long now() {
        return java.time.temporal.ChronoUnit.MICROS.between(java.time.Instant.EPOCH, java.time.Instant.now());
    }

    /** Acknowledged so far, by time. */
    List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        String log = stage.kubectl("exec", pod, "--", "bash", "-c", "cd /tmp; grep -H . ledger.* /dev/null || true");
        for (String line : log.lines().toList()) {
            String[] file = line.split(":", 2);
            String[] fields = file[1].split(" ");
            if (fields.length == 3) {
                entries.add(new Entry(
                        Integer.parseInt(file[0].substring("ledger.".length())),
                        Integer.parseInt(fields[0]),
                        Integer.parseInt(fields[1], 16),
                        "",
                        Long.parseLong(fields[2])));
            }
        }
        return new Acknowledgements(entries).entries();
    }

    /** Waits until rows are acknowledged again that were written after this moment. */
    void awaitWrites() {
        long since = now();
        await("acknowledged rows")
                .atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(500))
                .until(() -> entries().stream().anyMatch(entry -> entry.at() > since));
    }

    void stop() {
        stage.kubectl("exec", pod, "--", "bash", "-c", "touch /tmp/stop; sleep 1");
    }

    /** The longest time without an acknowledgement, in milliseconds. */
    static long outage(List<Entry> entries) {
        return new Acknowledgements(entries).outage();
    }

    /** Ends the writing and checks everything; prints what the clients saw. */
    List<Entry> holds(String what) {
        stop();
        List<Entry> entries = entries();
        System.out.printf("%s: %d rows acknowledged, longest outage %d ms%n", what, entries.size(), outage(entries));
        noneIsLost(entries);
        new Acknowledgements(entries).reignsDoNotInterleave();
        return entries;
    }

    /** Every acknowledged row is there. */
    void noneIsLost(List<Entry> entries) {
        List<String> there = stage.sql(cluster, cluster + "-rw", "SELECT writer || ' ' || n FROM ledger")
                .lines()
                .toList();
        assertThat(new Acknowledgements(entries).missing(there))
                .as("acknowledged and not there")
                .isEmpty();
    }

    /** All members are on one timeline and have the same rows. */
    void converges(int instances) {
        stage.awaitReady(cluster, instances);
        await("the same rows everywhere")
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofSeconds(1))
                .untilAsserted(() -> {
                    Set<String> states = new HashSet<>();
                    for (int ordinal = 0; ordinal < instances; ordinal++) {
                        String member = cluster + "-" + ordinal;
                        states.add(
                                stage.value(
                                                "pgc/" + cluster,
                                                "{.status.members[?(@.name==\"" + member + "\")].timeline}")
                                        + " "
                                        + stage.kubectl(
                                                "exec",
                                                member,
                                                "-c",
                                                "postgres",
                                                "--",
                                                "psql",
                                                "-XqAtU",
                                                "postgres",
                                                "-d",
                                                "app",
                                                "-c",
                                                "SELECT md5(string_agg(writer || ' ' || n, ',' ORDER BY writer, n)) FROM ledger"));
                    }
                    assertThat(states).hasSize(1);
                });
    }
}
