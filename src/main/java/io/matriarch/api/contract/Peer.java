package io.matriarch.api.contract;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the members of a cluster ask each other, as JSON over HTTPS with the cluster's client certificate (docs/contract.md, "Peers"). */
public final class Peer {
    public static final String FAILSAFE = "/failsafe";
    public static final String VOTE = "/vote";
    public static final String NOMINATE = "/nominate";
    public static final String POSITION = "/position";
    public static final String HANDOVER = "/handover";
    public static final String NEWS = "/news";
    public static final String CATCH_UP = "/catchup";

    private Peer() {}

    /**
     * The holder cannot renew the Lease, and asks for a promise (docs/internals/protocol.md 5).
     *
     * @param epoch of the holder
     * @param resourceVersion of the Lease that the holder last wrote
     * @param ordinal of the holder
     * @param seconds D, as the holder counts; 0 from an older release: then the longest there is
     * @param stays whether the holder stays although it may have sent a write that gives the Lease back or hands it over: while the promise lasts,
     *     that write counts for nothing. Null means no
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Failsafe(
            long epoch,
            String resourceVersion,
            int ordinal,
            int seconds,
            @Nullable Boolean stays) {
        public Failsafe(long epoch, String resourceVersion, int ordinal, int seconds) {
            this(epoch, resourceVersion, ordinal, seconds, null);
        }

        /** Whether {@link #stays} is true. */
        public boolean staying() {
            return Boolean.TRUE.equals(stays);
        }
    }

    /**
     * The answer to {@link Failsafe}.
     *
     * @param accepted whether this member promises, on its own clock, neither to stand nor to vote for as long as a lease lasts
     * @param reason why it does not
     * @param epoch the highest that this member knows
     * @param apiAnswers whether the API server answers this member
     * @param ordinal of the answering member: addresses are reused, and a promise counts only for the member that gave it; null from agents that
     *     do not say
     * @param stays whether this promise is one for a holder that stays; null for any other promise, and from agents that do not know such promises
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record FailsafeAnswer(
            boolean accepted,
            @Nullable String reason,
            long epoch,
            boolean apiAnswers,
            @Nullable Integer ordinal,
            @Nullable Boolean stays) {
        public FailsafeAnswer(
                boolean accepted, @Nullable String reason, long epoch, boolean apiAnswers, @Nullable Integer ordinal) {
            this(accepted, reason, epoch, apiAnswers, ordinal, null);
        }

        /** This answer, made out for that request. */
        public FailsafeAnswer to(Failsafe request) {
            return new FailsafeAnswer(
                    accepted, reason, epoch, apiAnswers, ordinal, accepted && request.staying() ? true : null);
        }
    }

    /**
     * The Lease was written, and others wait for what it says now. The receiver reads the Lease itself, and trusts nothing in this message.
     *
     * @param ordinal of the member that wrote it
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record News(int ordinal) {}

    /** Why a candidate considers the Lease vacant (docs/contract.md, "Vacancy"). */
    public enum Vacancy {
        Released,
        HandingOver,
        /** The Lease was not renewed for as long as it lasts. */
        Expired,
        /** The kubelet reports that the holder's container has terminated. */
        Terminated,
        /** There has been no Lease for as long as one lasts. */
        Missing,
        /** A user forces a failover. */
        Forced
    }

    /**
     * A candidate asks for a vote (docs/internals/protocol.md 6).
     *
     * @param epoch that the candidate would have
     * @param resourceVersion of the Lease that it would replace
     * @param ordinal of the candidate
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record VoteRequest(long epoch, String resourceVersion, int ordinal, Vacancy vacancy) {}

    /**
     * The answer to {@link VoteRequest}. If the vote is granted, the voter has stopped its receiver and has its promise on disk; only then has it
     * read its position.
     *
     * @param reason why not
     * @param ordinal of the voter
     * @param timeline of the last byte that the voter flushed
     * @param lsn end of what it flushed, in PostgreSQL's notation
     * @param exhausted whether that is the true end of its WAL; otherwise the vote does not count
     * @param delayed whether it replays late on purpose
     * @param epoch the highest that the voter knows
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Vote(
            boolean granted,
            @Nullable String reason,
            int ordinal,
            int timeline,
            @Nullable String lsn,
            boolean exhausted,
            boolean delayed,
            long epoch) {}

    /**
     * A candidate that is not the best member tells the best one to stand.
     *
     * @param epoch that the candidate would have had
     * @param ordinal of the candidate
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Nomination(long epoch, String resourceVersion, int ordinal) {}

    /**
     * Where a member is in the WAL.
     *
     * @param lsn end of what it flushed, in PostgreSQL's notation
     * @param receiving whether its receiver streams
     * @param slots positions of the members' slots on a primary, by ordinal; empty from a replica
     * @param replayed end of what a replica has replayed; null from a primary, and from agents that do not say
     * @param held what delays a replica's replay, in words; null when nothing does
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record PositionAnswer(
            int timeline,
            String lsn,
            boolean receiving,
            Map<Integer, String> slots,
            @Nullable String replayed,
            @Nullable String held) {
        public PositionAnswer {
            slots = Ordinals.keys(slots);
        }

        /** The answer of a member that does not say how far it has replayed. */
        public PositionAnswer(int timeline, String lsn, boolean receiving, Map<Integer, String> slots) {
            this(timeline, lsn, receiving, slots, null, null);
        }
    }

    /**
     * A holder that is about to stop so that this replica takes over asks it to end whatever delays its replay: sessions, a pause, a delay.
     *
     * @param lsn how far it must replay; after that, or after ten seconds, everything is as before
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record CatchUp(String lsn) {}

    /**
     * A holder that has stopped cleanly and cannot reach the API server asks a peer to release the Lease in its name, and to stand.
     *
     * @param lsn of the shutdown checkpoint
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record HandOver(long epoch, String resourceVersion, String lsn) {}
}
