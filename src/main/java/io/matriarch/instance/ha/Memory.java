package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.facts.Pulse;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.TimelineHistory;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Knowledge.Accepted;
import io.matriarch.instance.ha.Knowledge.Ballot;
import io.matriarch.instance.ha.Knowledge.Granted;
import io.matriarch.instance.ha.Knowledge.HandedTo;
import io.matriarch.instance.ha.Knowledge.Own;
import io.matriarch.instance.ha.Knowledge.Streamed;
import io.matriarch.instance.ha.Knowledge.Told;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Builds {@link Knowledge} from what happens; its methods are called by whatever sees it happen, from any thread. */
public final class Memory {
    private static final int IN_A_ROW = 2;

    private final Duration started;
    private final Failsafe failsafe;
    private Promise promise;
    private Optional<Duration> missing = Optional.empty();
    private Optional<Accepted> accepted = Optional.empty();
    private Optional<Ballot> ballot = Optional.empty();
    private Optional<Duration> nominated = Optional.empty();
    private Optional<Granted> granted = Optional.empty();
    private Optional<HandedTo> handedTo = Optional.empty();
    private final Set<String> ended = new HashSet<>();
    private final Set<String> burnt = new HashSet<>();
    private final Map<Integer, Told> told = new TreeMap<>();
    private final Map<Integer, Streamed> senders = new TreeMap<>();
    private final Map<Integer, String> addresses = new TreeMap<>();
    private Duration leading;
    private Duration enough;
    private Optional<Duration> settled = Optional.empty();
    private boolean parting;
    private Optional<Duration> leaving = Optional.empty();
    private Optional<Duration> before = Optional.empty();
    private Optional<Duration> away = Optional.empty();
    private @Nullable Sync synchronous;
    private @Nullable List<Integer> awaited;
    private boolean confirmed;
    private long gate;
    private long reign;
    private int checkpointed;
    private long handedOver;
    private Duration handedOverAt = Duration.ZERO;
    private @Nullable TimelineHistory history;
    private Duration slotsCopied = Duration.ZERO;
    private List<MemberReport.Slot> slots = List.of();
    private Duration slotsSeen = Duration.ZERO;
    private int badPulses;
    private Optional<Duration> sick = Optional.empty();
    private String containerId = "";
    private Optional<Duration> stepped = Optional.empty();

    /** The memory of an agent that begins now, with the promise that is on its disk. */
    public Memory(Duration started, Promise promise, Failsafe failsafe) {
        this.started = started;
        this.promise = promise;
        this.failsafe = failsafe;
        this.leading = started;
        this.enough = started;
    }

    public synchronized Knowledge knowledge() {
        return new Knowledge(
                started,
                promise,
                missing,
                accepted,
                failsafe.proof(),
                failsafe.peerApi(),
                ballot,
                nominated,
                granted,
                handedTo,
                Set.copyOf(ended),
                Set.copyOf(burnt),
                new TreeMap<>(told),
                new TreeMap<>(senders),
                Map.copyOf(addresses),
                leading,
                enough,
                settled,
                leaving,
                away,
                new Own(
                        synchronous,
                        confirmed,
                        awaited,
                        gate,
                        reign,
                        checkpointed,
                        handedOver,
                        handedOverAt,
                        history,
                        slotsCopied,
                        slots,
                        slotsSeen,
                        sick,
                        containerId,
                        stepped));
    }

    /** A decision was made from this observation, and is carried out from now on. */
    public synchronized void decided(Observation seen, Decision decision) {
        boolean same = !(decision.lease() instanceof LeaseWish.Keep keep)
                || Objects.equals(
                        keep.state().sync(),
                        seen.lease().map(view -> view.state().sync()).orElse(null));
        settled = same ? settled.or(() -> Optional.of(seen.now())) : Optional.empty();
        Optional<ClusterLease> content =
                decision.lease() instanceof LeaseWish.Keep keep ? Optional.of(keep.state()) : Optional.empty();
        failsafe.wishes(content, seen.now());
        Set<Integer> heirs = decision.asks().stream()
                .filter(ask -> ask instanceof Ask.HandOver)
                .map(ask -> ((Ask.HandOver) ask).to())
                .collect(Collectors.toSet());
        boolean parts = !heirs.isEmpty();
        // A request to hand the Lease over may have been sent up to this moment.
        if (parts || parting) {
            leaving = Optional.of(seen.now());
            failsafe.leaves(seen.now(), heirs);
        }
        parting = parts;
        failsafe.parts(parts || decision.lease() instanceof LeaseWish.Release);
        seen.lease().ifPresent(this::held);
    }

