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
 * What failover asks of this member's PostgreSQL, beyond {@link Postgres} (docs/internals/protocol.md). Methods block until they are done. Those of
 * the first group may be called from any thread, the others from the one worker thread only.
 */
public interface Replication {
    /**
     * Ends the WAL receiver, so that the former primary gets no acknowledgement from here any more, and then reads what is flushed. It stays
     * ended until {@link Postgres#follow} or a start names somebody to follow.
     *
     * @throws PostgresException {@code ReceiverNotStopped}, {@code PositionUnknown}, {@code NotAReplica}: then nothing is promised
     */
    Position stopReceiving(Duration patience) throws PostgresException;

    /** How often {@link #stopReceiving} was begun. */
    long stops();

    /**
     * Lets the running replica follow an address, unless its receiver was stopped since: a vote that was given in between stands. And unless it has
     * more than the primary's history: a receiver that connects tells the primary its own position, on whatever timeline that is (walreceiver.c),
     * and it would count as an acknowledgement of commits that are not here.
     *
     * @param timeline that the WAL here is on
     * @param upTo where the primary's history leaves that timeline; 0: it is the primary's own, and nothing is compared
     * @param stops that there were when it was decided
     * @return whether it follows now
     * @throws PostgresException {@code HasMore}, {@code NotReplayed}, {@code ReceiverNotStopped}, {@code PositionUnknown}: it follows nobody
     */
    boolean follow(String address, int timeline, long upTo, long stops) throws PostgresException;

    /** The voters that have flushed everything up to {@code lsn}, as the primary knows. */
    List<Integer> flushed(List<Integer> voters, long lsn, Duration timeout) throws PostgresException;

    /** Where the primary's slots of the members stand, by ordinal. */
    Map<Integer, Long> slots(Duration timeout) throws PostgresException;

    /** What holds a replica's replay up, in words; empty when nothing does. */
    Optional<String> held(Duration timeout) throws PostgresException;

    /** Ends what holds a replica's replay up, until it has replayed so far, or for as long as {@code patience}; then all is as before. */
    void catchUp(long lsn, Duration patience) throws PostgresException;

    /** Whether a primary lets somebody new in, and writes; each within {@code timeout}. */
    Pulse probe(Duration timeout);

    /**
     * Makes the running replica the primary of an epoch, on a timeline of its own; one that is a primary already stays as it is. The caller
     * holds the Lease, with the fuse armed.
     *
     * @param timeline its number: the Lease gives each reign another one; 0 for the next that PostgreSQL finds free
     * @return the history of the timeline it is on now
     * @throws PostgresException {@code PromotionFailed}: it made no progress for 30 s, or ended
     */
    TimelineHistory promote(long epoch, int timeline) throws PostgresException;

    /** Writes down whose reign it is: the first write of each (docs/internals/protocol.md 6, step 6). */
    void beginReign(long epoch, int timeline) throws PostgresException;

    /** Completes a checkpoint, so that others can be rewound to this timeline. May take long. */
    void checkpoint() throws PostgresException;

    /**
     * Changes synchronous_standby_names, also of a server that does not run.
     *
     * @param acknowledgements how many of {@code voters} flush before a commit is acknowledged; 0: nobody is waited for
     * @return on a running primary, a position after which every acknowledged commit obeyed it; otherwise 0
     */
    long synchronous(int acknowledgements, List<Integer> voters) throws PostgresException;

    /**
     * On a primary of 17 and later: consumers of failover slots get nothing that these members have not flushed. Each of them is waited for, for as
     * long as it is named.
     */
    void await(List<Integer> ordinals) throws PostgresException;

    /**
     * Starts PostgreSQL as the primary of an epoch like {@link Postgres#startPrimary}, but lets only members in, until {@link #openGate}.
     *
     * @return where its WAL ended then: clients may see everything up to here once enough replicas have flushed it
     */
    long startBehindGate(Settings settings, long epoch) throws PostgresException;

    /** Lets clients in. */
    void openGate(Settings settings) throws PostgresException;

    /**
     * Stops a primary for a replica to go on where it ended.
     *
     * @param members that are waited for, if they keep up
     * @return position of the shutdown checkpoint: who has flushed beyond it has everything
     * @throws PostgresException {@code HandOverFailed}: it did not end as it should, and is dead or running on; then it takes votes
     */
    long handOver(List<Integer> members) throws PostgresException;

    /**
     * Turns the stopped, diverged data of this member back and makes it a replica of the primary at {@code address}, which has completed a
     * checkpoint on its timeline. Afterwards it can be started as a replica.
     *
     * @param timeline of the primary's reign
     * @throws PostgresException {@code RewindFailed}, {@code HistoryUnknown}: nothing was changed, it may be tried again; {@code NotRewindable}:
     *     nothing was changed, and to be cloned; {@code RewindBroke}: to be cloned
     */
    void rewind(Settings settings, String address, int timeline) throws PostgresException;

    /** The history of a timeline, asked of the primary at {@code address}. */
    TimelineHistory history(String address, int timeline) throws PostgresException;

    /** Slots of users: on a primary those in trouble, on a replica those that were dropped when it started. */
    List<MemberReport.Slot> userSlots() throws PostgresException;

    /** Has a slot for each of these members on a replica too, no further than the primary's, so that they can follow it after a promotion. */
    void copySlots(Map<Integer, Long> positions) throws PostgresException;
}
