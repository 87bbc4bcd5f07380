package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Cells of {@code kubectl get} for pods, StatefulSets, Services and claims, as Kubernetes prints them (pkg/printers/internalversion). */
final class CoreTables {
    private static final String NONE = "<none>";
    private static final Map<String, String> MODES =
            Map.of("ReadWriteOnce", "RWO", "ReadOnlyMany", "ROX", "ReadWriteMany", "RWX", "ReadWriteOncePod", "RWOP");
    private static final Set<String> ENDED = Set.of("Succeeded", "Failed");

    private CoreTables() {}

    static String ready(JsonNode pod) {
        int ready = 0;
        for (JsonNode container : containers(pod)) {
            ready += container.path("ready").asBoolean() ? 1 : 0;
        }
        int sidecars = 0;
        for (JsonNode container : pod.at("/spec/initContainers")) {
            sidecars += sidecar(container) ? 1 : 0;
        }
        for (JsonNode container : pod.at("/status/initContainerStatuses")) {
            ready += sidecar(pod, container) && container.path("ready").asBoolean() ? 1 : 0;
        }
        return ready + "/" + (pod.at("/spec/containers").size() + sidecars);
    }

    static String status(JsonNode pod) {
        String phase = pod.at("/status/phase").asText();
        String reason = pod.at("/status/reason").asText(phase);
        String initializing = initializing(pod);
        if (!initializing.isEmpty()) {
            reason = initializing;
        } else {
            for (JsonNode container : containers(pod)) {
                reason = why(container, reason);
            }
        }
        return pod.path("metadata").has("deletionTimestamp") && !ENDED.contains(phase) ? "Terminating" : reason;
    }

    private static String initializing(JsonNode pod) {
        int done = 0;
        for (JsonNode container : pod.at("/status/initContainerStatuses")) {
            boolean over = sidecar(pod, container)
                    ? container.path("started").asBoolean()
                    : container.at("/state/terminated/exitCode").asInt(-1) == 0;
            if (!over) {
                String why = why(container, "");
                return "Init:"
                        + (why.isEmpty() || why.equals("PodInitializing")
                                ? done + "/" + pod.at("/spec/initContainers").size()
                                : why);
            }
            done++;
        }
        return "";
    }

    private static String why(JsonNode container, String otherwise) {
        String waiting = container.at("/state/waiting/reason").asText();
        if (!waiting.isEmpty()) {
            return waiting;
        }
        JsonNode end = container.at("/state/terminated");
        return end.isMissingNode()
                ? otherwise
                : end.path("reason").asText("ExitCode:" + end.path("exitCode").asInt());
    }

    static String restarts(JsonNode pod) {
        int restarts = 0;
        String last = "";
        for (JsonNode container : containers(pod)) {
            restarts += container.path("restartCount").asInt();
            String ended = container.at("/lastState/terminated/finishedAt").asText();
            last = ended.compareTo(last) > 0 ? ended : last;
        }
        return last.isEmpty()
                ? Integer.toString(restarts)
                : "%d (%s ago)".formatted(restarts, Tables.age(Instant.parse(last), Instant.now()));
    }

    private static JsonNode containers(JsonNode pod) {
        return pod.at("/status/containerStatuses");
    }

    private static boolean sidecar(JsonNode container) {
        return container.path("restartPolicy").asText().equals("Always");
    }

    private static boolean sidecar(JsonNode pod, JsonNode status) {
        for (JsonNode container : pod.at("/spec/initContainers")) {
            if (container.path("name").equals(status.path("name"))) {
                return sidecar(container);
            }
        }
        return false;
    }

    static String nodeStatus(JsonNode node) {
        String ready = "Unknown";
        for (JsonNode condition : node.at("/status/conditions")) {
            if (condition.path("type").asText().equals("Ready")) {
                ready = condition.path("status").asText().equals("True") ? "Ready" : "NotReady";
            }
        }
        return node.at("/spec/unschedulable").asBoolean() ? ready + ",SchedulingDisabled" : ready;
    }

    static String orNone(JsonNode budget, String field) {
        return budget.path("spec").path(field).asText("N/A");
    }

    static String involved(JsonNode event) {
        JsonNode object = event.path("involvedObject");
        return object.path("kind").asText().toLowerCase(java.util.Locale.ROOT) + "/"
                + object.path("name").asText();
    }

    static String replicas(JsonNode set) {
        return "%d/%d"
                .formatted(
                        set.at("/status/readyReplicas").asInt(),
                        set.at("/spec/replicas").asInt());
    }

    static String ports(JsonNode service) {
        List<String> ports = new ArrayList<>();
        for (JsonNode port : service.at("/spec/ports")) {
            String node = port.has("nodePort") ? ":" + port.path("nodePort").asInt() : "";
            ports.add(port.path("port").asInt() + node + "/"
                    + port.path("protocol").asText("TCP"));
        }
        return ports.isEmpty() ? NONE : String.join(",", ports);
    }

    static String external(JsonNode service) {
        return service.at("/spec/type").asText().equals("LoadBalancer") ? "<pending>" : NONE;
    }

    static String selector(JsonNode service) {
        Map<String, String> labels = new TreeMap<>();
        service.at("/spec/selector")
                .properties()
                .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
        return labels.isEmpty()
                ? NONE
                : String.join(
                        ",",
                        labels.entrySet().stream()
                                .map(label -> label.getKey() + "=" + label.getValue())
                                .toList());
    }

    static String modes(JsonNode claim) {
        List<String> modes = new ArrayList<>();
        claim.at("/status/accessModes").forEach(mode -> modes.add(MODES.getOrDefault(mode.asText(), mode.asText())));
        return String.join(",", modes);
    }
}
