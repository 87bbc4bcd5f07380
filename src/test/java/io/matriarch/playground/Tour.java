package io.matriarch.playground;

import io.fabric8.kubernetes.api.model.Pod;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.testkit.node.Account;
import io.matriarch.testkit.node.OperatorPod;
import java.io.IOException;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/** A cluster's life in steps, none of which needs anybody: each is done as a user does it and checked from the client's side. */
final class Tour {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int BATCH = 100;
    /** Longer than the Lease lasts, which is 10 s: somebody else could have it. */
    private static final Duration OUTAGE = Duration.ofSeconds(13);

    private final Theatre theatre;
    private final PrintStream out;
    private final List<String> summary = new ArrayList<>();
    private String name = "";
    private int written;

    Tour(Theatre theatre, PrintStream out) {
        this.theatre = theatre;
        this.out = out;
    }

    /** Something a step does or expects. */
    private interface Act {
        void run() throws Exception;
    }

    /** What is not so, yet. */
    private static final class NotSo extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotSo(String message) {
            super(message);
        }
    }

    /** @return whether all of it held */
    boolean run() throws InterruptedException {
        boolean held = step("create a cluster of three", () -> {
                    theatre.apply();
                    awaitReady(3);
                })
                && step("write rows through the Service for writes", this::writeRows)
                && step("read them on every member", this::everyMemberHasAllRows)
                && step("read them through the Service for reads", this::replicasHaveAllRows)
                && step("kill the primary: a replica takes over, with every row", this::failOver)
                && step("stop the API server for 13 s: writes go on, same primary", this::withoutApiServer)
                && step("scale to four: the new member has the rows", () -> {
                    theatre.scale(4);
                    awaitReady(4);
                    everyMemberHasAllRows();
                })
                && step("scale to two: no row is lost", () -> {
                    theatre.scale(2);
                    awaitReady(2);
                    writeRows();
                    everyMemberHasAllRows();
                })
                && step("kill it again, with one replica left: it recovers", () -> {
                    theatre.outages().killPostgres(Theatre.NAMESPACE, primary());
                    writeRows();
                    awaitReady(2);
                    everyMemberHasAllRows();
                })
                && step("restart the primary's pod: it comes back with its rows", this::restartPrimary)
                && step("delete the cluster: its volumes stay", this::delete)
                && step("create it again: it takes the volumes over", () -> {
                    theatre.apply();
                    awaitReady(3);
                    everyMemberHasAllRows();
                    writeRows();
                });
        out.println();
        summary.forEach(out::println);
        out.printf("%n%d rows acknowledged; %s%n", written, held ? "all of it held" : "NOT all of it held");
        return held;
    }

    private boolean step(String title, Act act) throws InterruptedException {
        out.printf("  %-60s", title);
        out.flush();
        long begin = System.nanoTime();
        String failure = attempt(act);
        double seconds = (System.nanoTime() - begin) / 1e9;
        String line = failure.isEmpty() ? "ok    %5.1f s".formatted(seconds) : "FAILED after %.1f s".formatted(seconds);
        out.println(line);
        summary.add("  %-60s%s".formatted(title, line));
        if (!failure.isEmpty()) {
            out.println(failure);
            out.println(theatre.cluster().evidence(Theatre.NAMESPACE));
            out.println(theatre.cluster().evidence(OperatorPod.NAMESPACE));
        }
        return failure.isEmpty();
    }

    private static String attempt(Act act) throws InterruptedException {
        try {
            act.run();
            return "";
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            return e.getMessage() == null ? e.toString() : e.getMessage();
        }
    }

    /** Tries again until it holds, or patience ends. */
    private static void eventually(Act act) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String failure = attempt(act);
            if (failure.isEmpty()) {
                return;
            }
            if (System.nanoTime() > end) {
                throw new NotSo("not within " + PATIENCE.toSeconds() + " s: " + failure);
            }
            Thread.sleep(100);
        }
    }

    private PostgresClusterStatus status() {
        return theatre.status().orElseThrow(() -> new NotSo("the cluster has no status yet"));
    }

    private void awaitReady(int instances) throws InterruptedException {
        eventually(() -> {
            PostgresCluster live = theatre.star().orElseThrow(() -> new NotSo("there is no cluster"));
            PostgresClusterStatus status = status();
            name = live.getMetadata().getName();
            boolean seen = Objects.equals(
                    status.observedGeneration(), live.getMetadata().getGeneration());
            boolean ready = Optional.ofNullable(status.conditions()).orElse(List.of()).stream()
                    .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
            int present = theatre.members().size();
            if (!seen || !ready || present != instances || !Objects.equals(status.readyInstances(), instances)) {
                throw new NotSo("%s of %d members are ready, %d pods are there; conditions %s"
                        .formatted(status.readyInstances(), instances, present, status.conditions()));
            }
        });
    }

    private String primary() {
        return Optional.ofNullable(status().primary()).orElseThrow(() -> new NotSo("there is no primary"));
    }

    private Account account() {
        return theatre.account(name);
    }

    /** A batch in one statement: it is acknowledged as a whole or not at all. The key makes trying again harmless. */
    private void writeRows() throws InterruptedException {
        eventually(() -> {
            String address = theatre.address(name + "-rw");
            account().execute(address, "CREATE TABLE IF NOT EXISTS tour (id int PRIMARY KEY)");
            account()
                    .execute(
                            address,
                            "INSERT INTO tour SELECT generate_series(%d, %d) ON CONFLICT DO NOTHING"
                                    .formatted(written + 1, written + BATCH));
        });
        written += BATCH;
    }

    private void everyMemberHasAllRows() throws InterruptedException {
        for (Pod member : theatre.members()) {
            eventually(() -> hasAllRows(
                    member.getMetadata().getName(), member.getStatus().getPodIP()));
        }
    }

    private void replicasHaveAllRows() throws InterruptedException {
        eventually(() -> {
            hasAllRows("the Service for reads", theatre.address(name + "-ro"));
            List<String> recovering = account().query(theatre.address(name + "-ro"), "SELECT pg_is_in_recovery()");
            if (!recovering.equals(List.of("t"))) {
                throw new NotSo("the Service for reads leads to a primary");
            }
        });
    }

    private void hasAllRows(String where, String address) throws SQLException {
        List<String> found = account().query(address, "SELECT id FROM tour ORDER BY id");
        List<String> wanted =
                IntStream.rangeClosed(1, written).mapToObj(Integer::toString).toList();
        if (!found.equals(wanted)) {
            throw new NotSo("%s has %d rows instead of %d".formatted(where, found.size(), wanted.size()));
        }
    }

    /** Kills the primary's PostgreSQL; its container, started again at once, might be the primary before another is elected. */
    private void failOver() throws IOException, InterruptedException {
        String former = primary();
        theatre.outages().killPostgres(Theatre.NAMESPACE, former);
        writeRows();
        awaitReady(3);
        eventually(() -> {
            if (primary().equals(former)) {
                throw new NotSo(former + " is still the primary");
            }
            String role = Optional.ofNullable(status().members()).orElse(List.of()).stream()
                    .filter(member -> member.name().equals(former))
                    .map(PostgresClusterStatus.Member::role)
                    .findFirst()
                    .orElse("None");
            if (!"Replica".equals(role)) {
                throw new NotSo("the former primary's role is %s".formatted(role));
            }
        });
        everyMemberHasAllRows();
    }

    /** Each write must succeed at its first attempt. */
    private void withoutApiServer() throws IOException, SQLException, InterruptedException {
        String primary = primary();
        String address = theatre.address(name + "-rw");
        Account account = account();
        theatre.toggleApi();
        try {
            long end = System.nanoTime() + OUTAGE.toNanos();
            while (System.nanoTime() < end) {
                account.execute(address, "INSERT INTO tour VALUES (%d)".formatted(written + 1));
                written++;
                Thread.sleep(100);
            }
        } finally {
            theatre.toggleApi();
        }
        awaitReady(3);
        if (!primary().equals(primary)) {
            throw new NotSo("%s is the primary in place of %s".formatted(primary(), primary));
        }
        everyMemberHasAllRows();
    }

    private void restartPrimary() throws InterruptedException {
        String primary = primary();
        String uid = uid(primary);
        theatre.user().pods().inNamespace(Theatre.NAMESPACE).withName(primary).delete();
        eventually(() -> {
            if (uid(primary).equals(uid)) {
                throw new NotSo("the former pod is still there");
            }
        });
        awaitReady(2);
        writeRows();
        everyMemberHasAllRows();
    }

    private String uid(String pod) {
        return theatre.members().stream()
                .filter(member -> member.getMetadata().getName().equals(pod))
                .map(member -> member.getMetadata().getUid())
                .findFirst()
                .orElseThrow(() -> new NotSo(pod + " is not there"));
    }

    private void delete() throws InterruptedException {
        theatre.star().ifPresent(live -> theatre.user().resource(live).delete());
        eventually(() -> {
            if (!theatre.members().isEmpty()) {
                throw new NotSo("pods are still there");
            }
        });
        int claims = theatre.user()
                .persistentVolumeClaims()
                .inNamespace(Theatre.NAMESPACE)
                .list()
                .getItems()
                .size();
        if (claims < 3) {
            throw new NotSo("only %d volumes are left".formatted(claims));
        }
    }
}
