package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Peer.Vacancy;
import io.matriarch.instance.facts.Promise;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a member answers requests for its vote or its promise (docs/internals/protocol.md 5 and 6). Judging a request and writing the promise down
 * are one step: no other request is judged in between, and every later decision sees the promise. To grant a vote, in this order:
 *
 * <ol>
 *   <li>The promise is written and fsynced.
 *   <li>The receiver is stopped and gone.
 *   <li>The position is read, and sent with the answer. If any step fails, the answer is a refusal, and the promise stays.
 * </ol>
 */
public final class Voter {
    private final Me me;
    private final Rules rules;

    public Voter(Me me) {
        this(me, Rules.SAFE);
    }

    Voter(Me me, Rules rules) {
        this.me = me;
        this.rules = rules;
    }

    /** The answer to a request. */
    public sealed interface Verdict {
        /** Granted, once this promise is on the disk; {@code until} is when an accepted failsafe promise ends, and zero for a vote. */
        record Grant(Promise promise, Duration until) implements Verdict {}

        /** Nothing is promised. */
        record Refuse(String reason) implements Verdict {}
    }

    /** Judges a request for a vote from the newest observation; {@code seen.now()} is now, and the promise is the one on the disk. */
    public Verdict vote(Observation seen, Peer.VoteRequest request) {
        if (request.vacancy() == Vacancy.Missing) {
            return last(seen, request);
        }
        String reason = against(seen, request);
        return reason == null
                ? new Verdict.Grant(
                        seen.knowledge().promise().voted(request.epoch(), request.resourceVersion()), Duration.ZERO)
                : new Verdict.Refuse(reason);
    }

    /** There is no Lease, and the requesting member says that it held the last one. Its position does not matter, and nothing is stopped. */
    private Verdict last(Observation seen, Peer.VoteRequest request) {
        Optional<ClusterLease> known = seen.remembered();
        if (seen.lease().isPresent() || seen.knowledge().missing().isEmpty()) {
            return new Verdict.Refuse("has not seen that there is no Lease");
        }
        if (known.isEmpty() || known.get().history().isEmpty()) {
            return new Verdict.Refuse("does not remember the Lease");
        }
        ClusterLease lease = known.get();
        String holder = lease.history().getLast().holder();
        boolean another = lease.epoch() == request.epoch() - 1 && Names.ordinal(holder) != request.ordinal();
        return lease.epoch() >= request.epoch() || another
                ? new Verdict.Refuse("knows that %s held the Lease in epoch %d".formatted(holder, lease.epoch()))
                : new Verdict.Grant(seen.knowledge().promise().accepted(request.epoch()), Duration.ZERO);
    }

    private @Nullable String against(Observation seen, Peer.VoteRequest request) {
        Promise promise = seen.knowledge().promise();
        if (promise.epoch() > request.epoch()) {
            return "epoch %d is promised already".formatted(promise.epoch());
        }
        if (promise.resourceVersion() != null && rules.newer(promise.resourceVersion(), request.resourceVersion())) {
            return "voted at a newer Lease, %s".formatted(promise.resourceVersion());
        }
        if (seen.lease().isPresent()) {
            LeaseView lease = seen.lease().get();
            if (lease.holder().equals(me.identity())) {
                return "holds the Lease itself";
            }
            if (rules.newer(lease.resourceVersion(), request.resourceVersion())
                    || lease.state().epoch() >= request.epoch()) {
                return "the Lease is newer: epoch %d, resourceVersion %s"
                        .formatted(lease.state().epoch(), lease.resourceVersion());
            }
        }
        if (rules.stays(request.vacancy()) && staying(seen)) {
            return "promised the holder, which stays, that what it sent before counts for nothing yet";
        }
        if (rules.byTime(request.vacancy())) {
            String early = tooEarly(seen, request);
            if (early != null) {
                return early;
            }
        }
        return unable(seen);
    }

    /** Whether this member has promised a holder that it stays, and knows of no later epoch. */
    private static boolean staying(Observation seen) {
        return seen.knowledge()
                .accepted()
                .filter(promise -> promise.stays() && promise.until().compareTo(seen.now()) > 0)
                .filter(promise -> seen.lease()
                        .filter(lease -> lease.state().epoch() > promise.epoch())
                        .isEmpty())
                .isPresent();
    }

    private @Nullable String tooEarly(Observation seen, Peer.VoteRequest request) {
        Knowledge known = seen.knowledge();
        if (known.accepted()
                .filter(promise -> promise.until().compareTo(seen.now()) > 0)
                .isPresent()) {
            return "promised the holder not to vote yet";
        }
        Duration lease = seen.lease()
                .map(LeaseView::state)
                .map(Timers::of)
                .orElse(Timers.RELAXED)
                .lease();
        // After a restart, an agent does not know the promises that it made before; only after the longest duration of
        // a promise is it certain that they have ended.
        if (seen.now().minus(known.started()).compareTo(Timers.LONGEST) < 0) {
            return "has only begun, and may have promised the holder not to vote";
        }
        boolean renewed = seen.lease().isPresent()
                && seen.now()
                                .minus(seen.leaseSeen())
                                .compareTo(lease.multipliedBy(8).dividedBy(10))
                        < 0;
        return renewed ? "saw the Lease renewed" : null;
    }

    /** Why this member's vote would be worthless. */
    private @Nullable String unable(Observation seen) {
        if (seen.stopping()) {
            return "is stopping";
        }
        Optional<ClusterLease> lease = seen.lease().map(LeaseView::state).or(seen::remembered);
        if (seen.settings().isEmpty()
                || Leases.dismissed(me, seen.settings().get(), lease)
                || seen.settings().get().fenced().contains(me.ordinal())) {
            return "is not to run";
        }
        if (!seen.server().accepting() || !seen.server().inRecovery()) {
            return "no replica runs here";
        }
        if (seen.volume()
                .filter(volume -> volume.content() == VolumeContent.Data)
                .isEmpty()) {
            return "has no data";
        }
        return null;
    }

    /** Judges a holder's request for a promise (docs/internals/protocol.md 5). */
    public Verdict failsafe(Observation seen, Peer.Failsafe request) {
        Promise promise = seen.knowledge().promise();
        if (seen.server().process()
                && seen.server().accepting()
                && !seen.server().inRecovery()) {
            return new Verdict.Refuse("is a primary itself");
        }
        if (promise.epoch() > request.epoch() && !rules.mayReceive(promise, request.resourceVersion())) {
            return new Verdict.Refuse("voted for epoch " + promise.epoch());
        }
        if (seen.lease().isPresent()) {
            LeaseView lease = seen.lease().get();
            boolean another = Names.ordinal(pod(lease.holder())) != request.ordinal();
            if (lease.state().epoch() > request.epoch()
                    || another && !rules.newer(request.resourceVersion(), lease.resourceVersion())) {
                return new Verdict.Refuse(
                        "the Lease says otherwise: epoch " + lease.state().epoch());
            }
        }
        if (request.staying() && seen.knowledge().away().isEmpty()) {
            // This member knows, or will in a moment, whether the holder has left.
            return new Verdict.Refuse("the API server answers here, and says whose the Lease is");
        }
        Promise next = promise.accepted(request.epoch());
        Duration lasts = request.seconds() > 0 ? Duration.ofSeconds(request.seconds()) : Timers.LONGEST;
        return new Verdict.Grant(
                request.staying() ? next.staying(request.epoch()) : next,
                seen.now().plus(lasts));
    }

    private static String pod(String identity) {
        int slash = identity.indexOf('/');
        return slash < 0 ? identity : identity.substring(0, slash);
    }
}
