package io.matriarch.render;

import io.matriarch.api.PostgresConfiguration;
import io.matriarch.api.contract.Limits;
import io.matriarch.api.contract.Reserved;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What parameters and lines of pg_hba.conf must not be, whatever PostgreSQL would say about them. */
final class ParameterRules {
    /** A parameter's name, after the extension's name and a dot if it belongs to one (PostgreSQL manual, "Customized Options"). */
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_$]*(\\.[A-Za-z_][A-Za-z0-9_$]*)*");

    /** Directives that look like parameters in postgresql.conf but read other files (manual, "Managing Configuration File Contents"). */
    private static final Set<String> DIRECTIVES = Set.of("include", "include_dir", "include_if_exists");

    private ParameterRules() {}

    static void check(@Nullable PostgresConfiguration postgres, List<String> problems) {
        if (postgres == null) {
            return;
        }
        Map<String, String> seen = new HashMap<>();
        new TreeMap<>(Optional.ofNullable(postgres.parameters()).orElse(Map.of())).forEach((name, value) -> {
            parameter(name, value, problems);
            String other = seen.putIfAbsent(name.toLowerCase(Locale.ROOT), name);
            if (other != null) {
                problems.add(
                        "spec.postgres.parameters: %s and %s are the same parameter, as case does not count; keep one of them"
                                .formatted(other, name));
            }
        });
        List<String> hba = Optional.ofNullable(postgres.hba()).orElse(List.of());
        for (int i = 0; i < hba.size(); i++) {
            if (broken(hba.get(i))) {
                problems.add(
                        "spec.postgres.hba[%d]: it holds a line break or another control character; give each line as an item of its own"
                                .formatted(i));
            }
        }
    }

    private static void parameter(String name, @Nullable String value, List<String> problems) {
        String field = "spec.postgres.parameters[%s]".formatted(printable(name));
        String plain = name.toLowerCase(Locale.ROOT);
        if (!NAME.matcher(name).matches()) {
            problems.add(
                    field
                            + ": this is no name of a parameter; names have letters, digits and _, with a dot after an extension's name");
        } else if (DIRECTIVES.contains(plain)) {
            problems.add(field + ": other files cannot be included; write their parameters here");
        } else if (Reserved.PARAMETERS.containsKey(plain)) {
            problems.add("%s: it cannot be set here: %s; remove it".formatted(field, Reserved.PARAMETERS.get(plain)));
        }
        if (value == null) {
            problems.add(field + ": it has no value; give one, or remove the parameter to have PostgreSQL's default");
        } else if (broken(value)) {
            problems.add(field + ": the value holds a line break or another control character; write it on one line");
        } else {
            Limits.refusal(plain, value)
                    .ifPresent(reason -> problems.add("%s: it cannot be \"%s\": %s".formatted(field, value, reason)));
        }
    }

    /** A tab may stand between the columns of a line. */
    private static boolean broken(@Nullable String text) {
        return text == null || text.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == '\u007f');
    }

    private static String printable(String name) {
        return name.replaceAll("\\p{Cntrl}", "?");
    }
}
