package io.matriarch.render;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.matriarch.api.Bootstrap;
import io.matriarch.api.Failover;
import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.Services;
import io.matriarch.api.Storage;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings.SqlReference;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a spec, as far as the manifest alone shows it and the CRD's rules cannot express it. Each text names the field, what is wrong
 * with it and what to do. An empty list means that the spec can be rendered; only PostgreSQL and Kubernetes can tell whether they accept it.
 */
public final class Validation {
    /** The grammar of image references: host and port, path, tag, digest (OCI distribution specification, "Pulling manifests"). */
    private static final Pattern IMAGE = Pattern.compile(
            "(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d+)?/)?" // host
                    + "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*)*" // path
                    + "(?::(?<tag>\\w[\\w.-]{0,127}))?" // tag
                    + "(?:@[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,})?"); // digest

    /** NAMEDATALEN - 1 (PostgreSQL manual, "Identifiers and Key Words"). */
    private static final int IDENTIFIER_BYTES = 63;

    private Validation() {}

    /** All problems, in the order of the spec's fields. */
    public static List<String> problems(Rendering rendering) {
        PostgresClusterSpec spec = rendering.spec();
        List<String> problems = new ArrayList<>();
        image(spec.image(), problems);
        storage(spec.storage(), problems);
        ParameterRules.check(spec.postgres(), problems);
        failover(spec.failover(), problems);
        Optional.ofNullable(spec.bootstrap())
                .map(Bootstrap::initdb)
                .ifPresent(initdb -> initdb(initdb, rendering, problems));
        resources(spec.resources(), problems);
        PodAdditionRules.check(rendering, problems);
        services(spec.services(), problems);
        return List.copyOf(problems);
    }

    private static void image(String image, List<String> problems) {
        var reference = IMAGE.matcher(image);
        if (!reference.matches()) {
            problems.add(
                    "spec.image: \"%s\" is not the name of an image; write it like postgres:17 or registry.example:5000/team/postgres:17.6"
                            .formatted(image));
            return;
        }
        String tag = Optional.ofNullable(reference.group("tag")).orElse("");
        if (tag.matches("(.*[^a-z])?alpine([^a-z].*)?")) {
            problems.add(
                    "spec.image: %s is an Alpine flavour, which is not supported (musl sorts text differently and cannot run the agent); use the Debian flavour, such as postgres:17"
                            .formatted(image));
        }
    }

    private static void storage(Storage storage, List<String> problems) {
        size("spec.storage.size", storage.size(), problems);
        Storage.WalVolume wal = storage.wal();
        if (wal != null) {
            size("spec.storage.wal.size", wal.size(), problems);
        }
    }

    private static void size(String field, @Nullable Quantity size, List<String> problems) {
        Optional<BigDecimal> bytes = bytes(size);
        if (bytes.isEmpty()) {
            problems.add("%s: %s is not a size; write a number with a unit, such as 20Gi".formatted(field, text(size)));
        } else if (bytes.get().compareTo(BigDecimal.ONE) < 0) {
            problems.add(
                    "%s: %s is nothing; ask for as much as the data needs, such as 20Gi".formatted(field, text(size)));
        }
    }

    private static void failover(@Nullable Failover failover, List<String> problems) {
        Quantity lag = failover == null ? null : failover.maxLag();
        if (lag != null
                && bytes(lag)
                        .filter(b -> b.signum() >= 0 && b.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0)
                        .isEmpty()) {
            problems.add("spec.failover.maxLag: \"%s\" is not a size; write a number with a unit, such as 16Mi"
                    .formatted(lag));
        }
    }

    private static String text(@Nullable Quantity size) {
        return size == null ? "an empty value" : "\"" + size + "\"";
    }

    private static Optional<BigDecimal> bytes(@Nullable Quantity size) {
        try {
            return Optional.ofNullable(size).map(Quantity::getAmountInBytes);
        } catch (IllegalArgumentException | ArithmeticException e) {
            return Optional.empty();
        }
    }

    private static void initdb(Bootstrap.Initdb initdb, Rendering rendering, List<String> problems) {
        String field = "spec.bootstrap.initdb.";
        identifier(field + "database", initdb.database(), problems);
        identifier(field + "owner", initdb.owner(), problems);
        if (Set.of("template0", "template1")
                .contains(Optional.ofNullable(initdb.database()).orElse(""))) {
            problems.add("%sdatabase: %s is a template of PostgreSQL's own; choose another name"
                    .formatted(field, initdb.database()));
        }
        Names names = rendering.names();
        Set<String> ours = Set.of(
                names.superuserSecret(), names.authoritySecret(), names.serverSecret(), names.replicationSecret());
        String secret = Optional.ofNullable(initdb.secretName()).orElse("");
        if (ours.contains(secret)) {
            problems.add(
                    "%ssecretName: the Secret %s is the operator's own; name one with username and password of the owner, or leave the field out to have %s made"
                            .formatted(field, secret, names.applicationSecret()));
        }
        List<SqlReference> references =
                SettingsDocument.initdb(rendering.spec()).postInitSQLRefs();
        for (int i = 0; i < references.size(); i++) {
            SqlReference reference = references.get(i);
            if (reference.kind() == SqlReference.Kind.Secret && ours.contains(reference.name())) {
                problems.add(
                        "%spostInitSQLRefs[%d]: the Secret %s is the operator's own and holds no SQL; keep the statements in one of yours"
                                .formatted(field, i, reference.name()));
            }
        }
    }

    private static void identifier(String field, @Nullable String name, List<String> problems) {
        if (name == null) {
            return;
        }
        if (name.isBlank() || name.chars().anyMatch(c -> c < ' ')) {
            problems.add("%s: the name is empty or has control characters; choose another one".formatted(field));
        } else if (name.getBytes(java.nio.charset.StandardCharsets.UTF_8).length > IDENTIFIER_BYTES) {
            problems.add("%s: \"%s\" is longer than the %d bytes that PostgreSQL allows; choose a shorter name"
                    .formatted(field, name, IDENTIFIER_BYTES));
        }
    }

    private static void resources(@Nullable ResourceRequirements resources, List<String> problems) {
        if (resources == null || resources.getLimits() == null || resources.getRequests() == null) {
            return;
        }
        Map<String, Quantity> limits = resources.getLimits();
        new TreeMap<>(resources.getRequests()).forEach((name, request) -> {
            Optional<BigDecimal> limit = bytes(limits.get(name));
            Optional<BigDecimal> wanted = bytes(request);
            if (limit.isPresent() && wanted.isPresent() && wanted.get().compareTo(limit.get()) > 0) {
                problems.add("spec.resources.requests.%s: %s is more than the limit, %s; raise spec.resources.limits.%s"
                        .formatted(name, request, limits.get(name), name));
            }
        });
    }

    private static void services(@Nullable Services services, List<String> problems) {
        if (services == null) {
            return;
        }
        exposure("readWrite", services.readWrite(), problems);
        exposure("readOnly", services.readOnly(), problems);
        exposure("any", services.any(), problems);
    }

    private static void exposure(String name, Services.@Nullable Exposure exposure, List<String> problems) {
        if (exposure != null) {
            PodAdditionRules.keys("spec.services.%s.annotations".formatted(name), exposure.annotations(), problems);
        }
    }
}
