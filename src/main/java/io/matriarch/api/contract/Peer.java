package io.matriarch.api.contract;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the members of a cluster ask each other, as JSON over HTTPS with the client certificate of the cluster (docs/contract.md, "Peers"). */
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
     * The holder, who cannot renew the Lease, asks for a promise (docs/internals/protocol.md 5).
     *
     * @param epoch of the holder
     * @param resourceVersion of the Lease that the holder last wrote
     * @param ordinal of the holder
     * @param seconds D, as the holder counts; 0 from an older release: then the longest there is
     * @param stays whether the holder may have sent something that gives the Lease back, or on, and stays: while the promise lasts, that counts
     *     for nothing. Null: no
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

        /** Whether {@link #stays} is meant. */
        public boolean staying() {
            return Boolean.TRUE.equals(stays);
        }
    }

    /**
     * The answer to {@link Failsafe}.
     *
     * @param accepted promises, on this member's own clock, neither to stand nor to vote for as long as a lease lasts
     * @param reason why not
     * @param epoch the highest that this member knows
     * @param apiAnswers whether the API server answers this member
     * @param ordinal of who answers: addresses are given anew, and a promise counts for none but its giver; null from agents that do not say
     * @param stays whether the promise is one for a holder that stays; null from agents that do not know what that is, and for any other promise
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

        /** This answer to that request. */
        public FailsafeAnswer to(Failsafe request) {
            return new FailsafeAnswer(
                    accepted, reason, epoch, apiAnswers, ordinal, accepted && request.staying() ? true : null);
        }
    }

    /**
     * The Lease was written, and others wait for what it says now: it is to be looked at, and nothing is believed that stands here.
     *
     * @param ordinal of the member that wrote it
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record News(int ordinal) {}

    /** Why a candidate holds the Lease for vacant (docs/contract.md, "Vacancy"). */
    public enum Vacancy {
        Released,
        HandingOver,
        /** Not renewed for as long as it lasts. */
        Expired,
        /** The kubelet says that the holder's container is terminated. */
        Terminated,
        /** There has been no Lease for as long as one lasts. */
        Missing,
        /** A user said so. */
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
     * The answer to {@link VoteRequest}. When granted, the voter's receiver is stopped, the promise is on its disk, and then its position was
     * read.
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
     * A candidate that is not the best tells the best to stand.
     *
     * @param epoch that it would have
     * @param ordinal of who tells
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Nomination(long epoch, String resourceVersion, int ordinal) {}

    /**
     * Where a member is in the WAL.
     *
     * @param lsn end of what it flushed, in PostgreSQL's notation
     * @param receiving whether its receiver streams
     * @param slots where a primary's slots of the members stand, by ordinal; empty of a replica
     * @param replayed end of what a replica has replayed; null from a primary, and from agents that do not say
     * @param held what holds a replica's replay up, in words; null when nothing does
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

        /** Of a member that does not say how far it has replayed. */
        public PositionAnswer(int timeline, String lsn, boolean receiving, Map<Integer, String> slots) {
            this(timeline, lsn, receiving, slots, null, null);
        }
    }

    /**
     * A holder that is about to stop for this replica asks it to end what holds its replay up: sessions, a pause, a delay.
     *
     * @param lsn how far it must replay; then, or after ten seconds, everything is as before
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
