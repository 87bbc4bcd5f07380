package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.facts.TimelineHistory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a member knows of the others, of its promises and of what it did, in addition to what it sees at the moment. Times are on the clock of
 * {@link Observation}.
 *
 * @param started when this agent began
 * @param promise what is on the disk
 * @param missing since when the API server says that there is no Lease; absent if there is one, or if it says nothing
 * @param accepted the newest promise to a holder that cannot reach the API server; absent if this agent made none since it started
 * @param failsafe when the last round was sent that proves that nobody can be elected (docs/internals/protocol.md 5)
 * @param peerApi since when the API server answers a peer but not this holder; absent if it answers this holder, or nobody
 * @param ballot the votes of this member's own candidacy
 * @param nominated when another candidate said that this member is the best
 * @param granted the newest vote for another member
 * @param handedTo what a holder without the API server asked this member to do
 * @param ended containers that the kubelet saw end
 * @param burnt those of them that their fuse ended, because the Lease was not renewed in time
 * @param told the positions that other members reported, by ordinal
 * @param senders the members that streamed from here, and when last, by ordinal
 * @param addresses of their pods, by ordinal, as far as the API server was asked: a connection may seem to come from elsewhere
 * @param leading since when the own PostgreSQL has been a primary that accepts connections; the current time if it is not one
 * @param enough when as many replicas as commits wait for were last streaming
 * @param settled since when every decision has wished for the voters that the Lease was seen to have: a renewal sent later proves that no other
 *     content can still be written; absent while the last decision wished for others
 * @param leaving until when this member may have sent a write that gives the Lease back, or asked another member to hand the Lease over, and that
 *     message may have arrived. Only a renewal sent later proves that this member has stayed and that no such write is still on its way, or a
 *     later round of promises proves that such a write counts for nothing. Absent if this member never sent one
 * @param away since when the API server has not answered about the Lease; absent if it answered the last time
 * @param own what this member's PostgreSQL was made to do
 */
public record Knowledge(
        Duration started,
        Promise promise,
        Optional<Duration> missing,
        Optional<Accepted> accepted,
        Optional<Duration> failsafe,
        Optional<Duration> peerApi,
        Optional<Ballot> ballot,
        Optional<Duration> nominated,
        Optional<Granted> granted,
        Optional<HandedTo> handedTo,
        Set<String> ended,
        Set<String> burnt,
        Map<Integer, Told> told,
        Map<Integer, Streamed> senders,
        Map<Integer, String> addresses,
        Duration leading,
        Duration enough,
        Optional<Duration> settled,
        Optional<Duration> leaving,
        Optional<Duration> away,
        Own own) {

    /**
     * A promise to a holder: until then this member neither stands nor votes on the ground that the Lease ran out.
     *
     * @param resourceVersion that the holder last wrote
     * @param stays whether, until then, any write that the holder may have sent in order to leave counts for nothing
     */
    public record Accepted(long epoch, String resourceVersion, int ordinal, Duration until, boolean stays) {}

    /**
     * A candidacy.
     *
     * @param began when votes were first requested
     * @param asked when they were last requested
     * @param votes by ordinal, granted or not; only answers to exactly this request
     * @param former votes of the previous round. They no longer count, and are reported until there are newer ones
     */
    public record Ballot(
            Peer.VoteRequest request,
            Duration began,
            Duration asked,
            Map<Integer, Peer.Vote> votes,
            Map<Integer, Peer.Vote> former) {
        public Ballot {
            votes = Map.copyOf(votes);
            former = Map.copyOf(former);
        }

        /** What is known of each member, for the user: it stays the same from round to round as long as all members answer the same. */
        Map<Integer, Peer.Vote> told() {
            Map<Integer, Peer.Vote> told = new TreeMap<>(former);
            told.putAll(votes);
            return told;
        }
    }

    /** Another member has this member's vote to replace the Lease of this resourceVersion. */
    public record Granted(String resourceVersion, int ordinal, Duration at) {}

    /** A request to this member, by a holder that stopped at {@code lsn}. */
    public record HandedTo(long epoch, String resourceVersion, long lsn) {}

    /**
     * The position that another member reported.
     *
     * @param replayed by a replica; 0 if it did not say
     */
    public record Told(int timeline, long lsn, long replayed, Duration at) {}

    /** A member streamed from here up to {@code flushed}, when this member's own WAL ended at {@code end}. */
    public record Streamed(String address, long flushed, long end, Duration at) {}

    /**
     * What this member's PostgreSQL was made to do, by jobs that succeeded since this agent started.
     *
     * @param synchronous what synchronous_standby_names was last set to; null if not known
     * @param confirmed whether a Confirm of exactly that value has succeeded since
     * @param awaited the replicas that consumers of logical slots wait for, since this server began to lead; null if not known
     * @param gate position that enough replicas must have before clients are let in; 0 when the gate is open
     * @param reign epoch whose row is written
     * @param checkpointed timeline of the last Checkpoint
     * @param handedOver position of the shutdown checkpoint, if a HandOver stopped PostgreSQL and it was not started since; 0 otherwise
     * @param handedOverAt when that was
     * @param history the last one read from a primary
     * @param slotsCopied when slots were last copied
     * @param slots of users: on a primary those in trouble, on a replica those that were dropped when it started
     * @param slotsSeen when that was
     * @param sick since when probes of the primary have failed, at least two in a row; absent if they have not
     * @param containerId of this very container; empty while not known
     * @param stepped when this member last gave the Lease back because its PostgreSQL was dead or sick
     */
    public record Own(
            @Nullable Sync synchronous,
            boolean confirmed,
            @Nullable List<Integer> awaited,
            long gate,
            long reign,
            int checkpointed,
            long handedOver,
            Duration handedOverAt,
            @Nullable TimelineHistory history,
            Duration slotsCopied,
            List<MemberReport.Slot> slots,
            Duration slotsSeen,
            Optional<Duration> sick,
            String containerId,
            Optional<Duration> stepped) {}
}
