package io.matriarch.render;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.matriarch.api.Bootstrap;
import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.PostgresConfiguration;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.api.contract.Settings.SqlReference;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Renders the ConfigMap with {@link Settings}, and reads it back. */
public final class SettingsDocument {
    private static final ObjectMapper JSON =
            new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);
    private static final Bootstrap.Initdb DEFAULTS =
            new Bootstrap.Initdb(null, null, null, null, null, null, null, null);

    private SettingsDocument() {}

    /**
     * Settings of a cluster.
     *
     * @param instances how many members there must be now; the operator approaches spec.instances step by step
     * @param requests commands that are not answered yet
     */
    public static Settings of(
            Rendering rendering, int instances, BootstrapOrder order, List<Settings.Request> requests) {
        Optional<PostgresConfiguration> postgres =
                Optional.ofNullable(rendering.spec().postgres());
        Map<String, String> parameters =
                new TreeMap<>(postgres.map(PostgresConfiguration::parameters).orElse(Map.of()));
        List<String> hba = postgres.map(PostgresConfiguration::hba).orElse(List.of());
        return new Settings(
                Settings.VERSION,
                rendering.cluster().getMetadata().getUid(),
                instances,
                Hashes.of(List.of(parameters, hba)),
                parameters,
                hba,
                order,
                initdb(rendering.spec()),
                applicationSecret(rendering),
                Boolean.TRUE.equals(rendering.spec().enableSuperuserAccess())
                        ? rendering.names().superuserSecret()
                        : null,
                Availability.replication(rendering.spec(), instances),
                Availability.failover(rendering.spec()),
                Availability.fenced(rendering.spec(), instances),
                requests);
    }

    public static ConfigMap configMap(Rendering rendering, Settings settings) {
        try {
            return Stamp.on(new ConfigMapBuilder()
                    .withMetadata(rendering.metadata(rendering.names().settings()))
                    .withData(Map.of(Settings.KEY, JSON.writeValueAsString(settings)))
                    .build());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("settings are plain data", e);
        }
    }

    /** Empty if the ConfigMap holds no settings that this version understands. */
    public static Optional<Settings> read(ConfigMap configMap) {
        String text = Optional.ofNullable(configMap.getData()).orElse(Map.of()).get(Settings.KEY);
        if (text == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readValue(text, Settings.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    static Bootstrap.Initdb given(PostgresClusterSpec spec) {
        return Optional.ofNullable(spec.bootstrap()).map(Bootstrap::initdb).orElse(DEFAULTS);
    }

    /** How to create the database system. */
    public static Settings.Initdb initdb(PostgresClusterSpec spec) {
        Bootstrap.Initdb given = given(spec);
        List<Bootstrap.SqlReference> references =
                Optional.ofNullable(given.postInitSQLRefs()).orElse(List.of());
        return new Settings.Initdb(
                Optional.ofNullable(given.database()).orElse("app"),
                Optional.ofNullable(given.owner()).orElse("app"),
                Optional.ofNullable(given.encoding()).orElse("UTF8"),
                Optional.ofNullable(given.locale()).orElse("C.UTF-8"),
                Optional.ofNullable(given.dataChecksums()).orElse(true),
                Optional.ofNullable(given.postInitSQL()).orElse(List.of()),
                references.stream().map(SettingsDocument::reference).toList());
    }

    private static SqlReference reference(Bootstrap.SqlReference reference) {
        Bootstrap.KeyReference secret = reference.secretKeyRef();
        if (secret != null) {
            return new SqlReference(SqlReference.Kind.Secret, secret.name(), secret.key());
        }
        Bootstrap.KeyReference configMap = reference.configMapKeyRef();
        if (configMap == null) {
            throw new IllegalArgumentException("the CRD lets no reference without a key pass");
        }
        return new SqlReference(SqlReference.Kind.ConfigMap, configMap.name(), configMap.key());
    }

    /** Whether the user supplies the application's credentials. */
    public static boolean givesSecret(Rendering rendering) {
        return Optional.ofNullable(given(rendering.spec()).secretName())
                .filter(name -> !name.isEmpty())
                .isPresent();
    }

    /** The Secret with the application's credentials: the user's own, or the one that the operator creates. */
    public static String applicationSecret(Rendering rendering) {
        return Optional.ofNullable(given(rendering.spec()).secretName())
                .filter(name -> !name.isEmpty())
                .orElse(rendering.names().applicationSecret());
    }
}
