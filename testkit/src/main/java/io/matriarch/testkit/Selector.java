package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;

/** Label and field selectors, as in a query. */
record Selector(String labels, String fields) {
    boolean admits(JsonNode object) {
        return labels(object) && fields(object);
    }

    /** Whether a {@code LabelSelector} selects an object; none selects nothing, an empty one all. */
    static boolean matches(JsonNode selector, JsonNode object) {
        if (selector.isMissingNode()) {
            return false;
        }
        JsonNode labels = object.path("metadata").path("labels");
        boolean all = true;
        for (var label : (Iterable<java.util.Map.Entry<String, JsonNode>>)
                () -> selector.path("matchLabels").fields()) {
            all &= labels.path(label.getKey()).equals(label.getValue());
        }
        for (JsonNode term : selector.path("matchExpressions")) {
            JsonNode value = labels.path(term.path("key").asText());
            boolean listed = false;
            for (JsonNode candidate : term.path("values")) {
                listed |= candidate.equals(value);
            }
            all &= switch (term.path("operator").asText()) {
                case "In" -> listed;
                case "NotIn" -> !listed;
                case "Exists" -> !value.isMissingNode();
                default -> value.isMissingNode();
            };
        }
        return all;
    }

    private boolean labels(JsonNode object) {
        JsonNode present = object.path("metadata").path("labels");
        for (String term : split(labels)) {
            if (term.contains(" notin (")) {
                if (in(term, " notin (")
                        .contains(present.path(key(term, " notin (")).asText("\0"))) {
                    return false;
                }
            } else if (term.contains(" in (")) {
                if (!in(term, " in (").contains(present.path(key(term, " in (")).asText("\0"))) {
                    return false;
                }
            } else if (term.contains("!=")) {
                if (present.path(key(term, "!=")).asText("\0").equals(value(term, "!="))) {
                    return false;
                }
            } else if (term.contains("=")) {
                String sign = term.contains("==") ? "==" : "=";
                if (!present.path(key(term, sign)).asText("\0").equals(value(term, sign))) {
                    return false;
                }
            } else if (term.startsWith("!")) {
                if (present.has(term.substring(1))) {
                    return false;
                }
            } else if (!present.has(term)) {
                return false;
            }
        }
        return true;
    }

    private boolean fields(JsonNode object) {
        for (String term : split(fields)) {
            boolean negative = term.contains("!=");
            String sign = negative ? "!=" : term.contains("==") ? "==" : "=";
            String actual = object.at("/" + key(term, sign).replace('.', '/')).asText("");
            if (actual.equals(value(term, sign)) == negative) {
                return false;
            }
        }
        return true;
    }

    /** At commas that are not within parentheses. */
    private static List<String> split(String text) {
        return text.isEmpty()
                ? List.of()
                : Arrays.stream(text.split(",(?![^(]*\\))")).map(String::strip).toList();
    }

    private static String key(String term, String sign) {
        return term.substring(0, term.indexOf(sign)).strip();
    }

    private static String value(String term, String sign) {
        return term.substring(term.indexOf(sign) + sign.length()).strip();
    }

    private static List<String> in(String term, String sign) {
        String values = value(term, sign);
        return Arrays.stream(values.substring(0, values.length() - 1).split(","))
                .map(String::strip)
                .toList();
    }
}
