package io.matriarch.render;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.render.Workload.Update;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Clusters as users write them ({@code src/test/resources/clusters}), and everything that is rendered for one. */
final class Clusters {
    static final List<String> ALL = List.of(
            "minimal", "full", "single-instance", "separate-wal", "custom-pod", "superuser", "high-availability");

    static final String AGENT_IMAGE = "registry.example/matriarch:1.0";

    static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .disable(YAMLGenerator.Feature.SPLIT_LINES)
            .build();

    static final BootstrapOrder INITDB = new BootstrapOrder(BootstrapAction.Initdb, 0, null, null);

    private static final Certificates.Pair AUTHORITY = new Certificates.Pair("authority certificate", "authority key");
    private static final Certificates.Pair SERVER = new Certificates.Pair("server certificate", "server key");
    private static final Certificates.Pair REPLICATION =
            new Certificates.Pair("replication certificate", "replication key");

    private Clusters() {}

    static ObjectNode manifest(String name) {
        try (InputStream file = Clusters.class.getResourceAsStream("/clusters/" + name + ".yaml")) {
            return (ObjectNode) YAML.readTree(file);
        } catch (IOException e) {
            throw new IllegalStateException(name, e);
        }
    }

    static Rendering rendering(String name) {
        return rendering(manifest(name));
    }

    /** As the API server would have it: with a uid. */
    static Rendering rendering(ObjectNode manifest) {
        try {
            PostgresCluster cluster = new ObjectMapper().treeToValue(manifest, PostgresCluster.class);
            cluster.getMetadata().setUid("00000000-0000-4000-8000-000000000001");
            return new Rendering(cluster);
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** All objects of a cluster in the order in which they come into being. */
    static List<HasMetadata> objects(Rendering rendering) {
        int instances = rendering.spec().instances();
        List<HasMetadata> objects = new ArrayList<>(Access.objects(rendering));
        if (SettingsDocument.applicationSecret(rendering)
                .equals(rendering.names().applicationSecret())) {
            objects.add(Secrets.application(rendering, "p@ss:w/rd\\é"));
        }
        if (Boolean.TRUE.equals(rendering.spec().enableSuperuserAccess())) {
            objects.add(Secrets.superuser(rendering, "secret"));
        }
        objects.add(Secrets.authority(rendering, AUTHORITY));
        objects.add(Secrets.server(rendering, SERVER, AUTHORITY.certificate()));
        objects.add(Secrets.replication(rendering, REPLICATION, AUTHORITY.certificate()));
        objects.add(LeaseDocument.vacant(rendering));
        for (int ordinal = 0; ordinal < instances; ordinal++) {
            objects.addAll(Claims.of(rendering, ordinal));
        }
        objects.add(
                SettingsDocument.configMap(rendering, SettingsDocument.of(rendering, instances, INITDB, List.of())));
        objects.addAll(Networking.services(rendering));
        Networking.disruptionBudget(rendering, rendering.spec().instances()).ifPresent(objects::add);
        objects.add(Workload.statefulSet(
                rendering,
                PodTemplate.of(rendering, AGENT_IMAGE),
                Workload.inputs(rendering),
                AGENT_IMAGE,
                List.of(),
                instances,
                new Update.Partition(instances)));
        return objects;
    }

    static String yaml(List<HasMetadata> objects) {
        return objects.stream().map(Clusters::yaml).collect(Collectors.joining());
    }

    private static String yaml(HasMetadata object) {
        try {
            return YAML.writeValueAsString(object);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
