package io.matriarch.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.matriarch.api.contract.Labels;
import io.matriarch.render.Workload.Update;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every cluster, whatever its spec. */
class RenderingTest {
    static final Iterable<String> CASES = Clusters.ALL;
    private static final Set<String> OURS = Set.of(PodTemplate.CONTAINER, PodTemplate.AGENT);

    @ParameterizedTest
    @FieldSource("CASES")
    void everyObjectSaysWhatItIsAndWhoseItIs(String name) {
        Rendering rendering = Clusters.rendering(name);
        for (HasMetadata object : Clusters.objects(rendering)) {
            assertThat(object.getMetadata().getLabels())
                    .as(object.getKind())
                    .containsEntry(Labels.CLUSTER, "orders")
                    .containsEntry("app.kubernetes.io/instance", "orders")
                    .containsKeys(
                            "app.kubernetes.io/name",
                            "app.kubernetes.io/version",
                            "app.kubernetes.io/component",
                            "app.kubernetes.io/part-of",
                            "app.kubernetes.io/managed-by");
            assertThat(object.getMetadata().getLabels().values())
                    .allMatch(value -> value.matches("([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"));
            assertThat(object.getMetadata().getNamespace()).isEqualTo("shop");
            if (!(object instanceof PersistentVolumeClaim)) {
                assertThat(object.getMetadata().getOwnerReferences())
                        .as(object.getKind())
                        .containsExactly(rendering.owner());
            }
        }
    }

    /** An owner that is gone takes its claims, and with them the data, along. */
    @ParameterizedTest
    @ValueSource(strings = {"minimal", "full", "single-instance"})
    void claimsHaveNoOwnerUnlessTheUserSaidDelete(String name) {
        assertThat(Claims.of(Clusters.rendering(name), 0))
                .isNotEmpty()
                .allSatisfy(claim ->
                        assertThat(claim.getMetadata().getOwnerReferences()).isEmpty());
    }

