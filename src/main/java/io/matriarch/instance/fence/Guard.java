package io.matriarch.instance.fence;

import io.matriarch.instance.ha.Decision.Fence;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.LeaseSnapshot;
import io.matriarch.instance.ha.Protocol;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a PostgreSQL that must not continue as a primary (docs/internals/protocol.md 4). It asks no other program or member, and waits only for
 * what it kills. It works in this order, so that a primary never runs without a fuse:
 *
 * <ol>
 *   <li>It kills every process of PostgreSQL, and cancels the worker that may be starting it.
 *   <li>As long as that worker is not done, it may still create a process: then the guard does all of this again in its next turn, under the same
 *       fuse.
 *   <li>Otherwise it kills what the worker created since. Only now does it disarm the fuse, unless a renewal that it did not know of has armed the
 *       fuse again.
 * </ol>
 */
public final class Guard {
    private static final Logger LOG = LoggerFactory.getLogger(Guard.class);
    public static final Duration PAUSE = Duration.ofMillis(100);

    private final Killable postgres;
    private final PrimaryWork worker;
    private final Supplier<LeaseSnapshot> lease;
    private final Supplier<Optional<Duration>> failsafe;
    private final Suspension suspension;
    private final Protocol protocol;
    private final FuseDeadline fuse;
    private final Supplier<Duration> now;
    private final Runnable news;
    private final Pauses pauses;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final LinkedBlockingQueue<String> wanted = new LinkedBlockingQueue<>();
    private volatile Duration awake = Duration.ZERO;
    private boolean told;

    /** @param failsafe the last proof by the other members' promises */
    public Guard(
            Killable postgres,
            PrimaryWork worker,
            Supplier<LeaseSnapshot> lease,
            Supplier<Optional<Duration>> failsafe,
            Suspension suspension,
            Protocol protocol,
            FuseDeadline fuse,
            Supplier<Duration> now,
            Runnable news,
            Pauses pauses) {
        this.postgres = postgres;
        this.worker = worker;
        this.lease = lease;
        this.failsafe = failsafe;
        this.suspension = suspension;
        this.protocol = protocol;
        this.fuse = fuse;
        this.now = now;
        this.news = news;
        this.pauses = pauses;
    }

    public void start() {
        Thread.ofPlatform().daemon().name("guard").start(this::run);
    }

    private void run() {
        while (true) {
            try {
                pauses.sleeps(now.get());
                String why = wanted.poll(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
                pauses.wakes(now.get()).ifPresent(LOG::warn);
                if (why != null) {
                    LOG.error("killing PostgreSQL: {}", why);
                    ended.set(true);
                    end();
                    postgres.kill();
                    news.run();
                }
                turn();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.error("the guard failed; the fuse goes on", e);
            }
        }
    }

    /** Whether the guard ended PostgreSQL since the last call: then PostgreSQL did not die by itself. */
    public boolean tookAHand() {
        return ended.getAndSet(false);
    }

    /** Requests that every process of PostgreSQL be killed at once. */
    public void kill(String why) {
        if (wanted.isEmpty()) {
            wanted.add(why);
        }
    }

    /** Kills what may be left of a primary, so that the Lease can be given back. Returns whether no process is left and none can still start. */
    public boolean end() {
        Optional<Job> start = worker.primary();
        if (start.isPresent()) {
            ended.set(true);
            finish(start.get());
        }
        return worker.primary().isEmpty();
    }

    /** When this machine last woke: proofs from before are worthless. */
    public Duration awake() {
        return awake;
    }

    void turn() {
        Optional<Job> start = worker.primary();
        LeaseSnapshot known = lease.get();
        if (suspension.happened()) {
            LOG.error("this machine slept: no proof from before is worth anything");
            awake = now.get();
        }
        Optional<Duration> last =
                Stream.concat(known.proof().stream(), failsafe.get().stream()).max(Duration::compareTo);
        Optional<Duration> proof = last.filter(sent -> sent.compareTo(awake) > 0);
        Fence fence = protocol.fence(known.lease(), proof, now.get());
        switch (fence) {
            case None -> told = false;
            case Stop -> {
                // After a pause, the late renewal may succeed in a moment; if it does not, the kill still follows.
                if (start.isPresent() && !told && !pauses.waking(now.get())) {
                    LOG.error("no renewal of the Lease for too long: stopping PostgreSQL");
                    ended.set(true);
                    // On a thread of its own: it runs a program, which may hang with the disk.
                    Thread.ofVirtual().name("stop").start(postgres::stopNow);
                    told = true;
                }
            }
            case Kill -> {
                told = false;
                if (start.isPresent()) {
                    ended.set(true);
                    LOG.error("not the Lease's holder, or no proof of it for too long: killing PostgreSQL");
                    finish(start.get());
                    news.run();
                }
                // Does not disarm a fuse that was armed by a proof that is not known here yet.
                Duration upTo = last.orElse(Duration.ZERO)
                        .plus(protocol.timers(known.lease()).fuse());
                worker.withoutPrimary(() -> fuse.disarmUpTo(upTo));
            }
        }
    }

    private void finish(Job start) {
        worker.cancel(start);
        postgres.kill();
        if (worker.running().filter(job -> job == start).isPresent()) {
            return;
        }
        postgres.kill();
        worker.primaryIsGone(start);
    }
}
