package io.matriarch.api.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Values that PostgreSQL accepts but a cluster cannot live with: replicas would not connect, or not acknowledge, or the agent would not see what
 * happens. Each is refused with the reason.
 */
public final class Limits {
    private static final Pattern NUMBER = Pattern.compile("\\s*([+-]?[0-9]*\\.?[0-9]+)\\s*([A-Za-z]*)\\s*");
    private static final Map<String, Double> MILLIS =
            Map.of("us", 0.001, "ms", 1.0, "s", 1000.0, "min", 60_000.0, "h", 3_600_000.0, "d", 86_400_000.0);
    private static final Set<String> CURVES =
            Set.of("prime256v1", "p-256", "secp256r1", "secp384r1", "p-384", "secp521r1", "p-521", "x25519", "x448");
    private static final Set<String> SUITES =
            Set.of("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256");

    private Limits() {}

    /** Why this value is refused, and what to set instead; empty if it is accepted. */
    public static Optional<String> refusal(String parameter, String value) {
        String name = parameter.toLowerCase(Locale.ROOT);
        return switch (name) {
            case "wal_sender_timeout", "wal_receiver_timeout" ->
                millis(value, 1)
                        .filter(millis -> millis > 0 && millis < 1000)
                        .map(least -> "replication breaks off at every pause; give 1s or more, or 0 for never");
            case "wal_receiver_status_interval" ->
                millis(value, 1000)
                        .filter(millis -> millis < 1000)
                        .map(least -> "replicas would not acknowledge commits at once; give 1s or more");
            case "wal_retrieve_retry_interval" ->
                millis(value, 1)
                        .filter(millis -> millis > 60_000)
                        .map(most -> "a replica that lost its primary would not look for it again; give 1min or less");
            case "superuser_reserved_connections" ->
                millis(value, 1)
                        .filter(connections -> connections < 3)
                        .map(least -> "the agent needs connections when clients use up theirs; give 3 or more");
            case "scram_iterations" ->
                millis(value, 1)
                        .filter(iterations -> iterations > 1_000_000)
                        .map(most ->
                                "each log-in would take seconds, and passwords could not be set; give 1000000 or less");
            case "log_min_messages" ->
                List.of("fatal", "panic").contains(value.strip().toLowerCase(Locale.ROOT))
                        ? Optional.of("the agent reads the server's log; give error, or a level that logs more")
                        : Optional.empty();
            case "dynamic_library_path" ->
                value.contains("$libdir")
                        ? Optional.empty()
                        : Optional.of("replication is a library of PostgreSQL's own; keep $libdir in the list");
            case "ssl_max_protocol_version" ->
                value.isBlank() || value.strip().equalsIgnoreCase("TLSv1.3")
                        ? Optional.empty()
                        : Optional.of("members connect to each other by TLS 1.3; give TLSv1.3, or remove it");
            case "ssl_ecdh_curve", "ssl_groups" ->
                all(value, ":", CURVES)
                        ? Optional.empty()
                        : Optional.of("clients do not offer it; give prime256v1, secp384r1, secp521r1, X25519 or X448");
            case "ssl_tls13_ciphers" ->
                value.isBlank()
                                || Arrays.stream(value.split(":"))
                                        .map(String::strip)
                                        .anyMatch(SUITES::contains)
                        ? Optional.empty()
                        : Optional.of("clients do not offer it; name one of "
                                + String.join(", ", SUITES.stream().sorted().toList()));
            default -> Optional.empty();
        };
    }

    private static boolean all(String value, String separator, Set<String> known) {
        return Arrays.stream(value.split(separator))
                .map(one -> one.strip().toLowerCase(Locale.ROOT))
                .allMatch(known::contains);
    }

    /** Empty if it is not a number with a unit of time: PostgreSQL itself reports that. */
    private static Optional<Double> millis(String value, int unit) {
        Matcher matcher = NUMBER.matcher(value);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        double number = Double.parseDouble(matcher.group(1));
        return matcher.group(2).isEmpty()
                ? Optional.of(number * unit)
                : Optional.ofNullable(MILLIS.get(matcher.group(2))).map(factor -> number * factor);
    }
}
