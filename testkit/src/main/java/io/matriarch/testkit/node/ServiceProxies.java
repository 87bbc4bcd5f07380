package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What kube-proxy is on a node: each port of a Service that has an address of its own leads to one of its ready endpoints, by chance. A Service
 * without ready endpoints refuses connections. Connections that are open stay where they are.
 */
final class ServiceProxies implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceProxies.class);
    private static final Duration AGAIN = Duration.ofMillis(100);
    private static final String SERVICE = "kubernetes.io/service-name";

    private final SharedIndexInformer<Service> services;
    private final SharedIndexInformer<EndpointSlice> slices;
    private final Map<Front, Relay> relays = new HashMap<>();
    private final List<Relay> retired = new ArrayList<>();
    private volatile Map<Front, List<InetSocketAddress>> backends = Map.of();
    private volatile boolean closed;

    /** An address and port that clients connect to. */
    private record Front(String address, int port) {}

    ServiceProxies(KubernetesClient client) {
        services = client.services().inAnyNamespace().inform(new Changes<>());
        slices = client.discovery().v1().endpointSlices().inAnyNamespace().inform(new Changes<>());
        look();
    }

    private synchronized void look() {
        if (closed || services == null || slices == null) {
            return; // the first objects arrive while this is being made
        }
        Map<Front, List<InetSocketAddress>> wanted = new HashMap<>();
        for (Service service : services.getStore().list()) {
            String address = service.getSpec().getClusterIP();
            if (address != null && !address.isEmpty() && !address.equals("None")) {
                for (ServicePort port : service.getSpec().getPorts()) {
                    List<InetSocketAddress> ready = ready(service, port);
                    if (!ready.isEmpty()) {
                        wanted.put(new Front(address, port.getPort()), ready);
                    }
                }
            }
        }
        backends = wanted;
        Set<Front> obsolete = new HashSet<>(relays.keySet());
        obsolete.removeAll(wanted.keySet());
        obsolete.forEach(front -> stopListening(Objects.requireNonNull(relays.remove(front))));
        wanted.keySet().stream().filter(front -> !relays.containsKey(front)).forEach(this::listen);
    }

    private void stopListening(Relay relay) {
        try {
            relay.stopListening();
            retired.removeIf(Relay::idle);
            retired.add(relay);
        } catch (IOException e) {
            LOG.warn("closing a Service's address", e);
        }
    }

    private void listen(Front front) {
        try {
            relays.put(front, new Relay(InetAddress.getByName(front.address()), front.port(), () -> choose(front)));
        } catch (IOException e) {
            LOG.warn("cannot listen on a Service's address {}:{}: {}", front.address(), front.port(), e.getMessage());
            again();
        }
    }

    /** An address that was given up a moment ago may not be free yet, and nothing else may ever happen that makes this look. */
    private void again() {
        Thread.ofVirtual().start(() -> {
            LockSupport.parkNanos(AGAIN.toNanos());
            look();
        });
    }

    private Optional<InetSocketAddress> choose(Front front) {
        List<InetSocketAddress> ready = backends.getOrDefault(front, List.of());
        return ready.isEmpty()
                ? Optional.empty()
                : Optional.of(ready.get(ThreadLocalRandom.current().nextInt(ready.size())));
    }

    private List<InetSocketAddress> ready(Service service, ServicePort port) {
        List<InetSocketAddress> ready = new ArrayList<>();
        for (EndpointSlice slice : slices.getStore().list()) {
            if (!slice.getMetadata().getNamespace().equals(service.getMetadata().getNamespace())
                    || !service.getMetadata()
                            .getName()
                            .equals(Sources.orEmpty(slice.getMetadata().getLabels())
                                    .get(SERVICE))) {
                continue;
            }
            for (EndpointPort target : slice.getPorts()) {
                if (!Objects.requireNonNullElse(target.getName(), "")
                                .equals(Objects.requireNonNullElse(port.getName(), ""))
                        || target.getPort() == null
                        || target.getPort() == 0) {
                    continue;
                }
                for (Endpoint endpoint : slice.getEndpoints()) {
                    if (Boolean.TRUE.equals(endpoint.getConditions().getReady())) {
                        endpoint.getAddresses()
                                .forEach(address -> ready.add(new InetSocketAddress(address, target.getPort())));
                    }
                }
            }
        }
        return ready;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        services.close();
        slices.close();
        synchronized (this) {
            retired.addAll(relays.values());
            for (Relay relay : retired) {
                relay.close();
            }
        }
    }

    private final class Changes<T extends HasMetadata> implements ResourceEventHandler<T> {
        @Override
        public void onAdd(T object) {
            look();
        }

        @Override
        public void onUpdate(T before, T now) {
            look();
        }

        @Override
        public void onDelete(T object, boolean unknown) {
            look();
        }
    }
}
