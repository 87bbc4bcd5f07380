package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Peer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The holder's rounds while it cannot renew the Lease (docs/internals/protocol.md 5). Each round asks the other members to promise neither to
 * stand nor to vote. Once so many have promised that the rest cannot elect, the round proves the holder's right as a renewal does, from the moment
 * when it was sent. Rounds need neither PostgreSQL nor the volume, so the thread that renews the Lease may run them.
 */
public final class Failsafe {
    private final Me me;
    private final Rules rules;
    private final Map<Integer, Duration> peersWithApi = new HashMap<>();
    private Duration asked = Duration.ZERO;
    private long epoch;
    private Optional<Duration> proof = Optional.empty();
    /** What the Lease may say by now although no answer confirmed it, and until when each content may have been sent. */
    private final Map<ClusterLease, Duration> wished = new HashMap<>();

    private Optional<ClusterLease> present = Optional.empty();
    /** Until when this member may have sent a write that gives the Lease back or hands it over; absent once a renewal was sent later. */
    private Optional<Duration> left = Optional.empty();

    /** The members to which the Lease may have been handed over. */
    private final Set<Integer> heirs = new HashSet<>();

    private boolean parting;

    public Failsafe(Me me) {
        this(me, Rules.SAFE);
    }

    Failsafe(Me me, Rules rules) {
        this.me = me;
        this.rules = rules;
    }

    /** A round; members that accept are added as their answers arrive. */
    public static final class Round {
        private final Peer.Failsafe request;
        private final LeaseView lease;
        private final List<Integer> to;
        private final Duration sent;
        private final List<ClusterLease> possible;
        private final List<Integer> accepted = new ArrayList<>();

        private Round(
                Peer.Failsafe request, LeaseView lease, List<ClusterLease> possible, List<Integer> to, Duration sent) {
            this.request = request;
            this.lease = lease;
            this.possible = List.copyOf(possible);
            this.to = List.copyOf(to);
            this.sent = sent;
        }

        public Peer.Failsafe request() {
            return request;
        }

        /** Ordinals to ask, all at once. */
        public List<Integer> to() {
            return to;
        }
    }

    /**
     * A round to send now, if one is due.
     *
     * @param lease as this member last wrote it
     * @param renewed when the last successful renewal was sent
     * @param now just before the round is sent
     */
    public synchronized Optional<Round> due(LeaseView lease, Duration renewed, Duration now) {
        Timers timers = Timers.of(lease.state());
        if (lease.state().epoch() != epoch) {
            epoch = lease.state().epoch();
            proof = Optional.empty();
            peersWithApi.clear();
        }
        boolean mine = lease.holder().equals(me.identity());
        boolean late = now.minus(renewed).compareTo(timers.failsafe()) >= 0;
        if (!late) {
            peersWithApi.clear();
        }
        if (left.filter(at -> at.compareTo(renewed) < 0).isPresent()) {
            left = Optional.empty();
            heirs.clear();
        }
        boolean stays = left.isPresent();
        // A holder that is leaving asks for nothing that would keep the others from taking over.
        if (!mine || parting || !late && !stays || now.minus(asked).compareTo(timers.round()) < 0) {
            return Optional.empty();
        }
        asked = now;
        wished.values().removeIf(until -> until.compareTo(renewed) < 0);
        List<ClusterLease> possible = List.copyOf(wished.keySet());
        List<Integer> others = Stream.concat(Stream.of(lease.state()), possible.stream())
                .flatMap(state -> state.members().stream())
                .filter(member -> member != me.ordinal())
                .distinct()
                .sorted()
                .toList();
        Peer.Failsafe request = new Peer.Failsafe(
                epoch,
                lease.resourceVersion(),
                me.ordinal(),
                (int) timers.lease().toSeconds(),
                stays ? true : null);
        Round round = new Round(request, lease, possible, others, now);
        count(round);
        return Optional.of(round);
    }

    /** What the Lease must say from now on; it may be sent at any moment. Empty: this member writes nothing. The former wish ends now. */
    synchronized void wishes(Optional<ClusterLease> next, Duration now) {
        present.ifPresent(former -> wished.put(former, now));
        // Only who may elect matters, not the WAL position.
        present = next.map(state -> Leases.of(state).lsn(null).draft());
        present.ifPresent(state -> wished.put(state, now));
    }

    /**
     * A write is about to be sent that gives the Lease back, or hands it to these members: from now on, a promise counts only if it says that the
     * holder stays.
     */
    synchronized void leaves(Duration now, Set<Integer> to) {
        left = Optional.of(now);
        heirs.addAll(to);
        proof = Optional.empty();
    }

    /** The last such write did not arrive and never will; writes sent {@code before} may still arrive. */
    synchronized void stayed(Optional<Duration> before) {
        left = before;
    }

    /** Whether this member is about to leave. */
    synchronized void parts(boolean now) {
        parting = now;
    }

    /** An answer; a late one counts from the moment when its round was sent. */
    public synchronized void answered(Round round, int ordinal, Peer.FailsafeAnswer answer, Duration now) {
        boolean another = answer.ordinal() != null && answer.ordinal() != ordinal;
        if (round.request.epoch() != epoch || another) {
            return;
        }
        if (answer.apiAnswers()) {
            peersWithApi.putIfAbsent(ordinal, now);
        } else {
            peersWithApi.remove(ordinal);
        }
        boolean meant = !round.request.staying() || Boolean.TRUE.equals(answer.stays());
        if (answer.accepted() && meant && !round.accepted.contains(ordinal)) {
            round.accepted.add(ordinal);
            count(round);
        }
    }

    private void count(Round round) {
        if (left.isPresent()
                && (!round.request.staying()
                        || round.sent.compareTo(left.get()) < 0
                        || !rules.promised(heirs, round.accepted))) {
            return;
        }
        boolean proves = Stream.concat(Stream.of(round.lease.state()), round.possible.stream())
                .allMatch(state -> rules.proves(round.accepted, state, me.ordinal()));
        if (proves && proof.filter(known -> known.compareTo(round.sent) >= 0).isEmpty()) {
            proof = Optional.of(round.sent);
        }
    }

    /** When the last round was sent that proved this member's right in the current epoch. */
    public synchronized Optional<Duration> proof() {
        return proof;
    }

    /** Since when the API server has answered a peer, but not this member. */
    public synchronized Optional<Duration> peerApi() {
        return peersWithApi.values().stream().min(Duration::compareTo);
    }
}
