package io.matriarch.render;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetBuilder;
import io.matriarch.api.PostgresClusterSpec.DisruptionBudget;
import io.matriarch.api.Services;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Ports;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The Services of a cluster, and its PodDisruptionBudget. */
public final class Networking {
    private Networking() {}

    public static List<Service> services(Rendering rendering) {
        Services wanted = Optional.ofNullable(rendering.spec().services()).orElse(new Services(null, null, null));
        List<Service> services = new ArrayList<>();
        services.add(pods(rendering));
        services.add(role(rendering, rendering.names().readWriteService(), Labels.PRIMARY, wanted.readWrite()));
        services.add(role(rendering, rendering.names().readOnlyService(), Labels.REPLICA, wanted.readOnly()));
        services.add(role(rendering, rendering.names().anyService(), null, wanted.any()));
        return services;
    }

    /** A headless Service: it gives each pod a DNS name, even before the pod is ready, because members look for each other then. */
    private static Service pods(Rendering rendering) {
        // spotless:off
        return Stamp.on(new ServiceBuilder()
                .withMetadata(rendering.metadata(rendering.names().podsService()))
                .withNewSpec()
                    .withClusterIP("None")
                    .withPublishNotReadyAddresses(true)
                    .withSelector(rendering.selector())
                    .addNewPort()
                        .withName("postgres").withProtocol("TCP")
                        .withPort(Ports.POSTGRES).withTargetPort(new IntOrString("postgres"))
                    .endPort()
                    .addNewPort()
                        .withName("agent").withProtocol("TCP")
                        .withPort(Ports.AGENT).withTargetPort(new IntOrString("agent"))
                    .endPort()
                .endSpec()
                .build());
        // spotless:on
    }

    /**
     * The primary's Service leads to its pod whatever the kubelet or the node controller thinks: only the holder of the Lease has the primary's
     * label, and after an outage of the API server Kubernetes considers every pod not ready until it has heard from it again.
     */
    private static Service role(
            Rendering rendering, String name, @Nullable String role, Services.@Nullable Exposure exposure) {
        Map<String, String> selector = new HashMap<>(rendering.selector());
        if (role != null) {
            selector.put(Labels.ROLE, role);
        }
        Services.Type type = exposure == null || exposure.type() == null ? Services.Type.ClusterIP : exposure.type();
        Map<String, String> annotations =
                exposure == null || exposure.annotations() == null ? Map.of() : exposure.annotations();
        // spotless:off
        return Stamp.on(new ServiceBuilder()
                .withMetadata(new ObjectMetaBuilder(rendering.metadata(name)).withAnnotations(annotations).build())
                .withNewSpec()
                    .withType(type.name())
                    .withPublishNotReadyAddresses(Labels.PRIMARY.equals(role) ? true : null)
                    .withSelector(selector)
                    .addNewPort()
                        .withName("postgres").withProtocol("TCP")
                        .withPort(Ports.POSTGRES).withTargetPort(new IntOrString("postgres"))
                    .endPort()
                .endSpec()
                .build());
        // spotless:on
    }

    /**
     * Allows one member at a time to be evicted. There is no budget for a single member, nor while all are fenced: it would block a drain forever,
     * and there is nothing to protect.
     *
     * @param members how many members there are, or will be
     */
    public static Optional<PodDisruptionBudget> disruptionBudget(Rendering rendering, int members) {
        DisruptionBudget wanted = rendering.spec().disruptionBudget();
        boolean enabled = wanted == null || wanted.enabled() == null || wanted.enabled();
        if (!enabled
                || members < 2
                || Availability.fenced(rendering.spec(), members).size() == members) {
            return Optional.empty();
        }
        // spotless:off
        return Optional.of(Stamp.on(new PodDisruptionBudgetBuilder()
                .withMetadata(rendering.metadata(rendering.names().podDisruptionBudget()))
                .withNewSpec()
                    .withMaxUnavailable(new IntOrString(1))
                    .withNewSelector().withMatchLabels(rendering.selector()).endSelector()
                .endSpec()
                .build()));
        // spotless:on
    }
}
