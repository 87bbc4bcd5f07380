package io.matriarch.instance.postgres;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.Position;
import io.matriarch.instance.facts.Pulse;
import io.matriarch.instance.facts.TimelineHistory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What failover needs from this member's PostgreSQL, beyond {@link Postgres} (docs/internals/protocol.md). Methods block until they are done.
 * Those of the first group may be called from any thread, the others only from the one worker thread.
 */
public interface Replication {
    /**
     * Ends the WAL receiver, so that the former primary gets no acknowledgement from here any more, and then reads what is flushed. The receiver
     * stays ended until {@link Postgres#follow} or a start names a member to follow.
     *
     * @throws PostgresException {@code ReceiverNotStopped}, {@code PositionUnknown}, {@code NotAReplica}: then nothing is promised
     */
    Position stopReceiving(Duration patience) throws PostgresException;

    /** How often {@link #stopReceiving} was called. */
    long stops();

    /**
     * Makes the running replica follow an address, unless its receiver was stopped since the decision: a vote that was given in between stands. It
     * also refuses if this replica has more than the primary's history: a receiver that connects reports its own position to the primary, on
     * whatever timeline that is (walreceiver.c), and this would count as an acknowledgement of commits that are not here.
     *
     * @param timeline that the WAL here is on
     * @param upTo where the primary's history leaves that timeline; 0: it is the primary's own, and nothing is compared
     * @param stops the number of stops when this was decided
     * @return whether it follows now
     * @throws PostgresException {@code HasMore}, {@code NotReplayed}, {@code ReceiverNotStopped}, {@code PositionUnknown}: it follows no one
     */
    boolean follow(String address, int timeline, long upTo, long stops) throws PostgresException;

    /** The voters that have flushed everything up to {@code lsn}, as the primary knows. */
    List<Integer> flushed(List<Integer> voters, long lsn, Duration timeout) throws PostgresException;

    /** The positions of the members' slots on the primary, by ordinal. */
    Map<Integer, Long> slots(Duration timeout) throws PostgresException;

    /** What delays a replica's replay, in words; empty if nothing does. */
    Optional<String> held(Duration timeout) throws PostgresException;

    /**
     * Ends what delays a replica's replay until it has replayed up to {@code lsn}, or for as long as {@code patience}; then everything is as
     * before.
     */
    void catchUp(long lsn, Duration patience) throws PostgresException;

    /** Whether a primary accepts a new connection, and writes; each within {@code timeout}. */
    Pulse probe(Duration timeout);

    /**
     * Makes the running replica the primary of an epoch, on a timeline of its own; a server that is a primary already stays as it is. The caller
     * must hold the Lease, with the fuse armed.
     *
     * @param timeline its number: the Lease gives each reign a different one; 0 for the next that PostgreSQL finds free
     * @return the history of the timeline that the server is now on
     * @throws PostgresException {@code PromotionFailed}: it made no progress for 30 s, or ended
     */
    TimelineHistory promote(long epoch, int timeline) throws PostgresException;

    /** Records whose reign it is: the first write of each reign (docs/internals/protocol.md 6, step 6). */
    void beginReign(long epoch, int timeline) throws PostgresException;

    /** Completes a checkpoint, so that other members can be rewound to this timeline. May take long. */
    void checkpoint() throws PostgresException;

    /**
     * Changes synchronous_standby_names, even if the server is not running.
     *
     * @param acknowledgements how many of {@code voters} flush before a commit is acknowledged; 0: commits wait for no replica
     * @return on a running primary, a position after which every acknowledged commit obeyed this value; otherwise 0
     */
    long synchronous(int acknowledgements, List<Integer> voters) throws PostgresException;

    /**
     * On a primary of 17 and later: consumers of failover slots get only what these members have flushed. They wait for each of these members for
     * as long as it is named.
     */
    void await(List<Integer> ordinals) throws PostgresException;

    /**
     * Starts PostgreSQL as the primary of an epoch like {@link Postgres#startPrimary}, but lets only members in, until {@link #openGate}.
     *
     * @return where its WAL ended then: clients may see everything up to there once enough replicas have flushed it
     */
    long startBehindGate(Settings settings, long epoch) throws PostgresException;

    /** Lets clients in. */
    void openGate(Settings settings) throws PostgresException;

    /**
     * Stops a primary so that a replica can continue where it ended.
     *
     * @param members that the shutdown waits for, if they keep up
     * @return position of the shutdown checkpoint: a member that has flushed beyond it has everything
     * @throws PostgresException {@code HandOverFailed}: the server did not end as it should, and is dead or still running; then only votes can
     *     find a successor
     */
    long handOver(List<Integer> members) throws PostgresException;

    /**
     * Rewinds the stopped, diverged data of this member and makes it a replica of the primary at {@code address}, which has completed a checkpoint
     * on its timeline. Afterwards it can be started as a replica.
     *
     * @param timeline of the primary's reign
     * @throws PostgresException {@code RewindFailed}, {@code HistoryUnknown}: nothing was changed, and it may be tried again;
     *     {@code NotRewindable}: nothing was changed, and the data must be cloned; {@code RewindBroke}: the data must be cloned
     */
    void rewind(Settings settings, String address, int timeline) throws PostgresException;

    /** The history of a timeline, requested from the primary at {@code address}. */
    TimelineHistory history(String address, int timeline) throws PostgresException;

    /** Users' slots: on a primary those in trouble, on a replica those that were dropped when it started. */
    List<MemberReport.Slot> userSlots() throws PostgresException;

    /**
     * Keeps a slot for each of these members on a replica, too, no further than the primary's, so that they can follow this replica after a
     * promotion.
     */
    void copySlots(Map<Integer, Long> positions) throws PostgresException;
}
