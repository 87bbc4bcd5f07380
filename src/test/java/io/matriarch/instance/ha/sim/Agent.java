package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.facts.Pulse;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.ha.Ask;
import io.matriarch.instance.ha.Decision;
import io.matriarch.instance.ha.Decision.Fence;
import io.matriarch.instance.ha.Failsafe;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.ha.Observation;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.ha.Timers;
import io.matriarch.instance.ha.Voter;
import io.matriarch.instance.ha.Voter.Verdict;
import java.time.Duration;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One life of an agent: look, decide, act, with the pods' own {@link Protocol}, {@link Memory}, {@link Voter} and {@link Failsafe}. */
final class Agent {
    private final Node node;
    private final World world;
    private final Me me;
    private final Protocol protocol;
    private final Voter voter;
    private final Failsafe failsafe;
    private final Memory memory;
    private final Keeper keeper;
    private final Work work;
    private @Nullable ClusterLease remembered;
    private Settings settings;
    private Duration serverGone = Duration.ZERO;
    private Duration awake = Duration.ZERO;
    private boolean serverWas;
    private boolean turning;
    private long containerAsked = -10_000;
    private Duration slotsKept = Duration.ZERO;
    private boolean stopping;

    Agent(Node node, Me me) {
        this.node = node;
        this.world = node.world;
        this.me = me;
        this.protocol = node.parts().protocol(me);
        this.voter = node.parts().voter(me);
        this.failsafe = node.parts().failsafe(me);
        this.memory = new Memory(node.time(), node.disk.promise, failsafe);
        this.keeper = new Keeper(this);
        this.work = new Work(this);
        this.settings = world.plot.settings();
        this.remembered = node.disk.promise.lease();
        this.serverGone = node.time();
    }

    Node node() {
        return node;
    }

    Me me() {
        return me;
    }

    Memory memory() {
        return memory;
    }

    Failsafe failsafe() {
        return failsafe;
    }

    Duration awake() {
        return awake;
    }

    Settings settings() {
        return settings;
    }

    void start() {
        node.later(this, world.between(50, 1_000), this::turn);
        node.later(this, world.between(50, 300), keeper::turn);
        node.later(this, 100, this::guard);
        node.later(this, 5_000, this::probe);
    }

    void slept() {
        awake = node.time();
    }

    void stop() {
        stopping = true;
    }

    Timers timers() {
        return protocol.timers(keeper.lease());
    }

    Duration fuse(Timers of) {
        return node.flawed(Parts.Flaw.LATE_FUSE) ? of.lease().multipliedBy(2) : of.fuse();
    }

    void arm(Duration proof) {
        node.arm(Math.max(node.deadline, proof.plus(fuse(timers())).toMillis()));
    }

    void disarm() {
        node.arm(0);
    }

    void released() {
        if (!stopping) {
            memory.stepped(node.time());
        }
    }

    void remember(@Nullable LeaseView view) {
        if (view != null) {
            remembered = view.state();
            promise(node.disk.promise.remembering(view.state()));
        }
    }

    void promise(Promise next) {
        world.checks.promised(node, node.disk.promise.epoch(), next.epoch());
        node.disk.promise = next;
        memory.promised(next);
    }

    /** Whether PostgreSQL runs as a primary, or may be about to. */
    boolean serverMayRun() {
        Server server = node.server;
        return server != null && server.alive && !server.recovery || work.makesPrimary();
    }

    boolean replacesData() {
        return work.replaces();
    }

    void tearIfHalfDone() {
        work.tear();
    }

    /** Something happened: look soon. */
    void news() {
        if (turning) {
            node.later(this, world.between(0, 20), () -> look(false));
        }
    }

    private void turn() {
        turning = true;
        look(true);
    }

    private void look(boolean again) {
        settings = world.happens(0.1) ? world.plot.settings() : settings;
        Observation seen = observe();
        Decision decision = protocol.decide(seen);
        memory.decided(seen, decision);
        keeper.wish(decision.lease(), seen.server().process() ? Duration.ZERO : serverGone);
        if (decision.kill().isPresent() && node.server != null) {
            world.tell("%d: kills: %s", me.ordinal(), decision.kill().get());
            killServer();
        }
        decision.job()
                .filter(job -> !(job instanceof Job.StartPrimary || job instanceof Job.Promote)
                        || memory.leaving().equals(seen.knowledge().leaving()))
                .ifPresent(work::begin);
        decision.chore().ifPresent(work::begin);
        for (Ask ask : decision.asks()) {
            ask(ask);
        }
        decision.report().answers().forEach(answered -> world.plot.answered(answered.id()));
        if (decision.exit()) {
            node.newPod();
            node.endContainer();
            return;
        }
        if (again) {
            boolean settled = seen.running().isEmpty() && seen.server().accepting();
            node.later(this, world.between(settled ? 300 : 60, settled ? 1_000 : 140), this::turn);
        }
    }

