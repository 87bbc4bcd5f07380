package io.matriarch.playground;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.Labels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the visitor sees: the cluster, its members, what goes on, how to connect, which keys do what. */
final class Screen {
    private static final int EVENTS = 8;
    private static final String KEYS =
            "keys:  +/- scale   k kill the primary's PostgreSQL   1 2 3 node off/on   a API server off/on   q quit";

    private final Theatre theatre;
    private final Lag lag;
    private List<String> last = List.of();

    Screen(Theatre theatre, Lag lag) {
        this.theatre = theatre;
        this.lag = lag;
    }

    /**
     * @param note what the last key did
     * @param columns that the screen has
     */
    Frame frame(String note, int columns) {
        List<String> lines = new ArrayList<>();
        lines.add(Text.bold(" Matriarch playground") + "   nodes " + nodes() + "   "
                + (theatre.apiOn() ? "API server " + theatre.cluster().api().url() : Text.bad("API server off")));
        lines.add("");
        if (theatre.apiOn()) {
            try {
                last = cluster(columns);
            } catch (KubernetesClientException e) {
                last = List.of(Text.bad(" the API server does not answer: " + e.getMessage()));
            }
        }
        lines.addAll(last);
        lines.add("");
        return new Frame(lines, List.of(" " + KEYS, " " + note));
    }

    private String nodes() {
        return String.join(
                " ",
                theatre.outages().nodes().stream()
                        .map(node -> theatre.outages().nodeIsOn(node) ? Text.good(node) : Text.bad(node + " off"))
                        .toList());
    }

    private List<String> cluster(int columns) {
        Optional<PostgresCluster> star = theatre.star();
        if (star.isEmpty()) {
            return List.of(" no PostgresCluster is here; try: kubectl apply -f examples/quickstart.yaml");
        }
        String name = star.get().getMetadata().getName();
        List<String> lines = new ArrayList<>();
        Optional<PostgresClusterStatus> status = Optional.ofNullable(star.get().getStatus());
        List<Condition> conditions =
                status.map(PostgresClusterStatus::conditions).orElse(List.of());
        lines.add(" cluster %s   %s of %d members ready   primary %s   PostgreSQL %s"
                .formatted(
                        Text.bold(name),
                        status.map(PostgresClusterStatus::readyInstances).orElse(0),
                        star.get().getSpec().instances(),
                        Text.bold(status.map(PostgresClusterStatus::primary).orElse("-")),
                        status.map(PostgresClusterStatus::version).orElse("-")));
        theatre.withoutOperator()
                .ifPresent(since -> lines.addAll(Text.wrapped(
                        Text.open(
                                " no operator leads since " + since.toSeconds()
                                        + " s: conditions and Events are what the last one said; roles are what the members say"),
                        columns,
                        "   ")));
        String others = theatre.others();
        if (!others.isEmpty()) {
            lines.add(Text.dim(" also here, and not shown: " + others));
        }
        lines.add("");
        members(name, status, lines);
        lines.add("");
        lines.addAll(Verdict.lines(conditions, columns));
        lines.add("");
        events(name, lines);
        lines.add("");
        connect(name, lines);
        return lines;
    }

    private void members(String cluster, Optional<PostgresClusterStatus> status, List<String> lines) {
        lines.add(Text.dim(row("MEMBER", "NODE", "READY", "ROLE", "STATE", "TO REPLAY", "RESTARTS", "ADDRESS")));
        Map<String, String> lags = lag.bytes();
        for (Pod pod : theatre.members(cluster)) {
            String name = pod.getMetadata().getName();
            Optional<PostgresClusterStatus.Member> member = status.map(PostgresClusterStatus::members)
                    .flatMap(members ->
                            members.stream().filter(m -> m.name().equals(name)).findFirst());
            boolean ready = pod.getStatus().getConditions().stream()
                    .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
            int restarts = pod.getStatus().getContainerStatuses().stream()
                    .mapToInt(ContainerStatus::getRestartCount)
                    .sum();
            String line = row(
                    name,
                    Optional.ofNullable(pod.getSpec().getNodeName()).orElse("-"),
                    ready ? "yes" : "no",
                    role(pod),
                    pod.getMetadata().getDeletionTimestamp() != null
                            ? "Terminating"
                            : member.map(PostgresClusterStatus.Member::state)
                                    .orElse(pod.getStatus().getPhase()),
                    lags.getOrDefault(
                            Optional.ofNullable(pod.getStatus().getPodIP()).orElse(""), ""),
                    Integer.toString(restarts),
                    Optional.ofNullable(pod.getStatus().getPodIP()).orElse("-"));
            lines.add(ready ? line : Text.bad(line));
        }
    }

    private static String row(String... cells) {
        int[] widths = {16, 9, 7, 10, 13, 12, 10, 14};
        StringBuilder row = new StringBuilder("   ");
        for (int i = 0; i < cells.length; i++) {
            row.append(Text.cell(cells[i], widths[i]));
        }
        return row.toString();
    }

    /** As the member itself says it, with the label that Services go by: true without an operator, too. */
    private static String role(Pod pod) {
        return Optional.ofNullable(pod.getMetadata().getLabels())
                .map(labels -> labels.get(Labels.ROLE))
                .orElse("");
    }

    private void events(String cluster, List<String> lines) {
        List<Event> events = theatre.user()
                .v1()
                .events()
                .inNamespace(Theatre.NAMESPACE)
                .list()
                .getItems();
        events.stream()
                .filter(e -> e.getInvolvedObject().getName().startsWith(cluster))
                .sorted(Comparator.comparing((Event e) ->
                                Optional.ofNullable(e.getLastTimestamp()).orElse(""))
                        .reversed())
                .limit(EVENTS)
                .sorted(Comparator.comparing(
                        (Event e) -> Optional.ofNullable(e.getLastTimestamp()).orElse("")))
                .forEach(e -> lines.add("   %s  %s %s %s"
                        .formatted(
                                Optional.ofNullable(e.getLastTimestamp())
                                        .map(time -> time.substring(11, Math.min(19, time.length())))
                                        .orElse("        "),
                                Text.cell(e.getInvolvedObject().getName(), 14),
                                Text.cell(e.getReason(), 18),
                                e.getMessage())));
    }

    private void connect(String name, List<String> lines) {
        lines.add(" in another terminal:");
        lines.add("   export KUBECONFIG=" + theatre.kubeconfig());
        lines.add("   kubectl get pgc,pods        kubectl describe pgc " + name);
        try {
            lines.add("   " + theatre.account(name).psql(theatre.address(name + "-rw")));
        } catch (RuntimeException notYet) {
            lines.add(Text.dim("   the Secret with the password is not there yet"));
        }
    }
}
