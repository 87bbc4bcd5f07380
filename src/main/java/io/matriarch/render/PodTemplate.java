package io.matriarch.render;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.SecurityContextBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.matriarch.api.PodAdditions;
import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.PostgresClusterSpec.ImagePullPolicy;
import io.matriarch.api.Probes;
import io.matriarch.api.Scheduling;
import io.matriarch.api.contract.Ports;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The pod of a member (docs/contract.md, "Pod"): the operator's own parts first, then what the user adds. It meets the restricted Pod Security
 * Standard.
 */
public final class PodTemplate {
    public static final String CONTAINER = "postgres";
    public static final String AGENT = "agent";

    /** The container that kubectl uses when none is named. */
    static final String DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

    /** User and group of the official Debian image (docker-library/postgres). */
    private static final long POSTGRES_USER = 999;

    private static final int GRACE_SECONDS = 120;
    private static final String COPY = "/agent";

    private PodTemplate() {}

    public static PodTemplateSpec of(Rendering rendering, String agentImage) {
        PostgresClusterSpec spec = rendering.spec();
        PodAdditions added =
                Optional.ofNullable(spec.pod()).orElse(new PodAdditions(null, null, null, null, null, null, null));
        Scheduling scheduling =
                Optional.ofNullable(spec.scheduling()).orElse(new Scheduling(null, null, null, null, null, null));
        Map<String, String> labels = new LinkedHashMap<>(orEmpty(added.labels()));
        labels.putAll(rendering.labels());
        Map<String, String> annotations = new LinkedHashMap<>(orEmpty(added.annotations()));
        annotations.put(DEFAULT_CONTAINER, CONTAINER);
        // spotless:off
        return new PodTemplateSpecBuilder()
                .withNewMetadata().withLabels(labels).withAnnotations(annotations).endMetadata()
                .withNewSpec()
                    .withServiceAccountName(rendering.names().serviceAccount())
                    .withEnableServiceLinks(false)
                    .withTerminationGracePeriodSeconds((long) GRACE_SECONDS)
                    .withImagePullSecrets(orEmpty(spec.imagePullSecrets()))
                    .withPriorityClassName(scheduling.priorityClassName())
                    .withNodeSelector(orEmpty(scheduling.nodeSelector()))
                    .withTolerations(orEmpty(scheduling.tolerations()))
                    .withAffinity(Placement.affinity(rendering, scheduling))
                    .withTopologySpreadConstraints(Placement.spread(rendering, scheduling))
                    .withNewSecurityContext()
                        .withRunAsUser(POSTGRES_USER).withRunAsGroup(POSTGRES_USER).withFsGroup(POSTGRES_USER)
                        .withFsGroupChangePolicy("OnRootMismatch")
                        .withRunAsNonRoot(true)
                        .withNewSeccompProfile().withType("RuntimeDefault").endSeccompProfile()
                    .endSecurityContext()
                    .withInitContainers(concat(List.of(agent(spec, agentImage)), PodParts.of(added.initContainers(), Container.class)))
                    .withContainers(concat(List.of(postgres(rendering, added)), PodParts.of(added.containers(), Container.class)))
                    .withVolumes(concat(PodVolumes.volumes(rendering), PodParts.of(added.volumes(), Volume.class)))
                .endSpec()
                .build();
        // spotless:on
    }

    /** Has the same resources as the main container, which adds nothing to the pod's total: the pod keeps its QoS class and passes quotas. */
    private static Container agent(PostgresClusterSpec spec, String image) {
        return new ContainerBuilder()
                .withName(AGENT)
                .withImage(image)
                .withImagePullPolicy("IfNotPresent")
                .withArgs("install", COPY)
                .withResources(amounts(spec.resources()))
                .withVolumeMounts(PodVolumes.mount(PodVolumes.MATRIARCH, COPY))
                .withSecurityContext(locked())
                .build();
    }

