package io.matriarch.api.contract;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who is primary, and since when: annotation {@link Labels#LEASE} of the cluster's Lease (docs/internals/protocol.md 2). Together with the Lease's
 * own
 * {@code holderIdentity}, {@code renewTime} and {@code leaseDurationSeconds} it is changed only by agents, only by PUT with
 * resourceVersion. The operator creates it once, with {@link #vacant()}.
 *
 * @param v version of this document's form
 * @param epoch grows by one with each acquisition, never falls
 * @param phase see {@link Phase}
 * @param address IP address of the holder's pod
 * @param timeline of the holder at its last renewal that changed it; 0 before there is a database system
 * @param systemIdentifier of the cluster's database system, once there is one; from then on initdb is never run again
 * @param members ordinals that may be elected and must answer a failsafe round
 * @param history who owned which timeline, newest last, at most 16
 * @param lsn where the holder's WAL ended at its last renewal; null before there is a database system
 * @param containerId of the holder's container {@code postgres}, as the kubelet calls it; null while unknown
 * @param handoff to whom the holder gives the Lease; written while it still serves, before it stops, and kept in phase {@link Phase#HandingOver}.
 *     In phase {@link Phase#Released} who had most of the WAL: others let that one stand first
 * @param sync who votes and how many acknowledge; null for a cluster that replicates asynchronously
 * @param unfit members that were elected and could not be promoted, until they have been seen streaming again
 * @param addresses IP addresses of the members' pods by ordinal, as the holder last knew them
 * @param checkpointTimeline the newest timeline on which the holder has completed a checkpoint; pg_rewind waits for it (docs/internals/postgresql.md
 * 6)
 * @param profile the timers that the holder goes by and everybody else counts with; null is {@link Settings.Profile#Default}. Written by the
 *     holder before it goes by them, so that nobody waits for less than the holder may take
 * @param answered the newest requests that this Lease itself has settled, at most {@value #ANSWERS}: whoever holds it reports them
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

    /** A Lease without what only failover needs. */
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
        /** The holder is making the database system. */
        Bootstrapping,
        Serving,
        /** The holder has shut down cleanly, and {@link ClusterLease#handoff} names who may take it without a vote. */
        HandingOver,
        /** The holder stopped and gave it back. */
        Released
    }

    /**
     * One primary's time in office.
     *
     * @param timeline its number, given when the Lease is taken: no other reign has it, unless its holder goes on with the timeline he owns. As
     *     long as {@link ClusterLease#timeline} is another one, the promotion is not done, and only who has no more than the holder may
     *     connect
     * @param switchLsn where its timeline forked off the former one; {@code 0/0} when it did not. Until the promotion is done: how far the
     *     holder's data goes
     * @param holder pod name
     * @param from the timeline that it forked off, or will; 0 when it did not, or when that is not known
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Reign(long epoch, int timeline, String switchLsn, String holder, int from) {
        /** Of which it is not known what its timeline forked off. */
        public Reign(long epoch, int timeline, String switchLsn, String holder) {
            this(epoch, timeline, switchLsn, holder, 0);
        }
    }

    /**
     * A hand-over.
     *
     * @param to ordinal of the member that shall take the Lease
     * @param lsn of the former primary's shutdown checkpoint: only who has flushed beyond it may take over without a vote; {@code 0/0} before
     *     the primary has stopped
     * @param request id of the user's request, if it was one
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Handoff(int to, String lsn, @Nullable String request) {}

    /**
     * Quorum of synchronous replication (docs/internals/protocol.md 7). A commit is acknowledged when the primary and {@code acknowledgements} other
     * voters have flushed it, so any {@code |voters| - acknowledgements} voters contain one that has it.
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
