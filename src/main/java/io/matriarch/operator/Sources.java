package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.TransformingItemStore;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.contract.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What is watched: objects that carry the label of a cluster, selected by the API server. What no step looks at is not kept in memory. Leases are
 * not watched, because their holders renew them every two seconds.
 */
final class Sources {
    /** Kinds in the caches. */
    static final List<Class<? extends HasMetadata>> KINDS = List.of(
            StatefulSet.class,
            Pod.class,
            PersistentVolumeClaim.class,
            ConfigMap.class,
            Secret.class,
            Service.class,
            PodDisruptionBudget.class,
            ServiceAccount.class,
            Role.class,
            RoleBinding.class);

    private Sources() {}

    static List<EventSource<?, PostgresCluster>> of(EventSourceContext<PostgresCluster> context) {
        List<EventSource<?, PostgresCluster>> sources = new ArrayList<>();
        for (Class<? extends HasMetadata> kind : KINDS) {
            sources.add(source(kind, context));
        }
        return sources;
    }

    private static <R extends HasMetadata> EventSource<?, PostgresCluster> source(
            Class<R> kind, EventSourceContext<PostgresCluster> context) {
        InformerEventSourceConfiguration<R> configuration = InformerEventSourceConfiguration.from(
                        kind, PostgresCluster.class)
                .withLabelSelector(Labels.CLUSTER)
                .withSecondaryToPrimaryMapper(Sources::cluster)
                .withNamespacesInheritedFromController()
                .withItemStore(new TransformingItemStore<>(Sources::pruned))
                .build();
        return new InformerEventSource<>(configuration, context);
    }

    private static Set<ResourceID> cluster(HasMetadata object) {
        String name = Objects.requireNonNullElse(object.getMetadata().getLabels(), Map.<String, String>of())
                .get(Labels.CLUSTER);
        return name == null
                ? Set.of()
                : Set.of(new ResourceID(name, object.getMetadata().getNamespace()));
    }

    static <R extends HasMetadata> R pruned(R object) {
        object.getMetadata().setManagedFields(List.of());
        if (object instanceof Pod pod && pod.getSpec() != null) {
            pod.getSpec().setVolumes(List.of());
            pod.getSpec().setTolerations(List.of());
            pod.getSpec().setAffinity(null);
            for (List<Container> containers :
                    List.of(pod.getSpec().getContainers(), pod.getSpec().getInitContainers())) {
                for (Container container : containers) {
                    container.setEnv(List.of());
                    container.setVolumeMounts(List.of());
                    container.setLivenessProbe(null);
                    container.setReadinessProbe(null);
                    container.setStartupProbe(null);
                }
            }
        }
        return object;
    }
}
