package io.matriarch.instance.facts;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.matriarch.api.contract.ClusterLease;
import org.jspecify.annotations.Nullable;

/**
 * What this member promised and what it last saw of the Lease, as it is on the disk (docs/internals/protocol.md 2 and 5).
 *
 * @param epoch the highest epoch that it voted for or accepted; 0 for none
 * @param resourceVersion of the Lease at which this member last voted: it receives nothing until it has seen a newer one. Null before the first
 *     vote; a voter whose disk has none may have forgotten a vote
 * @param rebuilt id of the last request to rebuild this member that was begun
 * @param lease as it was last seen; null before the first time
 * @param stayed newest epoch whose holder said that it stays although it may have handed over; 0 for none. From then on, what that holder handed
 *     over is taken only with the other members' votes
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Promise(
        long epoch,
        @Nullable String resourceVersion,
        @Nullable String rebuilt,
        @Nullable ClusterLease lease,
        long stayed) {
    public static final Promise NONE = new Promise(0, null, null, null);

    public Promise(
            long epoch, @Nullable String resourceVersion, @Nullable String rebuilt, @Nullable ClusterLease lease) {
        this(epoch, resourceVersion, rebuilt, lease, 0);
    }

    /** This promise with a vote; the epoch never falls. */
    public Promise voted(long next, String version) {
        return new Promise(Math.max(epoch, next), version, rebuilt, lease, stayed);
    }

    /** This promise with the acceptance of a holder's epoch. */
    public Promise accepted(long next) {
        return new Promise(Math.max(epoch, next), resourceVersion, rebuilt, lease, stayed);
    }

    /** This promise with a holder's statement that it stays. */
    public Promise staying(long next) {
        return new Promise(epoch, resourceVersion, rebuilt, lease, Math.max(stayed, next));
    }

    /** The promise of data that was discarded, for a request or without one. */
    public Promise rebuilding(@Nullable String request) {
        return new Promise(epoch, resourceVersion, request == null ? rebuilt : request, lease, stayed);
    }

    /** This promise with the present content of the Lease. */
    public Promise remembering(ClusterLease now) {
        return new Promise(epoch, resourceVersion, rebuilt, now, stayed);
    }
}
