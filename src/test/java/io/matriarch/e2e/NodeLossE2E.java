package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.testkit.Acknowledgements.Entry;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** The primary's node goes, or is cut off, or stands still; or the API server does. */
@Isolated("it disturbs what other tests rely on")
@ExtendWith(OnKubernetes.class)
class NodeLossE2E {
    @BeforeAll
    static void where() {
        Nodes.needed();
    }

    @Test
    void aNodeIsPoweredOffAndAnotherOneFrozen(Stage stage) throws InterruptedException {
        String client = quiet(stage);
        Ledger ledger = Ledger.begin(stage, "orders");
        String dead = away(stage, client);
        String off = node(stage, dead);
        Nodes.powerOff(off);
        try {
            ledger.awaitWrites();
            stage.awaitValue(
                    "pgc/orders",
                    "{range .status.members[*]}{.name}={.role}/{.state}/{.since} {end}",
                    members ->
                            members.contains(dead + "=/Unreachable/20") && members.split("=Primary/", -1).length == 2,
                    "to have one Primary, and %s Unreachable without a role".formatted(dead));
            assertThat(Ledger.outage(ledger.holds("node off"))).isLessThan(25_000);
        } finally {
            Nodes.powerOn(off);
        }
        ledger.converges(3);

        ledger = Ledger.begin(stage, "orders");
        String frozen = node(stage, away(stage, client));
        Nodes.freeze(frozen);
        try {
            Thread.sleep(Duration.ofSeconds(45));
        } finally {
            Nodes.thaw(frozen);
        }
        Nodes.awaitReady(frozen);
        ledger.awaitWrites();
        assertThat(Ledger.outage(ledger.holds("node frozen for 45 s"))).isLessThan(25_000);
        ledger.converges(3);
    }

    @Test
    void anIsolatedPrimaryStopsAcknowledging(Stage stage) throws InterruptedException {
        String client = quiet(stage);
        Ledger ledger = Ledger.begin(stage, "orders");
        String primary = away(stage, client);
        Ledger isolated = Ledger.beside(stage, "orders", primary);
        String node = node(stage, primary);
        // The checkpoint of its shutdown then removes WAL that a rewind needs: it is to be cloned.
        stage.superuserSql(primary, "SELECT pg_switch_wal()");
        long cut = Ledger.now();
        Nodes.isolate(node);
        try {
            ledger.awaitWrites();
            Thread.sleep(Duration.ofSeconds(15));
        } finally {
            Nodes.heal(node);
        }
        Nodes.awaitReady(node);
        List<Entry> there = isolated.entries();
        isolated.stop();
        List<Entry> here = ledger.holds("primary isolated");
        assertThat(Ledger.outage(here)).isLessThan(25_000);
        ledger.noneIsLost(there);
        long last = there.stream()
                .mapToLong(Entry::at)
                .filter(at -> at < cut + 60_000_000)
                .max()
                .orElse(cut);
        System.out.printf("isolated side: last acknowledgement %d ms after the cut%n", (last - cut) / 1000);
        assertThat((last - cut) / 1000).as("milliseconds after the cut").isLessThan(9_000);
        ledger.converges(3);
    }

    /** As when network storage stalls: connections and reads go on, commits wait, and processes survive SIGKILL. */
    @Test
    void thePrimarysDiskHangs(Stage stage) throws InterruptedException {
        FailoverE2E.three(stage, "");
        Ledger ledger = Ledger.begin(stage, "orders");
        String primary = FailoverE2E.primary(stage);
        String mount = Nodes.mount(stage.value("pvc/data-" + primary, "{.spec.volumeName}"));
        Nodes.hang(mount);
        try {
            stage.awaitValue(
                    "pgc/orders",
                    "{.status.primary}",
                    now -> !now.isEmpty() && !now.equals(primary),
                    "to be another one than " + primary);
            ledger.awaitWrites();
            Thread.sleep(Duration.ofSeconds(5));
        } finally {
            Nodes.unhang(mount);
        }
        assertThat(Ledger.outage(ledger.holds("disk hangs"))).isLessThan(40_000);
        ledger.converges(3);
    }