    void killServer() {
        if (node.server != null) {
            node.server.end(false);
            node.server = null;
        }
        work.cancelStart();
    }

    private Observation observe() {
        Optional<Job> running = work.running();
        boolean making = running.filter(job -> job instanceof Job.Clone || job instanceof Job.Initdb)
                .isPresent();
        Server server = node.server;
        ServerState state = server == null || making || !server.alive ? ServerState.none() : server.state();
        if (serverWas && !state.process()) {
            serverGone = node.time();
        }
        serverWas = state.process();
        memory.server(
                state,
                keeper.lease()
                        .map(lease -> lease.state().sync())
                        .map(Sync::acknowledgements)
                        .orElse(0),
                node.time());
        return new Observation(
                node.time(),
                Optional.of(settings),
                keeper.lease(),
                keeper.seen(),
                keeper.proof(),
                Optional.ofNullable(remembered),
                serverGone,
                making || node.disk.torn ? Optional.empty() : Optional.of(node.disk.state()),
                state,
                server == null ? null : server.following,
                running,
                work.chore(),
                work.failures(),
                work.slots(),
                slotsKept,
                false,
                stopping,
                memory.knowledge());
    }

    void slotsKept() {
        slotsKept = node.time();
    }

    private void guard() {
        Server server = node.server;
        boolean primary = server != null && server.alive && !server.recovery;
        Optional<Duration> proof = java.util.stream.Stream.concat(
                        keeper.proof().stream(), failsafe.proof().stream().filter(sent -> sent.compareTo(awake) > 0))
                .max(Duration::compareTo);
        Fence fence = protocol.fence(keeper.lease(), proof, node.time());
        if (fence == Fence.Kill) {
            if (primary) {
                world.tell("%d: fenced", me.ordinal());
                killServer();
            } else if (!work.makesPrimary()
                    && keeper.lease()
                            .filter(lease -> lease.holder().equals(me.identity()))
                            .isEmpty()) {
                disarm();
            }
        } else if (fence == Fence.Stop && primary && server != null) {
            server.end(false);
            node.server = null;
        }
        node.later(this, 100, this::guard);
    }

    private void probe() {
        Server server = node.server;
        if (server != null && server.primary()) {
            memory.pulse(world.now < server.hungUntil ? Pulse.NoWrite : Pulse.Good, node.time());
        }
        node.later(this, 5_000, this::probe);
    }

    private void ask(Ask ask) {
        switch (ask) {
            case Ask.Votes votes -> {
                memory.asking(votes.request(), node.time());
                world.tell("%d: asks %s for votes: %s", me.ordinal(), votes.to(), votes.request());
                for (int to : votes.to()) {
                    Consumer<Peer.Vote> answer = vote -> world.send(
                            to,
                            me.ordinal(),
                            () -> node.whenAwake(this, () -> {
                                memory.voted(votes.request(), vote);
                                news();
                            }));
                    world.send(
                            me.ordinal(),
                            to,
                            () -> world.nodes.get(to).asked(target -> target.vote(votes.request(), answer)));
                }
            }
            case Ask.Nominate nominate ->
                world.send(
                        me.ordinal(),
                        nominate.to(),
                        () -> world.nodes.get(nominate.to()).asked(target -> {
                            target.memory.nominated(target.node.time());
                            target.news();
                        }));
            case Ask.Positions positions -> {
                for (int to : positions.to()) {
                    world.send(
                            me.ordinal(),
                            to,
                            () -> world.nodes.get(to).asked(target -> {
                                Server server = target.node.server;
                                if (server != null && server.runs() && server.accepting) {
                                    Peer.PositionAnswer answer = new Peer.PositionAnswer(
                                            java.util.Objects.requireNonNull(target.node.disk.branch)
                                                    .timeline(),
                                            Lsn.text(target.node.disk.lsn),
                                            server.receiving,
                                            new TreeMap<>());
                                    world.send(
                                            to,
                                            me.ordinal(),
                                            () -> node.whenAwake(this, () -> memory.told(to, answer, node.time())));
                                }
                            }));
                }
            }
            case Ask.HandOver handOver ->
                world.send(
                        me.ordinal(),
                        handOver.to(),
                        () -> world.nodes.get(handOver.to()).asked(target -> {
                            target.memory.handedTo(handOver.handOver());
                            target.news();
                        }));
            case Ask.Container container -> {
                if (node.clock() - containerAsked >= 500) {
                    containerAsked = node.clock();
                    world.api.containers(
                            me.ordinal(),
                            container.uid(),
                            ended -> node.whenAwake(this, () -> {
                                memory.ended(ended);
                                news();
                            }));
                }
            }
            // Members are reached by ordinal here, so nothing depends on it.
            case Ask.Addresses addresses ->
                addresses.of().forEach(member -> memory.located(member, Node.address(member)));
        }
    }