    /** A holder that renewed the Lease has stayed: anything that it sends from now on in order to leave is meant. */
    private void held(LeaseView lease) {
        accepted = accepted.map(promise -> !lease.holder().isEmpty()
                        && Rules.SAFE.newer(lease.resourceVersion(), promise.resourceVersion())
                ? new Accepted(promise.epoch(), promise.resourceVersion(), promise.ordinal(), promise.until(), false)
                : promise);
    }

    /** This content is about to be sent: this member leaves. */
    public synchronized void leaves(ClusterLease state, Duration now) {
        before = leaving;
        leaving = Optional.of(now);
        Handoff handoff = state.handoff();
        failsafe.leaves(now, handoff != null && state.phase() == Phase.HandingOver ? Set.of(handoff.to()) : Set.of());
    }

    /** The write that was just sent certainly never reached the API server: this member has not left. */
    public synchronized void stayed() {
        leaving = before;
        failsafe.stayed(before);
    }

    /** Until when this member may have left; see {@link Knowledge}. */
    public synchronized Optional<Duration> leaving() {
        return leaving;
    }

    /** The disk now holds this promise. */
    public synchronized void promised(Promise now) {
        promise = now;
    }

    /** The API server answered that there is a Lease, or that there is none. */
    public synchronized void lease(boolean there, Duration now) {
        away = Optional.empty();
        missing = there ? Optional.empty() : missing.or(() -> Optional.of(now));
    }

    /** The API server did not answer about the Lease. */
    public synchronized void silent(Duration now) {
        away = away.or(() -> Optional.of(now));
    }

    /** A promise to a holder was made, and is on the disk. */
    public synchronized void accepted(Peer.Failsafe request, Duration until) {
        accepted = Optional.of(
                new Accepted(request.epoch(), request.resourceVersion(), request.ordinal(), until, request.staying()));
    }

    /** Votes are being requested: former answers no longer count, but late answers do if the request was the same. */
    public synchronized void asking(Peer.VoteRequest request, Duration now) {
        ballot = Optional.of(ballot.filter(known -> known.request().equals(request))
                .map(known -> new Ballot(request, known.began(), now, Map.of(), known.votes()))
                .orElseGet(() -> new Ballot(request, now, now, Map.of(), Map.of())));
    }

    /** An answer to a request for a vote. */
    public synchronized void voted(Peer.VoteRequest request, Peer.Vote vote) {
        ballot = ballot.map(known -> {
            if (!known.request().equals(request)) {
                return known;
            }
            Map<Integer, Peer.Vote> votes = new HashMap<>(known.votes());
            votes.put(vote.ordinal(), vote);
            return new Ballot(request, known.began(), known.asked(), votes, known.former());
        });
    }

    /** A vote was given to another member. */
    public synchronized void granted(Peer.VoteRequest request, Duration now) {
        granted = Optional.of(new Granted(request.resourceVersion(), request.ordinal(), now));
    }

    public synchronized void nominated(Duration now) {
        nominated = Optional.of(now);
    }

    public synchronized void handedTo(Peer.HandOver request) {
        handedTo = Optional.of(new HandedTo(request.epoch(), request.resourceVersion(), Lsn.parse(request.lsn())));
    }

    /** The kubelet saw these containers of the holder's pod end. */
    public synchronized void ended(Set<String> containers) {
        ended(containers, Set.of());
    }

    /** The same; {@code burnt}: those that their fuse ended. */
    public synchronized void ended(Set<String> containers, Set<String> byFuse) {
        ended.addAll(containers);
        burnt.addAll(byFuse);
    }

