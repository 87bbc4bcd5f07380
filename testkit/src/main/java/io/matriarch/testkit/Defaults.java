package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.function.Supplier;

/** Defaults of the kinds that are built in, as far as anyone here looks at them. */
final class Defaults {
    private Defaults() {}

    /** @param address gives a Service one that no other has */
    static void fill(String kind, ObjectNode object, Optional<ObjectNode> live, Supplier<String> address) {
        ObjectNode spec = object.path("spec") instanceof ObjectNode present ? present : object.objectNode();
        switch (kind) {
            case "Namespace" -> {
                object.withObjectProperty("metadata")
                        .withObjectProperty("labels")
                        .put(
                                "kubernetes.io/metadata.name",
                                object.path("metadata").path("name").asText());
                if (!object.has("status")) {
                    object.putObject("status").put("phase", "Active");
                }
            }
            case "Secret" -> secret(object);
            case "Service" -> service(spec, live, address);
            case "Job" -> job(object, spec);
            case "CronJob" -> {
                absent(spec, "concurrencyPolicy", "Allow");
                number(spec, "successfulJobsHistoryLimit", 3);
                number(spec, "failedJobsHistoryLimit", 1);
                if (!spec.has("suspend")) {
                    spec.put("suspend", false);
                }
                pod(spec.withObject("/jobTemplate/spec/template/spec"));
            }
            case "PersistentVolumeClaim" -> {
                absent(spec, "volumeMode", "Filesystem");
                dataSource(spec);
                if (!object.has("status")) {
                    object.putObject("status").put("phase", "Pending");
                }
            }
            case "Pod" -> {
                pod(spec);
                if (!object.has("status")) {
                    object.putObject("status").put("phase", "Pending");
                }
            }
            case "StatefulSet" -> {
                if (!spec.has("replicas")) {
                    spec.put("replicas", 1);
                }
                if (!spec.has("revisionHistoryLimit")) {
                    spec.put("revisionHistoryLimit", 10);
                }
                absent(spec, "podManagementPolicy", "OrderedReady");
                ObjectNode strategy = spec.withObjectProperty("updateStrategy");
                absent(strategy, "type", "RollingUpdate");
                if (strategy.path("type").asText().equals("RollingUpdate")
                        && !strategy.path("rollingUpdate").has("partition")) {
                    strategy.withObjectProperty("rollingUpdate").put("partition", 0);
                }
                ObjectNode retention = spec.withObjectProperty("persistentVolumeClaimRetentionPolicy");
                absent(retention, "whenDeleted", "Retain");
                absent(retention, "whenScaled", "Retain");
                pod(spec.withObjectProperty("template").withObjectProperty("spec"));
                for (JsonNode claim : spec.path("volumeClaimTemplates")) {
                    ObjectNode template = (ObjectNode) claim;
                    absent(template, "apiVersion", "v1");
                    absent(template, "kind", "PersistentVolumeClaim");
                    absent(template.withObjectProperty("spec"), "volumeMode", "Filesystem");
                    absent(template.withObjectProperty("status"), "phase", "Pending");
                }
            }
            default -> {
                // nothing that anyone here looks at
            }
        }
    }

    /** With its selector, and the labels by which that finds its pods. */
    private static void job(ObjectNode object, ObjectNode spec) {
        if (!spec.has("parallelism") && !spec.has("completions")) {
            spec.put("completions", 1);
        }
        number(spec, "parallelism", 1);
        number(spec, "backoffLimit", 6);
        absent(spec, "completionMode", "NonIndexed");
        absent(spec, "podReplacementPolicy", "TerminatingOrFailed");
        for (String no : java.util.List.of("suspend", "manualSelector")) {
            if (!spec.has(no)) {
                spec.put(no, false);
            }
        }
        pod(spec.withObject("/template/spec"));
        if (!spec.has("selector") && !spec.path("manualSelector").asBoolean()) {
            String uid = object.path("metadata").path("uid").asText();
            String name = object.path("metadata").path("name").asText();
            spec.withObject("/template/metadata/labels")
                    .put("controller-uid", uid)
                    .put("job-name", name)
                    .put(Jobs.CONTROLLER, uid)
                    .put(Jobs.NAME, name);
            spec.putObject("selector").putObject("matchLabels").put(Jobs.CONTROLLER, uid);
        }
        if (object.path("metadata").path("labels").isEmpty()) {
            object.withObjectProperty("metadata")
                    .set(
                            "labels",
                            spec.path("template")
                                    .path("metadata")
                                    .path("labels")
                                    .deepCopy());
        }
    }

