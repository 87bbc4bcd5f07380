package io.matriarch.instance.facts;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.matriarch.api.contract.ClusterLease;
import org.jspecify.annotations.Nullable;

/**
 * What this member promised and what it last saw of the Lease, as it is on the disk (docs/internals/protocol.md 2 and 5).
 *
 * @param epoch the highest one voted for or accepted; 0 for none
 * @param resourceVersion of the Lease at which this member last voted: it receives nothing until it has seen a newer one. Null before the
 *     first; a voter on a disk that has none may have forgotten one
 * @param rebuilt id of the last request to rebuild this member that was begun
 * @param lease as it was last seen; null before it was
 * @param stayed newest epoch whose holder said that it stays, although it may have handed over; 0 for none: from then on what it handed
 *     over is taken with the votes of the others only
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

    /** With a vote; the epoch never falls. */
    public Promise voted(long next, String version) {
        return new Promise(Math.max(epoch, next), version, rebuilt, lease, stayed);
    }

    /** With an acceptance of a holder's epoch. */
    public Promise accepted(long next) {
        return new Promise(Math.max(epoch, next), resourceVersion, rebuilt, lease, stayed);
    }

    /** With a holder's word that it stays. */
    public Promise staying(long next) {
        return new Promise(epoch, resourceVersion, rebuilt, lease, Math.max(stayed, next));
    }

    /** Of data that was thrown away, for a request or for none. */
    public Promise rebuilding(@Nullable String request) {
        return new Promise(epoch, resourceVersion, request == null ? rebuilt : request, lease, stayed);
    }

    /** With what the Lease says now. */
    public Promise remembering(ClusterLease now) {
        return new Promise(epoch, resourceVersion, rebuilt, now, stayed);
    }
}