    public synchronized void told(int ordinal, Peer.PositionAnswer answer, Duration now) {
        told.put(
                ordinal,
                new Told(
                        answer.timeline(),
                        Lsn.parse(answer.lsn()),
                        Lsn.parse(answer.replayed() == null ? "" : answer.replayed()),
                        now));
    }

    /** The state of this member's own server was read; {@code acknowledgements}: how many replicas commits wait for. */
    public synchronized void server(ServerState server, int acknowledgements, Duration now) {
        // A member that reconnects may come from another pod.
        addresses
                .keySet()
                .retainAll(server.wal().senders().stream().map(Sender::ordinal).toList());
        if (!server.accepting() || server.inRecovery()) {
            leading = now;
            enough = now;
            return;
        }
        for (Sender sender : server.wal().senders()) {
            if (sender.streaming()) {
                Streamed former = senders.get(sender.ordinal());
                if (former != null && !former.address().equals(sender.address())) {
                    addresses.remove(sender.ordinal());
                }
                senders.put(
                        sender.ordinal(),
                        new Streamed(
                                sender.address(), sender.flushed(), server.wal().end(), now));
            }
        }
        long streaming = server.wal().senders().stream()
                .filter(sender -> sender.streaming()
                        && (synchronous == null || synchronous.voters().contains(sender.ordinal())))
                .count();
        if (streaming >= acknowledgements) {
            enough = now;
        }
    }

    /** The API server says that a member's pod has this address. */
    public synchronized void located(int ordinal, String address) {
        addresses.put(ordinal, address);
    }

    /** A probe of the primary had this result. */
    public synchronized void pulse(Pulse pulse, Duration now) {
        badPulses = pulse == Pulse.Good ? 0 : badPulses + 1;
        if (badPulses == 0) {
            sick = Optional.empty();
        } else if (badPulses >= IN_A_ROW && sick.isEmpty()) {
            sick = Optional.of(now);
        }
    }

    /** A server is about to be started or promoted: forget what was known of it; the gate is open. */
    public synchronized void begins() {
        handedOver = 0;
        badPulses = 0;
        sick = Optional.empty();
        gate = 0;
        awaited = null;
        slots = List.of();
        senders.clear();
    }

    /** A primary was started behind the gate; its WAL ended here. */
    public synchronized void gated(long lsn) {
        gate = lsn;
    }

    public synchronized void gateOpened() {
        gate = 0;
    }

    /** synchronous_standby_names now has this value. */
    public synchronized void synchronizing(Sync names) {
        if (!names.equals(synchronous)) {
            synchronous = names;
            confirmed = false;
        }
    }

    /** The value of synchronous_standby_names is unknown: a change failed half-way. */
    public synchronized void synchronizingUnknown() {
        synchronous = null;
        confirmed = false;
    }

    /** Enough of these members have what was acknowledged before. */
    public synchronized void confirmed(Sync names) {
        confirmed = names.equals(synchronous);
    }

    /** Consumers of logical slots now wait for these members. */
    public synchronized void awaited(List<Integer> ordinals) {
        awaited = ordinals;
    }

    public synchronized void reignBegan(long epoch) {
        reign = epoch;
    }

    public synchronized void checkpointed(int timeline) {
        checkpointed = timeline;
    }

    public synchronized void handedOver(long lsn, Duration now) {
        handedOver = lsn;
        handedOverAt = now;
    }

    public synchronized void history(TimelineHistory read) {
        history = read;
    }

    public synchronized void slotsCopied(Duration now) {
        slotsCopied = now;
    }

    /** Slots of users that are in trouble here, or were dropped. */
    public synchronized void slots(List<MemberReport.Slot> found, Duration now) {
        slots = found;
        slotsSeen = now;
    }

    /** Which container this is, when that is certain. */
    public synchronized void container(String id) {
        containerId = id;
    }

    /** A member that lives on gave the Lease back. */
    public synchronized void stepped(Duration now) {
        stepped = Optional.of(now);
    }
}
