package io.matriarch.instance.loop;

import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.lease.Promises;
import io.matriarch.instance.net.PeerClient;
import io.matriarch.instance.postgres.Postgres;
import io.matriarch.instance.postgres.PostgresException;
import io.matriarch.instance.postgres.Replication;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The jobs of failover, as specified in docs/contract.md, "What an agent carries out"; their results go to {@link Memory}. */
public final class FailoverJobs {
    private static final Logger LOG = LoggerFactory.getLogger(FailoverJobs.class);
    private static final Duration LOOK = Duration.ofSeconds(2);
    private static final Duration ENDING = Duration.ofSeconds(2);
    private static final Duration CONFIRMING = Duration.ofSeconds(3);
    private static final Duration POLL = Duration.ofMillis(20);

    private final Postgres postgres;
    private final Replication replication;
    private final Memory memory;
    private final Promises promises;
    private final PeerClient peers;
    private final Function<Integer, Optional<String>> address;
    private final Supplier<Duration> now;
    private final Duration stopping;

    /**
     * @param address of a member, as the Lease has it
     * @param stopping how long a shutdown may take
     */
    public FailoverJobs(
            Postgres postgres,
            Replication replication,
            Memory memory,
            Promises promises,
            PeerClient peers,
            Function<Integer, Optional<String>> address,
            Supplier<Duration> now,
            Duration stopping) {
        this.postgres = postgres;
        this.replication = replication;
        this.memory = memory;
        this.promises = promises;
        this.peers = peers;
        this.address = address;
        this.now = now;
        this.stopping = stopping;
    }

    void startPrimary(Settings settings, Job.StartPrimary start) throws PostgresException {
        memory.begins();
        if (start.behindGate()) {
            memory.gated(replication.startBehindGate(settings, start.epoch()));
        } else {
            postgres.startPrimary(settings, start.epoch());
        }
    }

    void promote(Job.Promote promote) throws PostgresException {
        memory.begins();
        memory.history(replication.promote(promote.epoch(), promote.timeline()));
    }

    void promise(java.util.function.UnaryOperator<Promise> change) throws PostgresException {
        try {
            promises.change(change);
        } catch (IOException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.VolumeError, "cannot write promise.json: " + e.getMessage()), e);
        }
    }

    void rewind(Settings settings, Job.Rewind rewind) throws PostgresException {
        postgres.stop(stopping);
        replication.rewind(settings, rewind.address(), rewind.timeline());
    }

    void discard(Job.Discard discard) throws PostgresException {
        postgres.stop(stopping);
        promise(former -> former.rebuilding(discard.request()));
        postgres.discard();
    }

    void synchronize(int acknowledgements, List<Integer> voters) throws PostgresException {
        try {
            replication.synchronous(acknowledgements, voters);
            memory.synchronizing(new Sync(acknowledgements, voters));
        } catch (PostgresException e) {
            memory.synchronizingUnknown();
            throw e;
        }
    }

    void confirm(Job.Confirm confirm, int own) throws PostgresException {
        long lsn = replication.synchronous(confirm.acknowledgements(), confirm.voters());
        List<Integer> others =
                confirm.voters().stream().filter(voter -> voter != own).toList();
        Duration end = now.get().plus(CONFIRMING);
        while (lsn == 0 || replication.flushed(others, lsn, LOOK).size() < confirm.acknowledgements()) {
            if (lsn == 0 || now.get().compareTo(end) > 0) {
                throw new PostgresException(new Problem(
                        Problem.Reason.ReplicasBehind,
                        "%d of the replicas %s must have everything before commits wait for them; they have not yet"
                                .formatted(confirm.acknowledgements(), others)));
            }
            pause();
        }
        memory.confirmed(new Sync(confirm.acknowledgements(), confirm.voters()));
    }

    /**
     * Once the shutdown checkpoint is written, the remaining processes, such as an archiver, write nothing; they are not waited for. Meanwhile
     * this asks the members for their positions: once all of them have everything, there is nothing left to wait for.
     */
    void handOver(Job.HandOver handOver) throws PostgresException {
        // Checkpoint while clients still write, and before waiting for replay: the longer it takes, the more there is
        // to replay.
        replication.checkpoint();
        new Successors(peers, memory, address, now)
                .await(handOver, postgres.observe(LOOK).wal().end());
        long lsn = replication.handOver(handOver.members());
        Duration stopped = now.get();
        CountDownLatch behind = new CountDownLatch(handOver.members().size());
        for (int member : handOver.members()) {
            Thread.ofVirtual().name("ask").start(() -> askUntilComplete(member, lsn, stopped, behind));
        }
        while (postgres.runs()
                && behind.getCount() > 0
                && now.get().minus(stopped).compareTo(ENDING) < 0) {
            pause();
        }
        postgres.kill();
        memory.handedOver(lsn, stopped);
    }

    private void askUntilComplete(int member, long lsn, Duration stopped, CountDownLatch behind) {
        try {
            String there = address.apply(member).orElseThrow(() -> new IOException("no address"));
            while (now.get().minus(stopped).compareTo(ENDING) < 0) {
                Peer.PositionAnswer answer = peers.position(there);
                memory.told(member, answer, now.get());
                if (Lsn.parse(answer.lsn()) > lsn) {
                    behind.countDown();
                    return;
                }
                pause();
            }
        } catch (IOException | PostgresException e) {
            LOG.debug(
                    "{} does not say how far it is: {}", member, e.getMessage()); // the loop asks again, if it matters
        }
    }

    void checkpoint() throws PostgresException {
        int timeline = postgres.observe(LOOK).timeline();
        replication.checkpoint();
        memory.checkpointed(timeline);
    }

    void copySlots(int primary) throws PostgresException {
        try {
            String there =
                    address.apply(primary).orElseThrow(() -> new IOException("the Lease does not say where it is"));
            Map<Integer, Long> positions = new TreeMap<>();
            peers.position(there).slots().forEach((ordinal, lsn) -> positions.put(ordinal, Lsn.parse(lsn)));
            replication.copySlots(positions);
            memory.slotsCopied(now.get());
        } catch (IOException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.SlotsFailed, "cannot ask the primary for its slots: " + e.getMessage()),
                    e);
        }
    }

    void userSlots() throws PostgresException {
        memory.slots(replication.userSlots(), now.get());
    }

    private static void pause() throws PostgresException {
        try {
            Thread.sleep(POLL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PostgresException(
                    new Problem(Problem.Reason.Interrupted, "interrupted by the end of this pod"), e);
        }
    }
}