    @Test
    void theApiServerIsAwayAndTheClusterServes(Stage stage) throws InterruptedException {
        FailoverE2E.three(stage, "");
        Ledger ledger = Ledger.begin(stage, "orders");
        String primary = FailoverE2E.primary(stage);
        String epoch = stage.value("pgc/orders", "{.status.epoch}");
        for (String[] fault : new String[][] {{"stop", "start"}, {"freeze", "thaw"}}) {
            Nodes.api(fault[0]);
            try {
                Thread.sleep(Duration.ofSeconds(40));
            } finally {
                Nodes.api(fault[1]);
            }
        }
        ledger.awaitWrites();
        assertThat(Ledger.outage(ledger.holds("API server away")))
                .as("milliseconds")
                .isLessThan(3_000);
        assertThat(stage.value("pgc/orders", "{.status.epoch}")).isEqualTo(epoch);
        ledger.converges(3);

        // PostgreSQL dies meanwhile: it is started again in place, by the promises of the others.
        ledger = Ledger.begin(stage, "orders");
        FailoverE2E.kill(
                stage,
                primary,
                "setsid bash -c \"sleep 12; kill -9 $(head -1 \"$PGDATA_FOUND\")\" >/dev/null 2>&1 & true");
        Nodes.api("stop");
        try {
            Thread.sleep(Duration.ofSeconds(40));
        } finally {
            Nodes.api("start");
        }
        ledger.awaitWrites();
        assertThat(Ledger.outage(ledger.holds("API server away, and PostgreSQL dead")))
                .isLessThan(20_000);
        ledger.converges(3);
        assertThat(FailoverE2E.primary(stage)).isEqualTo(primary);
    }

    /** How long it takes to stop the API server, in microseconds. */
    private static final long STOPPING = 2_000_000;

    /** Both in the same seconds, in this order: the Lease cannot be given back, and nobody waits for that. */
    @Test
    void theApiServerGoesAndPostgresqlAMomentLater(Stage stage) throws InterruptedException {
        FailoverE2E.three(stage, "");
        Ledger ledger = Ledger.begin(stage, "orders");
        String primary = FailoverE2E.primary(stage);
        long stops = Ledger.now() + Duration.ofSeconds(10).toNanos() / 1_000;
        FailoverE2E.kill(
                stage,
                primary,
                "postmaster=$(head -1 \"$PGDATA_FOUND\"); setsid bash -c \"while ((\\${EPOCHREALTIME/[.,]/} < %d)); do sleep 0.05; done; kill -9 $postmaster\" >/dev/null 2>&1 </dev/null & true"
                        .formatted(stops + STOPPING + 1_600_000));
        Thread.sleep(Duration.ofNanos(Math.max(0, stops - Ledger.now()) * 1_000));
        Nodes.api("stop");
        long stopped = Ledger.now();
        try {
            assertThat(stopped - stops)
                    .as("microseconds that stopping the API server took: PostgreSQL is to be killed after it")
                    .isLessThan(STOPPING + 600_000);
            Thread.sleep(Duration.ofSeconds(15));
        } finally {
            Nodes.api("start");
        }
        ledger.awaitWrites();
        assertThat(Ledger.outage(ledger.holds("API server stopped, PostgreSQL dead 1.6 s later")))
                .as("milliseconds")
                .isLessThan(10_000);
        ledger.converges(3);
        assertThat(FailoverE2E.primary(stage)).isEqualTo(primary);
    }

    /** Three members with a client; returns the node that the client is on. */
    private static String quiet(Stage stage) {
        FailoverE2E.three(stage, "");
        String client = node(stage, "orders-2");
        stage.startClientOn(client);
        return client;
    }

    /** The primary, made to be on another node than the client. */
    private static String away(Stage stage, String client) {
        String primary = FailoverE2E.primary(stage);
        if (!node(stage, primary).equals(client)) {
            return primary;
        }
        String to = primary.equals("orders-0") ? "orders-1" : "orders-0";
        stage.kubectl("annotate", "--overwrite", "pgc/orders", "matriarch.io/switchover=" + to);
        stage.awaitValue("pgc/orders", "{.status.primary}", to);
        return to;
    }

    private static String node(Stage stage, String pod) {
        return stage.value("pod/" + pod, "{.spec.nodeName}");
    }
}
