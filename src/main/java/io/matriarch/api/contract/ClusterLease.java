package io.matriarch.api.contract;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is primary, and since when: annotation {@link Labels#LEASE} of the cluster's Lease (ha.md 7.2). Together with the Lease's own
 * {@code holderIdentity}, {@code renewTime} and {@code leaseDurationSeconds} it is changed only by agents, only by PUT with
 * resourceVersion. The operator creates it once, with {@link #vacant()}.
 *
 * @param v version of this document's form
 * @param epoch grows by one with each acquisition, never falls
 * @param phase see {@link Phase}
 * @param address IP address of the holder's pod
 * @param timeline of the holder at its last renewal that changed it; 0 before there is a database system
 * @param systemIdentifier of the cluster's database system, once there is one; from then on initdb is never run again
 * @param members ordinals that belong to the cluster
 * @param history who owned which timeline, newest last, at most 16
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ClusterLease(
        int v,
        long epoch,
        Phase phase,
        @Nullable String address,
        int timeline,
        @Nullable String systemIdentifier,
        List<Integer> members,
        List<Reign> history) {
    public static final int VERSION = 1;
    public static final int HISTORY = 16;

    public ClusterLease {
        members = members == null ? List.of() : List.copyOf(members);
        history = history == null ? List.of() : List.copyOf(history);
    }

    /** A Lease that nobody ever held. */
    public static ClusterLease vacant() {
        return new ClusterLease(VERSION, 0, Phase.Released, null, 0, null, List.of(), List.of());
    }

    /** Phases of the Lease. */
    public enum Phase {
        /** The holder is making the database system. */
        Bootstrapping,
        Serving,
        /** The holder stopped cleanly and gave it back. */
        Released
    }

    /**
     * One primary's time in office.
     *
     * @param holder pod name
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Reign(long epoch, int timeline, String switchLsn, String holder) {}
}
