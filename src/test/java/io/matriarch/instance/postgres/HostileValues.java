package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Reserved;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Values of every parameter that needs no restart, made from its type and its bounds. */
final class HostileValues {
    private HostileValues() {}

    /** A value of a parameter. */
    record Value(String name, String value) {
        /** As postgresql.conf and ALTER ROLE ... SET have it. */
        @Override
        public String toString() {
            return "%s = '%s'".formatted(name, value);
        }
    }

    /** @param reserved whether those that {@code spec.postgres.parameters} cannot have come too */
    static List<Value> of(Layout layout, boolean reserved) throws Exception {
        List<Value> all = new ArrayList<>();
        try (Sql sql = Sql.open(layout, "postgres", Duration.ofSeconds(30))) {
            sql.query(
                            "SELECT name, vartype, coalesce(min_val, ''), coalesce(max_val, ''), coalesce(array_to_string(enumvals, ','), ''), setting FROM pg_settings WHERE context IN ('user', 'superuser', 'sighup', 'backend', 'superuser-backend') ORDER BY name",
                            row -> Arrays.asList(
                                    row.getString(1),
                                    row.getString(2),
                                    row.getString(3),
                                    row.getString(4),
                                    row.getString(5),
                                    Objects.requireNonNullElse(row.getString(6), "")))
                    .forEach(row -> {
                        if (reserved || !Reserved.PARAMETERS.containsKey(row.getFirst())) {
                            hostile(row).stream()
                                    .filter(value -> !value.equals(row.get(5)))
                                    .forEach(value -> all.add(new Value(row.getFirst(), value)));
                        }
                    });
        }
        return all;
    }

    private static Set<String> hostile(List<String> row) {
        Set<String> values = new LinkedHashSet<>();
        switch (row.get(1)) {
            case "bool" -> values.addAll(List.of("on", "off"));
            case "enum" -> values.addAll(List.of(row.get(4).split(",")));
            case "integer", "real" -> {
                values.add(row.get(2));
                if (!row.get(2).equals(row.get(3))) {
                    values.add(row.get(3));
                }
                if (row.get(1).equals("integer") && Double.parseDouble(row.get(2)) < 1) {
                    values.add("1");
                }
            }
            default -> values.addAll(List.of("", "nowhere", "MULE_INTERNAL"));
        }
        return values;
    }
}
