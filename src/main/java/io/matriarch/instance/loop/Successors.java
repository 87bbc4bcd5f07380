package io.matriarch.instance.loop;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Problem;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.net.PeerClient;
import io.matriarch.instance.postgres.PostgresException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Before a primary stops so that another member takes over, that member must show that its replay keeps up: it would replay the rest of what it
 * has received while nobody can write, and a report that runs there can delay replay for as long as max_standby_streaming_delay.
 * pg_stat_replication does not show the replay position in time (a receiver reports at most every wal_receiver_status_interval when no WAL
 * arrives), so the primary asks the member itself.
 */
public final class Successors {
    private static final Logger LOG = LoggerFactory.getLogger(Successors.class);
    private static final Duration GENTLY = Duration.ofSeconds(1);
    private static final Duration UNASKED = Duration.ofSeconds(3);
    private static final Duration INSISTING = Duration.ofSeconds(10);
    private static final Duration ENDING = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final long NEAR = 16L << 20;

    private final PeerClient peers;
    private final Memory memory;
    private final Function<Integer, Optional<String>> address;
    private final Supplier<Duration> now;
    private final Map<Integer, Peer.PositionAnswer> last = new ConcurrentHashMap<>();
    private final CountDownLatch ready = new CountDownLatch(1);

    Successors(PeerClient peers, Memory memory, Function<Integer, Optional<String>> address, Supplier<Duration> now) {
        this.peers = peers;
        this.memory = memory;
        this.address = address;
        this.now = now;
    }

    /**
     * Returns when one of the possible successors has replayed up to {@code end}, or when the time to wait for that is over.
     *
     * @throws PostgresException {@code ReplayBehind}: none has, and nothing was done
     */
    void await(Job.HandOver handOver, long end) throws PostgresException {
        Job.Terms terms = handOver.terms();
        List<Integer> asked = terms.to() == null ? handOver.members() : List.of(terms.to());
        Duration patience = !terms.endSessions() ? UNASKED : terms.insists() ? INSISTING : ENDING;
        Duration began = now.get();
        for (int member : asked) {
            boolean first = member == asked.getFirst();
            Thread.ofVirtual().name("ask").start(() -> ask(member, end, began, patience, terms.endSessions() && first));
        }
        try {
            if (ready.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PostgresException(
                    new Problem(Problem.Reason.Interrupted, "interrupted by the end of this pod"), e);
        } finally {
            ready.countDown();
        }
        String why = asked.stream().map(member -> why(member, end)).collect(Collectors.joining("; "));
        if (!terms.insists()) {
            throw new PostgresException(
                    new Problem(
                            Problem.Reason.ReplayBehind,
                            "refused before writes stopped, because the next primary would have replayed for too long: %s. %s"
                                    .formatted(
                                            why,
                                            terms.endSessions()
                                                    ? "Ask again, with another id, once it has caught up"
                                                    : "Wait for that or end it, and ask again with another id; or let the hand-over end it: add the word endSessions to the annotation")));
        }
        LOG.warn("hands over although replay is behind: {}", why);
    }

    private String why(int member, long end) {
        Peer.PositionAnswer answer = last.get(member);
        if (answer == null) {
            return "member %d does not answer".formatted(member);
        }
        String held = answer.held();
        return held == null
                ? "member %d still has %d bytes to replay".formatted(member, end - replayed(answer))
                : "member %d: %s".formatted(member, held);
    }

    private static long replayed(Peer.PositionAnswer answer) {
        return Lsn.parse(Objects.requireNonNullElse(answer.replayed(), answer.lsn()));
    }

    private void ask(int member, long end, Duration began, Duration patience, boolean ends) {
        boolean told = false;
        while (ready.getCount() > 0 && now.get().minus(began).compareTo(patience) < 0) {
            try {
                String there = address.apply(member).orElseThrow(() -> new IOException("no address"));
                Peer.PositionAnswer answer = peers.position(there);
                memory.told(member, answer, now.get());
                last.put(member, answer);
                if (replayed(answer) >= end && Lsn.parse(answer.lsn()) - replayed(answer) < NEAR) {
                    ready.countDown();
                } else if (ends && !told && now.get().minus(began).compareTo(GENTLY) >= 0) {
                    peers.catchUp(there, new Peer.CatchUp(Lsn.text(end)));
                    told = true;
                }
                Thread.sleep(POLL);
            } catch (IOException e) {
                LOG.debug("{} does not say how far it has replayed: {}", member, e.getMessage());
                LockSupport.parkNanos(POLL.toNanos());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
