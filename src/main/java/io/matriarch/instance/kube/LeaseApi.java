package io.matriarch.instance.kube;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.json.Json;
import io.matriarch.instance.json.Node;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;

/** The cluster's Lease: read by quorum GET, written by PUT with the resourceVersion that the decision was made on. */
public final class LeaseApi {
    private static final DateTimeFormatter MICRO =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    private final KubeApi api;
    private final String collection;
    private final String name;
    private final Duration patience;

    public LeaseApi(KubeApi api, String namespace, String name, Duration patience) {
        this.api = api;
        this.collection = "/apis/coordination.k8s.io/v1/namespaces/" + namespace + "/leases";
        this.name = name;
        this.patience = patience;
    }

    /** The result of a write. */
    public sealed interface Written {
        /** The write succeeded; this is the Lease now. */
        record Done(LeaseObject lease) implements Written {}

        /** Another client wrote in between. */
        record Conflict() implements Written {}

        /** The Lease does not exist. */
        record Missing() implements Written {}
    }

    /** The Lease; empty if it does not exist. */
    public Optional<LeaseObject> get() throws IOException {
        KubeApi.Answer answer = api.get(collection + "/" + name, patience);
        if (answer.status() == 404) {
            return Optional.empty();
        }
        if (!answer.ok()) {
            throw new IOException("GET of the Lease answered " + answer.message());
        }
        return Optional.of(view(answer.body()));
    }

    /** Replaces {@code former}; {@code holder} is empty if nobody is to hold the Lease. */
    public Written put(LeaseObject former, String holder, ClusterLease state, int durationSeconds) throws IOException {
        Map<String, Object> lease = changed(former.object(), holder, state, durationSeconds);
        return written(api.request("PUT", collection + "/" + name, "application/json", lease, patience));
    }

    /** Creates the Lease again after somebody deleted it, as it was, with its owner. */
    public Written create(LeaseObject former, String holder, ClusterLease state, int durationSeconds)
            throws IOException {
        Map<String, Object> lease = changed(former.object(), holder, state, durationSeconds);
        Map<String, Object> metadata = Node.object(lease, "metadata");
        metadata.remove("resourceVersion");
        metadata.remove("uid");
        metadata.remove("creationTimestamp");
        metadata.remove("managedFields");
        return written(api.request("POST", collection, "application/json", lease, patience));
    }

    private static Written written(KubeApi.Answer answer) throws IOException {
        if (answer.ok()) {
            return new Written.Done(view(answer.body()));
        }
        return switch (answer.status()) {
            case 409 -> new Written.Conflict();
            case 404 -> new Written.Missing();
            default -> throw new IOException("writing the Lease answered " + answer.message());
        };
    }

    private static Map<String, Object> changed(Node former, String holder, ClusterLease state, int durationSeconds)
            throws IOException {
        Map<String, Object> lease = former.copy();
        Map<String, Object> metadata = Node.object(lease, "metadata");
        metadata.remove("managedFields");
        Node.object(metadata, "annotations").put(Labels.LEASE, Json.text(state));
        Map<String, Object> spec = Node.object(lease, "spec");
        boolean sameHolder = former.path("spec").path("holderIdentity").asText().equals(holder);
        String now = MICRO.format(Instant.now());
        if (holder.isEmpty()) {
            spec.remove("holderIdentity");
        } else {
            spec.put("holderIdentity", holder);
        }
        spec.put("leaseDurationSeconds", durationSeconds);
        spec.put("renewTime", now);
        if (!sameHolder && !holder.isEmpty()) {
            spec.put("acquireTime", now);
            spec.put(
                    "leaseTransitions",
                    former.path("spec").path("leaseTransitions").asInt() + 1);
        }
        return lease;
    }

    private static LeaseObject view(Node lease) throws IOException {
        Node annotation = lease.path("metadata").path("annotations").path(Labels.LEASE);
        ClusterLease state =
                annotation.isMissing() ? ClusterLease.vacant() : Json.read(annotation.asText(), ClusterLease.class);
        return new LeaseObject(
                new LeaseView(
                        lease.path("metadata").path("resourceVersion").asText(),
                        lease.path("spec").path("holderIdentity").asText(),
                        state),
                lease);
    }
}
