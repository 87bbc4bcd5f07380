package io.matriarch.api.contract;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who is primary, and since when: annotation {@link Labels#LEASE} of the cluster's Lease (docs/internals/protocol.md 2). Only agents change this
 * document and the Lease's own {@code holderIdentity}, {@code renewTime} and {@code leaseDurationSeconds}, and only by PUT with resourceVersion.
 * The operator creates it once, with {@link #vacant()}.
 *
 * @param v version of this document's format
 * @param epoch grows by one with each acquisition, never falls
 * @param phase see {@link Phase}
 * @param address IP address of the holder's pod
 * @param timeline of the holder at its last renewal that changed it; 0 before there is a database system
 * @param systemIdentifier of the cluster's database system, once there is one; from then on initdb is never run again
 * @param members ordinals that may be elected and must answer a failsafe round
 * @param history which member owned which timeline, newest last, at most 16
 * @param lsn where the holder's WAL ended at its last renewal; null before there is a database system
 * @param containerId of the holder's container {@code postgres}, as the kubelet calls it; null while unknown
 * @param handoff the member to which the holder gives the Lease; written while the holder still serves, before it stops, and kept in phase
 *     {@link Phase#HandingOver}. In phase {@link Phase#Released}: the member that had most of the WAL; the others let it stand first
 * @param sync which members vote and how many acknowledge; null for a cluster that replicates asynchronously
 * @param unfit members that were elected and could not be promoted, until they have been seen streaming again
 * @param addresses IP addresses of the members' pods by ordinal, as the holder last knew them
 * @param checkpointTimeline the newest timeline on which the holder has completed a checkpoint; pg_rewind waits for it
 *     (docs/internals/postgresql.md 6)
 * @param profile the timers that the holder obeys and all others count on; null is {@link Settings.Profile#Default}. The holder writes it before
 *     it obeys it, so that no member waits for less time than the holder may take
 * @param answered the newest requests that this Lease itself has settled, at most {@value #ANSWERS}; its holder reports them
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ClusterLease(
        int v,
        long epoch,
        Phase phase,
        @Nullable String address,
        int timeline,
        @Nullable String systemIdentifier,
        List<Integer> members,
        List<Reign> history,
        @Nullable String lsn,
        @Nullable String containerId,
        @Nullable Handoff handoff,
        @Nullable Sync sync,
        List<Integer> unfit,
        Map<Integer, String> addresses,
        int checkpointTimeline,
        Settings.@Nullable Profile profile,
        List<MemberReport.Answer> answered) {
    public static final int VERSION = 1;
    public static final int HISTORY = 16;
    public static final int ANSWERS = 8;

    public ClusterLease {
        members = members == null ? List.of() : List.copyOf(members);
        history = history == null ? List.of() : List.copyOf(history);
        unfit = unfit == null ? List.of() : List.copyOf(unfit);
        addresses = Ordinals.keys(addresses);
        answered = answered == null ? List.of() : List.copyOf(answered);
    }

    /** A Lease without the fields that only failover needs. */
    public ClusterLease(
            int v,
            long epoch,
            Phase phase,
            @Nullable String address,
            int timeline,
            @Nullable String systemIdentifier,
            List<Integer> members,
            List<Reign> history) {
        this(
                v,
                epoch,
                phase,
                address,
                timeline,
                systemIdentifier,
                members,
                history,
                null,
                null,
                null,
                null,
                List.of(),
                new TreeMap<>(),
                0,
                null,
                List.of());
    }

    /** A Lease that nobody ever held. */
    public static ClusterLease vacant() {
        return new ClusterLease(VERSION, 0, Phase.Released, null, 0, null, List.of(), List.of());
    }

    /** Phases of the Lease. */
    public enum Phase {
        /** The holder is creating the database system. */
        Bootstrapping,
        Serving,
        /** The holder has shut down cleanly, and {@link ClusterLease#handoff} names who may take it without a vote. */
        HandingOver,
        /** The holder stopped and gave the Lease back. */
        Released
    }

    /**
     * One primary's time in office.
     *
     * @param timeline its number, given when the Lease is taken. No other reign has it, unless its holder continues its own timeline. As long as
     *     {@link ClusterLease#timeline} is a different one, the promotion is not done, and a member may connect only if it has no more WAL than
     *     the holder
     * @param switchLsn where its timeline forked off the former one; {@code 0/0} when it did not. Until the promotion is done: how far the
     *     holder's data goes
     * @param holder pod name
     * @param from the timeline that it forked off, or will; 0 when it did not, or when that is not known
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Reign(long epoch, int timeline, String switchLsn, String holder, int from) {
        /** A reign whose timeline has an unknown parent, or none. */
        public Reign(long epoch, int timeline, String switchLsn, String holder) {
            this(epoch, timeline, switchLsn, holder, 0);
        }
    }

    /**
     * A hand-over.
     *
     * @param to ordinal of the member that must take the Lease
     * @param lsn of the former primary's shutdown checkpoint: a member may take over without a vote only if it has flushed beyond it; {@code 0/0}
     *     before the primary has stopped
     * @param request id of the user's request, if there was one
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Handoff(int to, String lsn, @Nullable String request) {}

    /**
     * Quorum of synchronous replication (docs/internals/protocol.md 7). A commit is acknowledged when the primary and {@code acknowledgements}
     * other voters have flushed it, so any {@code |voters| - acknowledgements} voters contain one that has it.
     *
     * @param acknowledgements W: how many standbys acknowledge each commit
     * @param voters ordinals, the primary's included
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Sync(int acknowledgements, List<Integer> voters) {
        public Sync {
            voters = voters == null ? List.of() : voters.stream().sorted().toList();
        }

        /** Q: how many voters must have stopped receiving before one of them may be promoted. */
        public int quorum() {
            return voters.size() - acknowledgements;
        }
    }
}
