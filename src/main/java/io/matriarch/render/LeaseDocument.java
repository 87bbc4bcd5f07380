package io.matriarch.render;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import java.util.Optional;

/** The cluster's Lease as the operator creates it, once and vacant; and how the operator reads what the agents wrote into it. */
public final class LeaseDocument {
    private static final ObjectMapper JSON = new ObjectMapper();

    private LeaseDocument() {}

    /** A Lease that nobody ever held. The operator only creates it, and never applies it: from then on it is the agents' own. */
    public static Lease vacant(Rendering rendering) {
        try {
            return new LeaseBuilder()
                    .withMetadata(new ObjectMetaBuilder(
                                    rendering.metadata(rendering.names().lease()))
                            .addToAnnotations(Labels.LEASE, JSON.writeValueAsString(ClusterLease.vacant()))
                            .build())
                    .withNewSpec()
                    .endSpec()
                    .build();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a vacant lease is plain data", e);
        }
    }

    /** Empty if the Lease says nothing that this version understands: then this version does not know who is the primary either. */
    public static Optional<ClusterLease> read(Lease lease) {
        return Optional.ofNullable(lease.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(Labels.LEASE))
                .flatMap(LeaseDocument::parse);
    }

    private static Optional<ClusterLease> parse(String text) {
        try {
            return Optional.ofNullable(JSON.readValue(text, ClusterLease.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }
}
