package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** The primary goes, by accident or on purpose, while clients write: another member takes over and no acknowledged row is missing. */
@Isolated("it counts how long clients wait")
@ExtendWith(OnKubernetes.class)
class FailoverE2E {
    @Test
    void processesAndContainersOfThePrimaryDie(Stage stage) {
        three(stage, "");
        for (String victim : new String[] {
            "kill -9 $(head -1 \"$PGDATA_FOUND\")",
            "kill -9 -1",
            "for p in /proc/[0-9]*; do [[ $(readlink $p/exe) == */java ]] && kill -9 ${p#/proc/}; done; true"
        }) {
            Ledger ledger = Ledger.begin(stage, "orders");
            String primary = primary(stage);
            long epoch = Long.parseLong(stage.value("pgc/orders", "{.status.epoch}"));
            kill(stage, primary, victim);
            // A container that ended is started again at once: it may be back before the others know that it was gone.
            stage.awaitValue(
                    "pgc/orders", "{.status.epoch}", now -> Long.parseLong(now) > epoch, "to be a new reign's");
            String next = primary(stage);
            if (victim.contains("PGDATA_FOUND")) {
                assertThat(next).as("who goes on when PostgreSQL alone is gone").isNotEqualTo(primary);
            }
            ledger.awaitWrites();
            ledger.holds(victim);
            ledger.converges(3);
        }
        stage.awaitEvent("orders", "is the primary");
    }

    @Test
    void aFrozenAgentAndAFrozenPostmasterAreEndedByTheOthersOfTheirPod(Stage stage) {
        three(stage, "");
        for (String victim : new String[] {
            "for p in /proc/[0-9]*; do [[ $(readlink $p/exe) == */java ]] && kill -STOP ${p#/proc/}; done; true",
            "kill -STOP $(head -1 \"$PGDATA_FOUND\")"
        }) {
            Ledger ledger = Ledger.begin(stage, "orders");
            String primary = primary(stage);
            long epoch = Long.parseLong(stage.value("pgc/orders", "{.status.epoch}"));
            kill(stage, primary, victim);
            // A container that ended is started again at once: it may be back before the others know that it was gone.
            stage.awaitValue(
                    "pgc/orders", "{.status.epoch}", now -> Long.parseLong(now) > epoch, "to be a new reign's");
            String next = primary(stage);
            if (victim.contains("PGDATA_FOUND")) {
                assertThat(next).as("who goes on when PostgreSQL alone is gone").isNotEqualTo(primary);
            }
            ledger.awaitWrites();
            ledger.holds(victim);
            ledger.converges(3);
        }
    }

    @Test
    void podsAreDeletedGracefullyByForceAndByADrain(Stage stage) {
        three(stage, "");
        Ledger ledger = Ledger.begin(stage, "orders");
        String first = primary(stage);
        stage.kubectl("delete", "pod", first, "--wait=false");
        stage.awaitValue(
                "pgc/orders", "{.status.primary}", now -> !now.isEmpty() && !now.equals(first), "to be another");
        ledger.awaitWrites();
        long planned = Ledger.outage(ledger.holds("graceful deletion"));
        assertThat(planned).as("milliseconds, of a handover").isLessThan(10_000);
        ledger.converges(3);

        ledger = Ledger.begin(stage, "orders");
        String epoch = stage.value("pgc/orders", "{.status.epoch}");
        stage.kubectl("delete", "pod", primary(stage), "--force", "--grace-period=0");
        // The pod is gone at once, what runs in it a moment later.
        stage.awaitValue("pgc/orders", "{.status.epoch}", now -> !now.equals(epoch), "to be another than " + epoch);
        ledger.awaitWrites();
        ledger.holds("deletion by force");
        ledger.converges(3);

        ledger = Ledger.begin(stage, "orders");
        String second = primary(stage);
        stage.kubectl("delete", "pod", second, "--dry-run=server"); // the pod is there
        evict(stage, second);
        stage.awaitValue(
                "pgc/orders", "{.status.primary}", now -> !now.isEmpty() && !now.equals(second), "to be another");
        ledger.awaitWrites();
        ledger.holds("eviction");
        ledger.converges(3);
    }

