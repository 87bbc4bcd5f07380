package io.matriarch.instance.peers;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.facts.Position;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.ha.Observation;
import io.matriarch.instance.ha.Voter;
import io.matriarch.instance.ha.Voter.Verdict;
import io.matriarch.instance.lease.Promises;
import io.matriarch.instance.net.AgentServer;
import io.matriarch.instance.postgres.PostgresException;
import io.matriarch.instance.postgres.Replication;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the requests of other members; this member's own vote goes the same way. */
public final class Answers implements AgentServer.Peers {
    private static final Logger LOG = LoggerFactory.getLogger(Answers.class);
    /** How long stopping the receiver may take: the asking member waits a second for its answer. */
    private static final Duration STOPPING = Duration.ofMillis(800);

    private static final Duration CATCHING_UP = Duration.ofSeconds(10);

    private final Me me;
    private final Voter voter;
    private final Memory memory;
    private final Promises promises;
    private final Replication replication;
    private final Supplier<Observation> look;
    private final Supplier<Duration> now;
    private final Supplier<Boolean> apiAnswers;
    private final Runnable called;

    /**
     * @param look observes the present state, from any thread
     * @param apiAnswers whether the API server answers this member
     * @param called run when another member counts on this one: it must read the Lease and decide at once
     */
    public Answers(
            Me me,
            Voter voter,
            Memory memory,
            Promises promises,
            Replication replication,
            Supplier<Observation> look,
            Supplier<Duration> now,
            Supplier<Boolean> apiAnswers,
            Runnable called) {
        this.me = me;
        this.voter = voter;
        this.memory = memory;
        this.promises = promises;
        this.replication = replication;
        this.look = look;
        this.now = now;
        this.apiAnswers = apiAnswers;
        this.called = called;
    }

    @Override
    public Peer.Vote vote(Peer.VoteRequest request) {
        try {
            Verdict verdict = promises.settle(() -> voter.vote(look.get(), request), granted -> {
                if (request.ordinal() != me.ordinal()) {
                    memory.granted(request, now.get());
                }
            });
            if (verdict instanceof Verdict.Refuse refuse) {
                return refused(refuse.reason());
            }
            if (request.vacancy() == Peer.Vacancy.Missing) {
                return new Peer.Vote(true, null, me.ordinal(), 0, null, true, false, epoch());
            }
            Position position = replication.stopReceiving(STOPPING);
            LOG.info(
                    "votes for member {} and epoch {} (vacancy: {}): receives nothing, and has {} of timeline {}",
                    request.ordinal(),
                    request.epoch(),
                    request.vacancy(),
                    Lsn.text(position.lsn()),
                    position.timeline());
            return new Peer.Vote(
                    true,
                    null,
                    me.ordinal(),
                    position.timeline(),
                    Lsn.text(position.lsn()),
                    position.exhausted(),
                    position.delayed(),
                    epoch());
        } catch (IOException | PostgresException e) {
            LOG.warn("cannot vote for member {}: {}", request.ordinal(), e.getMessage());
            return refused(String.valueOf(e.getMessage()));
        }
    }

    private Peer.Vote refused(String reason) {
        return new Peer.Vote(false, reason, me.ordinal(), 0, null, false, false, epoch());
    }

    private long epoch() {
        return memory.knowledge().promise().epoch();
    }

    @Override
    public Peer.FailsafeAnswer failsafe(Peer.Failsafe question) {
        String reason;
        try {
            Verdict verdict = promises.settle(
                    () -> voter.failsafe(look.get(), question), grant -> memory.accepted(question, grant.until()));
            reason = verdict instanceof Verdict.Refuse refuse ? refuse.reason() : null;
        } catch (IOException e) {
            reason = String.valueOf(e.getMessage());
        }
        return new Peer.FailsafeAnswer(reason == null, reason, epoch(), apiAnswers.get(), me.ordinal()).to(question);
    }

    @Override
    public void nominate(Peer.Nomination nomination) {
        LOG.info("member {} says that this one has the newest data", nomination.ordinal());
        memory.nominated(now.get());
        called.run();
    }

    @Override
    public void news(Peer.News news) {
        called.run();
    }

    @Override
    public Peer.PositionAnswer position() throws IOException {
        ServerState server = look.get().server();
        try {
            if (!server.accepting()) {
                throw new IOException("PostgreSQL does not run here");
            }
            if (server.inRecovery()) {
                return new Peer.PositionAnswer(
                        server.timeline(),
                        Lsn.text(server.wal().end()),
                        server.receiving(),
                        Map.of(),
                        Lsn.text(server.wal().replayed()),
                        server.wal().replayed() < server.wal().end()
                                ? replication.held(STOPPING).orElse(null)
                                : null);
            }
            Map<Integer, String> slots = new TreeMap<>();
            replication.slots(STOPPING).forEach((ordinal, lsn) -> slots.put(ordinal, Lsn.text(lsn)));
            return new Peer.PositionAnswer(
                    server.timeline(), Lsn.text(server.wal().end()), false, slots);
        } catch (PostgresException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public void catchUp(Peer.CatchUp catchUp) {
        if (!look.get().server().inRecovery()) {
            return;
        }
        LOG.info("the primary is to hand over to this member: what holds replay up is ended, until {}", catchUp.lsn());
        Thread.ofVirtual().name("catch up").start(() -> {
            try {
                replication.catchUp(Lsn.parse(catchUp.lsn()), CATCHING_UP);
            } catch (PostgresException e) {
                LOG.warn("{}", e.getMessage());
            }
        });
    }

    @Override
    public void handOver(Peer.HandOver handOver) {
        LOG.info("the primary, which cannot reach the API server, hands over to this member");
        memory.handedTo(handOver);
        called.run();
    }
}
