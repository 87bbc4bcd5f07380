package io.matriarch.plan.view;

import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Settings.RequestKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Something that must be done once: an annotation of the cluster asks for it, or it is the hand-over that a smaller number of instances requires.
 *
 * @param id in the settings, the agents' answers and the status: what is requested, and the user's own id, if any
 * @param pod that the command is about; empty if the agents choose
 * @param endSessions whether a switchover may end what delays replay on the next primary
 * @param named whether the id is the user's own: then the command runs once and never again; without an id it is remembered only while its
 *     annotation exists
 */
public record Command(RequestKind kind, String id, String pod, boolean named, boolean endSessions) {
    /** The word that may follow the value of a switchover. */
    static final String END_SESSIONS = "endSessions";

    private static final Map<String, RequestKind> ANNOTATIONS = Map.of(
            Labels.SWITCHOVER, RequestKind.Switchover,
            Labels.REBUILD, RequestKind.Rebuild,
            Labels.FORCE_FAILOVER, RequestKind.ForceFailover);

    /** The commands in the annotations, ordered by the annotations' names. */
    public static List<Command> of(PostgresCluster cluster) {
        Map<String, String> annotations =
                Objects.requireNonNullElse(cluster.getMetadata().getAnnotations(), Map.of());
        List<Command> commands = new ArrayList<>();
        ANNOTATIONS.keySet().stream().sorted().forEach(name -> {
            String value = annotations.get(name);
            RequestKind kind = ANNOTATIONS.get(name);
            if (kind != null && value != null) {
                commands.add(of(kind, name.substring(name.indexOf('/') + 1) + ":" + value.strip(), value.strip()));
            }
        });
        return commands;
    }

    /** The commands in the status, by id, the oldest first. */
    public static Map<String, Request> remembered(ClusterView view) {
        Map<String, Request> requests = new LinkedHashMap<>();
        view.status()
                .map(PostgresClusterStatus::requests)
                .orElse(List.of())
                .forEach(request -> requests.put(request.id(), request));
        return requests;
    }

    /** Whether the annotation exists but has no value. */
    public boolean empty() {
        return id.endsWith(":");
    }

    private static Command of(RequestKind kind, String id, String value) {
        if (kind == RequestKind.ForceFailover) {
            return new Command(kind, id, "", !value.isEmpty(), false);
        }
        boolean ends = kind == RequestKind.Switchover && value.endsWith(" " + END_SESSIONS);
        String whom = ends
                ? value.substring(0, value.length() - END_SESSIONS.length()).strip()
                : value;
        int slash = whom.indexOf('/');
        return slash < 0
                ? new Command(kind, id, whom, false, ends)
                : new Command(kind, id, whom.substring(0, slash), slash < whom.length() - 1, ends);
    }
}