    private static Container postgres(Rendering rendering, PodAdditions added) {
        PostgresClusterSpec spec = rendering.spec();
        Probes probes = Optional.ofNullable(spec.probes()).orElse(new Probes(null, null, null));
        // spotless:off
        return new ContainerBuilder()
                .withName(CONTAINER)
                .withImage(spec.image())
                .withImagePullPolicy(Optional.ofNullable(spec.imagePullPolicy()).orElse(ImagePullPolicy.IfNotPresent).name())
                .withCommand(PodVolumes.HOME + "/bin/fuse", "instance")
                .withEnv(concat(environment(rendering), added.env()))
                .addNewPort().withName("postgres").withContainerPort(Ports.POSTGRES).withProtocol("TCP").endPort()
                .addNewPort().withName("agent").withContainerPort(Ports.AGENT).withProtocol("TCP").endPort()
                .withResources(spec.resources())
                .withStartupProbe(probe("/startup", 0, 1, 5, 120, probes.startup()).build())
                .withLivenessProbe(probe("/live", 0, 10, 5, 6, probes.liveness()).withTerminationGracePeriodSeconds(5L).build())
                .withReadinessProbe(probe("/ready", 0, 2, 5, 2, probes.readiness()).build())
                .withVolumeMounts(concat(PodVolumes.mounts(rendering), added.volumeMounts()))
                .withSecurityContext(locked())
                .build();
        // spotless:on
    }

    private static @Nullable ResourceRequirements amounts(@Nullable ResourceRequirements given) {
        return given == null
                ? null
                : new ResourceRequirementsBuilder()
                        .withRequests(given.getRequests())
                        .withLimits(given.getLimits())
                        .build();
    }

    private static ProbeBuilder probe(
            String path, int delay, int period, int timeout, int failures, Probes.@Nullable Timing given) {
        Probes.Timing timing = Optional.ofNullable(given).orElse(new Probes.Timing(null, null, null, null));
        Probe bare = new ProbeBuilder()
                .withNewHttpGet()
                .withScheme("HTTPS")
                .withPath(path)
                .withPort(new IntOrString("agent"))
                .endHttpGet()
                .build();
        return new ProbeBuilder(bare)
                .withInitialDelaySeconds(
                        Optional.ofNullable(timing.initialDelaySeconds()).orElse(delay))
                .withPeriodSeconds(Optional.ofNullable(timing.periodSeconds()).orElse(period))
                .withTimeoutSeconds(Optional.ofNullable(timing.timeoutSeconds()).orElse(timeout))
                .withFailureThreshold(
                        Optional.ofNullable(timing.failureThreshold()).orElse(failures));
    }

    private static SecurityContext locked() {
        // spotless:off
        return new SecurityContextBuilder()
                .withRunAsUser(POSTGRES_USER).withRunAsGroup(POSTGRES_USER).withRunAsNonRoot(true)
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities().withDrop("ALL").endCapabilities()
                .withNewSeccompProfile().withType("RuntimeDefault").endSeccompProfile()
                .build();
        // spotless:on
    }

    static List<EnvVar> environment(Rendering rendering) {
        List<EnvVar> environment = new ArrayList<>();
        environment.add(field("MATRIARCH_NAMESPACE", "metadata.namespace"));
        environment.add(field("MATRIARCH_POD", "metadata.name"));
        environment.add(field("MATRIARCH_POD_UID", "metadata.uid"));
        environment.add(field("MATRIARCH_POD_IP", "status.podIP"));
        environment.add(
                value("MATRIARCH_CLUSTER", rendering.cluster().getMetadata().getName()));
        environment.add(value("MATRIARCH_DATA", PodVolumes.DATA));
        if (rendering.spec().storage().wal() != null) {
            environment.add(value("MATRIARCH_WAL", PodVolumes.WAL));
        }
        environment.add(value("MATRIARCH_RUN", PodVolumes.RUN));
        environment.add(value("MATRIARCH_SOCKET", PodVolumes.SOCKET));
        environment.add(value("MATRIARCH_SERVER_CERTIFICATE", PodVolumes.SERVER));
        environment.add(value("MATRIARCH_REPLICATION_CERTIFICATE", PodVolumes.REPLICATION));
        environment.add(value("MATRIARCH_GRACE", Integer.toString(GRACE_SECONDS)));
        // for psql and similar programs in kubectl exec
        environment.add(value("PGDATA", PodVolumes.DATA + "/pgdata"));
        environment.add(value("PGHOST", PodVolumes.SOCKET));
        return environment;
    }

    private static EnvVar field(String name, String path) {
        return new EnvVarBuilder()
                .withName(name)
                .withNewValueFrom()
                .withNewFieldRef()
                .withApiVersion("v1")
                .withFieldPath(path)
                .endFieldRef()
                .endValueFrom()
                .build();
    }

    private static EnvVar value(String name, String value) {
        return new EnvVar(name, value, null);
    }

    private static <T> List<T> concat(List<T> ours, @Nullable List<T> added) {
        List<T> all = new ArrayList<>(ours);
        all.addAll(orEmpty(added));
        return all;
    }

    static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    static Map<String, String> orEmpty(@Nullable Map<String, String> map) {
        return map == null ? Map.of() : map;
    }
}