    /** Each of the two fields says what the other does, unless the source is in another namespace. */
    private static void dataSource(ObjectNode spec) {
        if (spec.has("dataSource") && !spec.has("dataSourceRef")) {
            spec.set("dataSourceRef", spec.path("dataSource").deepCopy());
        } else if (spec.has("dataSourceRef")
                && !spec.has("dataSource")
                && !spec.path("dataSourceRef").has("namespace")) {
            spec.set("dataSource", spec.path("dataSourceRef").deepCopy());
        }
    }

    private static void secret(ObjectNode object) {
        absent(object, "type", "Opaque");
        object.path("stringData")
                .fields()
                .forEachRemaining(field -> object.withObjectProperty("data")
                        .put(
                                field.getKey(),
                                Base64.getEncoder()
                                        .encodeToString(
                                                field.getValue().asText().getBytes(StandardCharsets.UTF_8))));
        object.remove("stringData");
    }

    private static void service(ObjectNode spec, Optional<ObjectNode> live, Supplier<String> address) {
        absent(spec, "type", "ClusterIP");
        absent(spec, "sessionAffinity", "None");
        absent(spec, "internalTrafficPolicy", "Cluster");
        String former =
                live.map(old -> old.path("spec").path("clusterIP").asText("")).orElse("");
        if (!spec.has("clusterIP") && !spec.path("type").asText().equals("ExternalName")) {
            spec.put("clusterIP", former.isEmpty() ? address.get() : former);
        }
        if (!spec.has("clusterIPs") && spec.has("clusterIP")) {
            spec.putArray("clusterIPs").add(spec.path("clusterIP").asText());
        }
        for (JsonNode port : spec.path("ports")) {
            absent((ObjectNode) port, "protocol", "TCP");
            if (!port.has("targetPort")) {
                ((ObjectNode) port).set("targetPort", port.path("port"));
            }
        }
    }

    private static void pod(ObjectNode spec) {
        absent(spec, "restartPolicy", "Always");
        absent(spec, "dnsPolicy", "ClusterFirst");
        absent(spec, "schedulerName", "default-scheduler");
        if (!spec.has("terminationGracePeriodSeconds")) {
            spec.put("terminationGracePeriodSeconds", 30);
        }
        if (!spec.has("securityContext")) {
            spec.putObject("securityContext");
        }
        spec.path("initContainers").forEach(container -> container((ObjectNode) container));
        spec.path("containers").forEach(container -> container((ObjectNode) container));
        for (JsonNode volume : spec.path("volumes")) {
            for (String source : java.util.List.of("secret", "configMap", "projected", "downwardAPI")) {
                if (volume.get(source) instanceof ObjectNode files && !files.has("defaultMode")) {
                    files.put("defaultMode", 420);
                }
            }
        }
    }

    private static void container(ObjectNode container) {
        absent(container, "terminationMessagePath", "/dev/termination-log");
        absent(container, "terminationMessagePolicy", "File");
        String image = container.path("image").asText("");
        boolean moving = !image.contains("@") && (!image.matches(".*:[^/]+") || image.endsWith(":latest"));
        absent(container, "imagePullPolicy", moving ? "Always" : "IfNotPresent");
        if (!container.has("resources")) {
            container.putObject("resources");
        }
        container.path("ports").forEach(port -> absent((ObjectNode) port, "protocol", "TCP"));
        for (JsonNode variable : container.path("env")) {
            if (variable.path("valueFrom").get("fieldRef") instanceof ObjectNode reference) {
                absent(reference, "apiVersion", "v1");
            }
        }
        for (String name : java.util.List.of("startupProbe", "livenessProbe", "readinessProbe")) {
            if (container.get(name) instanceof ObjectNode probe) {
                number(probe, "timeoutSeconds", 1);
                number(probe, "periodSeconds", 10);
                number(probe, "successThreshold", 1);
                number(probe, "failureThreshold", 3);
                if (probe.get("httpGet") instanceof ObjectNode get) {
                    absent(get, "scheme", "HTTP");
                    absent(get, "path", "/");
                }
            }
        }
    }

    private static void number(ObjectNode object, String field, int value) {
        if (!object.has(field)) {
            object.put(field, value);
        }
    }

    private static void absent(ObjectNode object, String field, String value) {
        if (!object.has(field)) {
            object.put(field, value);
        }
    }
}