    /** A request for this member's vote: judged and written down in one step; then the receiver is stopped; then the position read. */
    void vote(Peer.VoteRequest request, Consumer<Peer.Vote> answer) {
        Verdict verdict = voter.vote(observe(), request);
        long epoch = node.disk.promise.epoch();
        if (verdict instanceof Verdict.Refuse refuse) {
            world.tell("%d: refuses %d its vote: %s", me.ordinal(), request.ordinal(), refuse.reason());
            answer.accept(new Peer.Vote(false, refuse.reason(), me.ordinal(), 0, null, false, false, epoch));
            return;
        }
        Promise promise = ((Verdict.Grant) verdict).promise();
        if (node.flawed(Parts.Flaw.PROMISE_NOT_SYNCED)) {
            memory.promised(promise);
        } else {
            promise(promise);
        }
        if (request.ordinal() != me.ordinal()) {
            memory.granted(request, node.time());
        }
        if (request.vacancy() == Peer.Vacancy.Missing) {
            answer.accept(new Peer.Vote(true, null, me.ordinal(), 0, null, true, false, promise.epoch()));
            return;
        }
        Server server = java.util.Objects.requireNonNull(node.server);
        long before = node.disk.lsn;
        int timelineBefore = java.util.Objects.requireNonNull(node.disk.branch).timeline();
        if (node.flawed(Parts.Flaw.POSITION_FIRST)) {
            node.later(this, world.between(5, 200), () -> {
                if (node.server == server && server.alive) {
                    server.stopReceiving();
                    answer.accept(new Peer.Vote(
                            true, null, me.ordinal(), timelineBefore, Lsn.text(before), true, false, epoch));
                }
            });
            return;
        }
        work.stopped();
        if (!node.flawed(Parts.Flaw.RECEIVER_GOES_ON)) {
            server.stopReceiving();
        }
        node.later(this, world.between(5, 60), () -> {
            if (node.server != server || !server.alive || !server.accepting || !server.recovery) {
                answer.accept(new Peer.Vote(false, "PostgreSQL ended", me.ordinal(), 0, null, false, false, epoch));
                return;
            }
            boolean exhausted = node.flawed(Parts.Flaw.NOT_EXHAUSTED) || !world.happens(0.02);
            long lsn = node.flawed(Parts.Flaw.NOT_EXHAUSTED) && world.happens(0.3) ? node.disk.known : node.disk.lsn;
            world.tell(
                    "%d: votes for %s at %s: %s:%d",
                    me.ordinal(), request.ordinal(), request.resourceVersion(), node.disk.branch, lsn);
            answer.accept(new Peer.Vote(
                    true,
                    null,
                    me.ordinal(),
                    java.util.Objects.requireNonNull(node.disk.branch).timeline(),
                    Lsn.text(lsn),
                    exhausted,
                    false,
                    promise.epoch()));
        });
    }

    void failsafe(Peer.Failsafe request, Consumer<Peer.FailsafeAnswer> answer) {
        Verdict verdict = voter.failsafe(observe(), request);
        switch (verdict) {
            case Verdict.Grant grant -> {
                promise(grant.promise());
                memory.accepted(request, grant.until());
                answer.accept(
                        new Peer.FailsafeAnswer(true, null, grant.promise().epoch(), keeper.apiAnswers(), me.ordinal())
                                .to(request));
            }
            case Verdict.Refuse refuse ->
                answer.accept(new Peer.FailsafeAnswer(
                        false, refuse.reason(), node.disk.promise.epoch(), keeper.apiAnswers(), me.ordinal()));
        }
    }
}
