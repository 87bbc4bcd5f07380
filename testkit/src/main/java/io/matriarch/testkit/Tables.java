package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code kubectl get} prints: the columns of our definitions, and of the few built-in kinds whose state one wants to see. */
final class Tables {
    private static final Pattern CONDITION =
            Pattern.compile("\\.status\\.conditions\\[\\?\\(@\\.type==\"(\\w+)\"\\)\\]\\.(\\w+)");

    private static final Column AGE = new Column("Age", "date", ".metadata.creationTimestamp");

    private Tables() {}

    /** @param priority 0 for always, 1 for {@code -o wide} */
    private record Column(String name, String type, Function<JsonNode, JsonNode> cell, int priority) {
        Column(String name, String type, String path) {
            this(name, type, object -> field(object, type, path), 0);
        }

        static Column of(String name, Function<JsonNode, String> cell) {
            return new Column(
                    name, "string", object -> Store.JSON.getNodeFactory().textNode(cell.apply(object)), 0);
        }

        Column wide() {
            return new Column(name, type, cell, 1);
        }
    }

    static boolean wanted(Request request) {
        return request.header("Accept").contains("as=Table;v=v1");
    }

    static ObjectNode of(Kind kind, List<ObjectNode> objects, String version) {
        ObjectNode table = Store.JSON.createObjectNode();
        table.put("kind", "Table").put("apiVersion", "meta.k8s.io/v1");
        table.putObject("metadata").put("resourceVersion", version);
        List<Column> columns = columns(kind);
        ArrayNode definitions = table.putArray("columnDefinitions");
        for (Column column : columns) {
            definitions
                    .addObject()
                    .put("name", column.name())
                    .put("type", column.type().equals("date") ? "string" : column.type())
                    .put("format", column.name().equals("Name") ? "name" : "")
                    .put("description", "")
                    .put("priority", column.priority());
        }
        ArrayNode rows = table.putArray("rows");
        for (ObjectNode object : objects) {
            ObjectNode row = rows.addObject();
            ArrayNode cells = row.putArray("cells");
            columns.forEach(column -> cells.add(column.cell().apply(object)));
            ObjectNode partial = row.putObject("object");
            partial.put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/v1");
            partial.set("metadata", object.path("metadata"));
        }
        return table;
    }

    private static List<Column> columns(Kind kind) {
        List<Column> columns = new java.util.ArrayList<>();
        columns.add(new Column("Name", "string", ".metadata.name"));
        for (JsonNode told : kind.columns()) {
            Column column = new Column(
                    told.path("name").asText(),
                    told.path("type").asText(),
                    told.path("jsonPath").asText());
            columns.add(told.path("priority").asInt() > 0 ? column.wide() : column);
        }
        switch (kind.kind()) {
            case "Pod" -> {
                columns.add(Column.of("Ready", CoreTables::ready));
                columns.add(Column.of("Status", CoreTables::status));
                columns.add(Column.of("Restarts", CoreTables::restarts));
                columns.add(AGE);
                columns.add(new Column("IP", "string", ".status.podIP").wide());
                columns.add(new Column("Node", "string", ".spec.nodeName").wide());
            }
            case "StatefulSet" -> columns.add(Column.of("Ready", CoreTables::replicas));
            case "Service" -> {
                columns.add(new Column("Type", "string", ".spec.type"));
                columns.add(new Column("Cluster-IP", "string", ".spec.clusterIP"));
                columns.add(Column.of("External-IP", CoreTables::external));
                columns.add(Column.of("Port(s)", CoreTables::ports));
                columns.add(AGE);
                columns.add(Column.of("Selector", CoreTables::selector).wide());
            }
            case "PersistentVolumeClaim" -> {
                columns.add(new Column("Status", "string", ".status.phase"));
                columns.add(new Column("Volume", "string", ".spec.volumeName"));
                columns.add(new Column("Capacity", "string", ".status.capacity.storage"));
                columns.add(Column.of("Access Modes", CoreTables::modes));
                columns.add(new Column("StorageClass", "string", ".spec.storageClassName"));
            }
            case "Job" -> {
                columns.add(Column.of("Status", JobTables::status));
                columns.add(Column.of("Completions", JobTables::completions));
                columns.add(Column.of("Duration", JobTables::duration));
            }
            case "CronJob" -> {
                columns.add(new Column("Schedule", "string", ".spec.schedule"));
                columns.add(Column.of("Timezone", JobTables::timeZone));
                columns.add(new Column("Suspend", "boolean", ".spec.suspend"));
                columns.add(Column.of("Active", JobTables::active));
                columns.add(Column.of("Last Schedule", JobTables::lastSchedule));
            }
            case "Node" -> {
                columns.add(Column.of("Status", CoreTables::nodeStatus));
                columns.add(AGE);
                columns.add(new Column("Internal-IP", "string", ".status.addresses.0.address").wide());
            }
            case "Lease" -> columns.add(new Column("Holder", "string", ".spec.holderIdentity"));
            case "PodDisruptionBudget" -> {
                columns.add(Column.of("Min Available", budget -> CoreTables.orNone(budget, "minAvailable")));
                columns.add(Column.of("Max Unavailable", budget -> CoreTables.orNone(budget, "maxUnavailable")));
                columns.add(new Column("Allowed Disruptions", "integer", ".status.disruptionsAllowed"));
            }
            case "Event" -> {
                columns.removeFirst(); // kubectl names the object instead
                columns.add(new Column("Last Seen", "date", ".lastTimestamp"));
                columns.add(new Column("Type", "string", ".type"));
                columns.add(new Column("Reason", "string", ".reason"));
                columns.add(Column.of("Object", CoreTables::involved));
                columns.add(new Column("Message", "string", ".message"));
                return columns;
            }
            default -> {
                // name and age
            }
        }
        if (columns.stream().noneMatch(column -> column.name().equals("Age"))) {
            columns.add(AGE);
        }
        return columns;
    }

    private static JsonNode field(JsonNode object, String type, String path) {
        JsonNode value = value(object, path);
        if (type.equals("date") && value.isTextual()) {
            return Store.JSON.getNodeFactory().textNode(age(Instant.parse(value.asText()), Instant.now()));
        }
        return value.isMissingNode() ? Store.JSON.nullNode() : value;
    }

    private static JsonNode value(JsonNode object, String path) {
        Matcher condition = CONDITION.matcher(path);
        if (!condition.matches()) {
            return object.at(path.replace('.', '/'));
        }
        for (JsonNode candidate : object.path("status").path("conditions")) {
            if (candidate.path("type").asText().equals(condition.group(1))) {
                return candidate.path(condition.group(2));
            }
        }
        return Store.JSON.missingNode();
    }

    static String age(Instant since, Instant until) {
        Duration age = Duration.between(since, until);
        if (age.toMinutes() < 2) {
            return age.toSeconds() + "s";
        }
        return age.toHours() < 2 ? age.toMinutes() + "m" : age.toDays() < 2 ? age.toHours() + "h" : age.toDays() + "d";
    }
}