    @Test
    void claimsGoWithTheClusterWhenTheUserSaidDelete() {
        Rendering rendering = Clusters.rendering("separate-wal");
        assertThat(Claims.of(rendering, 1))
                .hasSize(2)
                .allSatisfy(claim ->
                        assertThat(claim.getMetadata().getOwnerReferences()).containsExactly(rendering.owner()));
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void templatesOfClaimsDependOnNothingThatCanChange(String name) {
        statefulSet(name).getSpec().getVolumeClaimTemplates().forEach(template -> {
            assertThat(template.getMetadata().getLabels()).containsOnlyKeys(Labels.CLUSTER);
            assertThat(template.getMetadata().getAnnotations()).isEmpty();
            assertThat(template.getMetadata().getOwnerReferences()).isEmpty();
        });
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void controllerOfTheStatefulSetNeitherReplacesPodsNorDeletesClaims(String name) {
        StatefulSet set = statefulSet(name);
        assertThat(set.getSpec().getUpdateStrategy().getType()).isEqualTo("RollingUpdate");
        assertThat(set.getSpec().getUpdateStrategy().getRollingUpdate().getPartition())
                .isEqualTo(set.getSpec().getReplicas());
        assertThat(set.getSpec().getPersistentVolumeClaimRetentionPolicy().getWhenDeleted())
                .isEqualTo("Retain");
        assertThat(set.getSpec().getPersistentVolumeClaimRetentionPolicy().getWhenScaled())
                .isEqualTo("Retain");
    }

    /** Kubernetes documentation, "Pod Security Standards", profile restricted, and a read-only image besides. */
    @ParameterizedTest
    @FieldSource("CASES")
    void podIsRestricted(String name) {
        assertRestricted(
                PodTemplate.of(Clusters.rendering(name), Clusters.AGENT_IMAGE).getSpec());
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void agentsReachNothingOfOtherClusters(String name) {
        Role role = (Role) Clusters.objects(Clusters.rendering(name)).get(1);
        assertThat(role.getRules())
                .filteredOn(rule -> rule.getResourceNames().isEmpty())
                .as("creating cannot be narrowed to a name; all else is")
                .singleElement()
                .satisfies(rule -> {
                    assertThat(rule.getVerbs()).containsExactly("create");
                    assertThat(rule.getResources()).containsExactly("leases");
                });
        assertThat(role.getRules())
                .flatExtracting(rule -> rule.getResourceNames())
                .doesNotContain("orders-ca", "orders-server", "orders-replication", "*");
    }

    /** Whatever may be added leaves every field of ours as it was: the additions taken away, the template is the same. */
    @Test
    void additionsNeverChangeWhatIsOurs() throws IOException {
        int accepted = 0;
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            ObjectNode manifest = Clusters.manifest(random.nextBoolean() ? "minimal" : "separate-wal");
            PodTemplateSpec plain = PodTemplate.of(Clusters.rendering(manifest), Clusters.AGENT_IMAGE);
            ((ObjectNode) manifest.get("spec")).set("pod", additions(random));
            Rendering rendering = Clusters.rendering(manifest);
            PodTemplateSpec added = PodTemplate.of(rendering, Clusters.AGENT_IMAGE);
            if (Validation.problems(rendering).isEmpty()) {
                accepted++;
                assertContains(added, plain, seed);
                assertRestricted(added.getSpec());
            }
        }
        assertThat(accepted).isBetween(50, 190);
    }

    /** Also when nobody heeds the validation, a label of ours is what we say. */
    @Test
    void labelsOfOursWin() throws IOException {
        ObjectNode manifest = Clusters.manifest("minimal");
        ((ObjectNode) manifest.get("spec"))
                .set("pod", Clusters.YAML.readTree("{labels: {matriarch.io/cluster: other, team: a}}"));
        assertThat(PodTemplate.of(Clusters.rendering(manifest), Clusters.AGENT_IMAGE)
                        .getMetadata()
                        .getLabels())
                .containsEntry(Labels.CLUSTER, "orders")
                .containsEntry("team", "a");
    }

    @Test
    void stampChangesWithTheObjectAndNotWithTheLiveTemplate() {
        Rendering rendering = Clusters.rendering("minimal");
        StatefulSet first = statefulSet(rendering, PodTemplate.of(rendering, Clusters.AGENT_IMAGE), 3);
        PodTemplateSpec live = PodTemplate.of(rendering, Clusters.AGENT_IMAGE);
        live.getSpec().setDnsPolicy("ClusterFirst");
        assertThat(Stamp.same(first, statefulSet(rendering, live, 3))).isTrue();
        assertThat(Stamp.same(first, statefulSet(rendering, live, 4))).isFalse();
        assertThat(Stamp.same(LeaseDocument.vacant(rendering), LeaseDocument.vacant(rendering)))
                .as("without a stamp there is nothing to go by")
                .isFalse();
        assertThat(first.getSpec().getTemplate()).isNotNull();
    }

    @Test
    void versionLabelIsTheTagOrTheDigest() {
        assertThat(Rendering.tag("postgres")).isEqualTo("latest");
        assertThat(Rendering.tag("localhost:5000/postgres")).isEqualTo("latest");
        assertThat(Rendering.tag("localhost:5000/postgres:17.6")).isEqualTo("17.6");
        assertThat(Rendering.tag("postgres:17.6@sha256:0123456789abcdef")).isEqualTo("17.6");
        assertThat(Rendering.tag("postgres@sha256:0123456789abcdef")).isEqualTo("sha256-0123456789ab");
        assertThat(Rendering.tag("postgres:" + "a".repeat(80))).hasSize(63);
        assertThat(Rendering.tag("postgres:_x_")).isEqualTo("x");
    }

    @Test
    void leaseBeginsVacantAndIsReadBack() {
        var lease = LeaseDocument.vacant(Clusters.rendering("minimal"));
        assertThat(LeaseDocument.read(lease)).hasValueSatisfying(state -> {
            assertThat(state.epoch()).isZero();
            assertThat(state.systemIdentifier()).isNull();
        });
        assertThat(lease.getSpec().getHolderIdentity()).isNull();
        lease.getMetadata().getAnnotations().put(Labels.LEASE, "?");
        assertThat(LeaseDocument.read(lease)).isEmpty();
        lease.getMetadata().getAnnotations().clear();
        assertThat(LeaseDocument.read(lease)).isEmpty();
    }

    @Test
    void settingsAreReadBackAsTheyWereWritten() {
        Rendering rendering = Clusters.rendering("full");
        var settings = SettingsDocument.of(rendering, 3, Clusters.INITDB, List.of());
        assertThat(SettingsDocument.read(SettingsDocument.configMap(rendering, settings)))
                .contains(settings);
    }

    private static StatefulSet statefulSet(String name) {
        Rendering rendering = Clusters.rendering(name);
        return statefulSet(
                rendering,
                PodTemplate.of(rendering, Clusters.AGENT_IMAGE),
                rendering.spec().instances());
    }

    private static StatefulSet statefulSet(Rendering rendering, PodTemplateSpec template, int replicas) {
        return Workload.statefulSet(
                rendering,
                template,
                Workload.inputs(rendering),
                Clusters.AGENT_IMAGE,
                List.of(),
                replicas,
                new Update.Partition(replicas));
    }

    private static void assertRestricted(PodSpec pod) {
        assertThat(pod.getHostNetwork()).isNull();
        assertThat(pod.getHostPID()).isNull();
        assertThat(pod.getHostIPC()).isNull();
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        List<Container> containers = new ArrayList<>(pod.getInitContainers());
        containers.addAll(pod.getContainers());
        assertThat(containers)
                .filteredOn(container -> OURS.contains(container.getName()))
                .hasSize(2)
                .allSatisfy(container -> {
                    SecurityContext context = container.getSecurityContext();
                    assertThat(context.getAllowPrivilegeEscalation()).isFalse();
                    assertThat(context.getReadOnlyRootFilesystem()).isTrue();
                    assertThat(context.getRunAsNonRoot()).isTrue();
                    assertThat(context.getPrivileged()).isNull();
                    assertThat(context.getCapabilities().getDrop()).containsExactly("ALL");
                    assertThat(context.getCapabilities().getAdd()).isEmpty();
                    assertThat(container.getPorts()).allMatch(port -> port.getHostPort() == null);
                });
        assertThat(pod.getVolumes()).allMatch(volume -> volume.getHostPath() == null);
    }

    private static void assertContains(PodTemplateSpec added, PodTemplateSpec plain, long seed) {
        assertThat(added.getMetadata().getLabels())
                .as("seed %d", seed)
                .containsAllEntriesOf(plain.getMetadata().getLabels());
        assertThat(added.getMetadata().getAnnotations())
                .containsAllEntriesOf(plain.getMetadata().getAnnotations());
        PodTemplateSpec without = new PodTemplateSpecBuilder(added).build();
        without.setMetadata(plain.getMetadata());
        PodSpec spec = without.getSpec();
        spec.getContainers().subList(1, spec.getContainers().size()).clear();
        spec.getInitContainers().subList(1, spec.getInitContainers().size()).clear();
        PodSpec ours = plain.getSpec();
        spec.getVolumes()
                .subList(ours.getVolumes().size(), spec.getVolumes().size())
                .clear();
        Container postgres = spec.getContainers().getFirst();
        Container plainPostgres = ours.getContainers().getFirst();
        postgres.getEnv()
                .subList(plainPostgres.getEnv().size(), postgres.getEnv().size())
                .clear();
        postgres.getVolumeMounts()
                .subList(
                        plainPostgres.getVolumeMounts().size(),
                        postgres.getVolumeMounts().size())
                .clear();
        assertThat(without).as("seed %d", seed).isEqualTo(plain);
    }

    private static ObjectNode additions(Random random) {
        ObjectNode pod = Clusters.YAML.createObjectNode();
        pod.putObject("labels").put(word(random), "a").put("matriarch.io/role", "a");
        pod.putObject("annotations").put(word(random), "a");
        if (random.nextInt(4) > 0) {
            ((ObjectNode) pod.get("labels")).remove("matriarch.io/role");
        }
        for (String list : List.of("env", "initContainers", "containers", "volumes", "volumeMounts")) {
            ArrayNode items = pod.putArray(list);
            for (int i = random.nextInt(3); i > 0; i--) {
                ObjectNode item = items.addObject().put("name", word(random));
                if (list.equals("volumeMounts")) {
                    item.put("name", "tmp").put("mountPath", "/" + word(random));
                }
            }
        }
        return pod;
    }

    /** Now and then one of ours. */
    private static String word(Random random) {
        return random.nextInt(25) == 0
                ? List.of("postgres", "agent", "data", "PGDATA", "matriarch", "tmp")
                        .get(random.nextInt(6))
                : "x" + random.nextInt(1000);
    }
}
