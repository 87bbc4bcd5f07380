package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.matriarch.api.PostgresCluster;
import io.matriarch.plan.Glance;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.ClusterView.Notice;
import io.matriarch.plan.view.ClusterView.OperatorIdentity;
import io.matriarch.render.Rendering;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All reading of a pass. The caches supply objects that carry the cluster's label. Live requests supply the Lease, objects under names of this
 * cluster that no cache has (before anything is created under such a name), what the spec refers to, and what Events say about objects in trouble.
 */
final class Observer {
    private static final Logger LOG = LoggerFactory.getLogger(Observer.class);
    private static final int NOT_FOUND = 404;
    private static final int FORBIDDEN = 403;

    private final KubernetesClient client;
    private final InstantSource clock;
    private final OperatorIdentity identity;
    private final FreshSecrets secrets;

    Observer(KubernetesClient client, InstantSource clock, OperatorIdentity identity) {
        this.client = client;
        this.clock = clock;
        this.identity = identity;
        this.secrets = new FreshSecrets(clock);
    }

    ClusterView observe(PostgresCluster cluster, List<HasMetadata> cached) {
        Instant now = clock.instant();
        List<HasMetadata> objects = new ArrayList<>(cached);
        Rendering rendering = new Rendering(cluster);
        for (HasMetadata wanted : Glance.names(cluster)) {
            if (objects.stream().noneMatch(object -> same(object, wanted))) {
                live(wanted).ifPresent(objects::add);
            }
        }
        live(client.resources(Lease.class)
                        .inNamespace(rendering.namespace())
                        .withName(rendering.names().lease()))
                .ifPresent(objects::add);
        for (Glance.Given given : Glance.given(cluster, objects)) {
            Optional<? extends HasMetadata> found = given.secret()
                    ? live(client.resources(Secret.class)
                            .inNamespace(rendering.namespace())
                            .withName(given.name()))
                    : live(client.resources(ConfigMap.class)
                            .inNamespace(rendering.namespace())
                            .withName(given.name()));
            found.ifPresent(objects::add);
        }
        for (String node : Glance.nodes(objects)) {
            node(node).ifPresent(objects::add);
        }
        List<Notice> notices = new ArrayList<>();
        for (Glance.InTrouble trouble : Glance.inTrouble(cluster, objects, now)) {
            notices.addAll(notices(rendering.namespace(), trouble));
        }
        return new ClusterView(cluster, now, identity, objects, notices, secrets.make(rendering, objects));
    }

    private static boolean same(HasMetadata object, HasMetadata wanted) {
        return object.getKind().equals(wanted.getKind())
                && object.getMetadata().getName().equals(wanted.getMetadata().getName());
    }

    private Optional<HasMetadata> live(HasMetadata wanted) {
        return Optional.ofNullable(client.resource(wanted).get()).map(Sources::pruned);
    }

    private static <T extends HasMetadata> Optional<T> live(io.fabric8.kubernetes.client.dsl.Resource<T> resource) {
        return Optional.ofNullable(resource.get()).map(Sources::pruned);
    }

    /** Also empty if this operator may not read nodes: then it only knows less. */
    private Optional<Node> node(String name) {
        try {
            return live(client.nodes().withName(name));
        } catch (KubernetesClientException e) {
            if (e.getCode() == FORBIDDEN || e.getCode() == NOT_FOUND) {
                LOG.debug("node {} cannot be read: {}", name, e.getMessage());
                return Optional.empty();
            }
            throw e;
        }
    }

    private List<Notice> notices(String namespace, Glance.InTrouble trouble) {
        return client
                .v1()
                .events()
                .inNamespace(namespace)
                .withField("involvedObject.kind", trouble.kind())
                .withField("involvedObject.name", trouble.name())
                .list()
                .getItems()
                .stream()
                .filter(event -> trouble.uid().equals(event.getInvolvedObject().getUid()))
                .map(event -> new Notice(
                        trouble.kind(),
                        trouble.name(),
                        Optional.ofNullable(event.getReason()).orElse(""),
                        Optional.ofNullable(event.getMessage()).orElse(""),
                        time(event)))
                .toList();
    }

    private static Instant time(io.fabric8.kubernetes.api.model.Event event) {
        if (event.getSeries() != null && event.getSeries().getLastObservedTime() != null) {
            return Instant.parse(event.getSeries().getLastObservedTime().getTime());
        }
        if (event.getLastTimestamp() != null) {
            return Instant.parse(event.getLastTimestamp());
        }
        if (event.getEventTime() != null) {
            return Instant.parse(event.getEventTime().getTime());
        }
        return Optional.ofNullable(event.getMetadata().getCreationTimestamp())
                .map(Instant::parse)
                .orElse(Instant.EPOCH);
    }
}