    @Test
    void theUserSwitchesOverRebuildsAndScalesThePrimaryAway(Stage stage) {
        three(stage, "");
        Ledger ledger = Ledger.begin(stage, "orders");
        String target = primary(stage).equals("orders-2") ? "orders-1" : "orders-2";
        stage.kubectl("annotate", "pgc/orders", "matriarch.io/switchover=" + target);
        stage.awaitValue("pgc/orders", "{.status.primary}", target);
        ledger.awaitWrites();
        ledger.holds("switchover");
        ledger.converges(3);

        stage.kubectl("annotate", "--overwrite", "pgc/orders", "matriarch.io/switchover=orders-7");
        stage.awaitEvent("orders", "RequestRefused", "orders-7");

        String replica = target.equals("orders-1") ? "orders-2" : "orders-1";
        stage.kubectl("annotate", "pgc/orders", "matriarch.io/rebuild=" + replica);
        stage.awaitValue(
                "pgc/orders",
                "{.status.requests[*].message}",
                said -> said.contains(replica + " was cloned anew"),
                "to tell that " + replica + " was cloned anew");
        ledger.converges(3);

        ledger = Ledger.begin(stage, "orders");
        stage.kubectl("annotate", "--overwrite", "pgc/orders", "matriarch.io/switchover=orders-2");
        stage.awaitValue("pgc/orders", "{.status.primary}", "orders-2");
        stage.kubectl("scale", "pgc", "orders", "--replicas=2");
        stage.awaitReady("orders", 2);
        assertThat(primary(stage)).isNotEqualTo("orders-2");
        ledger.awaitWrites();
        ledger.holds("scaled the primary away");
        ledger.converges(2);
    }

    @Test
    void anAsynchronousClusterFailsOverToo(Stage stage) {
        three(stage, "replication: {mode: Async}");
        Ledger ledger = Ledger.begin(stage, "orders");
        String primary = primary(stage);
        stage.kubectl("delete", "pod", primary, "--wait=false");
        stage.awaitValue(
                "pgc/orders", "{.status.primary}", now -> !now.isEmpty() && !now.equals(primary), "to be another");
        ledger.awaitWrites();
        // Nothing is lost by what is planned, in any mode.
        ledger.holds("graceful deletion, asynchronous");
        ledger.converges(3);
    }

    /** What it holds up would be replayed while nobody writes. */
    @Test
    void aReportOnTheReplicasHoldsUpNoWrites(Stage stage) {
        three(stage, "postgres: {parameters: {max_standby_streaming_delay: \"-1\"}}");
        Ledger ledger = Ledger.begin(stage, "orders");
        String primary = primary(stage);
        stage.superuserSql(primary, "CREATE TABLE report AS SELECT generate_series(1, 1000) AS n");
        for (String replica : new String[] {"orders-0", "orders-1", "orders-2"}) {
            if (!replica.equals(primary)) {
                await().atMost(Stage.PATIENCE)
                        .ignoreExceptions()
                        .until(() -> stage.superuserSql(replica, "SELECT count(*) FROM report")
                                .equals("1000"));
                stage.kubectl(
                        "exec",
                        replica,
                        "-c",
                        "postgres",
                        "--",
                        "bash",
                        "-c",
                        "setsid psql -X -U postgres -c \"SET application_name = 'nightly'\" -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT count(*) FROM report' -c 'SELECT pg_sleep(300)' >/dev/null 2>&1 </dev/null & sleep 1");
            }
        }
        stage.superuserSql(primary, "DROP TABLE report");
        String target = primary.equals("orders-1") ? "orders-2" : "orders-1";
        stage.kubectl("annotate", "pgc/orders", "matriarch.io/switchover=" + target + "/first");
        stage.awaitEvent("orders", "RequestRefused", "nightly");
        assertThat(primary(stage)).isEqualTo(primary);

        stage.kubectl(
                "annotate", "--overwrite", "pgc/orders", "matriarch.io/switchover=" + target + "/second endSessions");
        stage.awaitValue("pgc/orders", "{.status.primary}", target);
        stage.awaitEvent("orders", "RequestDone", target);
        ledger.awaitWrites();
        assertThat(Ledger.outage(ledger.holds("switchover with a report on the replicas")))
                .as("milliseconds; replay would wait for the report without end")
                .isLessThan(10_000);
        ledger.converges(3);
    }

    static void three(Stage stage, String more) {
        stage.apply(Manifests.cluster("orders", 3, more));
        stage.awaitReady("orders", 3);
        if (more.isEmpty()) {
            stage.awaitValue(
                    "pgc/orders",
                    "{.status.members[?(@.synchronous==true)].name}",
                    all -> all.split(" ").length >= 2,
                    "to have synchronous replicas");
        }
    }

    static String primary(Stage stage) {
        stage.awaitValue("pgc/orders", "{.status.primary}", now -> !now.isEmpty(), "to be there");
        return stage.value("pgc/orders", "{.status.primary}");
    }

    static void kill(Stage stage, String pod, String how) {
        stage.kubectlAnswer(
                "exec",
                pod,
                "-c",
                "postgres",
                "--",
                "bash",
                "-c",
                "PGDATA_FOUND=$(ls /proc/[0-9]*/cwd/postmaster.pid 2>/dev/null | head -1); " + how);
    }

    private static void evict(Stage stage, String pod) {
        String eviction = """
                {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "%s", "namespace": "%s"}}
                """.formatted(pod, stage.namespace());
        Shell.must(
                eviction,
                java.util.List.of(
                        "kubectl",
                        "create",
                        "--raw",
                        "/api/v1/namespaces/%s/pods/%s/eviction".formatted(stage.namespace(), pod),
                        "-f",
                        "-"));
    }
}
