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
 * Ends a PostgreSQL that may not go on as a primary (docs/internals/protocol.md 4); asks nobody, and waits only for what it kills. In this order, so
 * that there is no moment with a primary and without a fuse:
 *
 * <ol>
 *   <li>Kill all of it, and cancel the worker that may be starting it.
 *   <li>As long as that worker is not done it may yet make a process: then all of this again in the next turn, under the same fuse.
 *   <li>Otherwise kill what it made since, and only now disarm the fuse, unless a renewal that was not known yet armed it anew.
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

    /** Whether it ended PostgreSQL since the last call: then it did not die by itself. */
    public boolean tookAHand() {
        return ended.getAndSet(false);
    }

    /** Has every process of PostgreSQL killed, at once. */
    public void kill(String why) {
        if (wanted.isEmpty()) {
            wanted.add(why);
        }
    }

    /** Kills what may be left of a primary, so that the Lease can be given back; returns whether nothing is left and nothing can come. */
    public boolean end() {
        Optional<Job> start = worker.primary();
        if (start.isPresent()) {
            ended.set(true);
            finish(start.get());
        }
        return worker.primary().isEmpty();
    }

    /** When this machine last woke: no proof from before is worth anything. */
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
                // After a pause the renewal that is late may succeed in a moment; if it does not, there is still the
                // kill.
                if (start.isPresent() && !told && !pauses.waking(now.get())) {
                    LOG.error("no renewal of the Lease for too long: stopping PostgreSQL");
                    ended.set(true);
                    // Beside the guard: it runs a program, and that may hang with the disk.
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
                // Not when it was armed by a proof that is not known here yet.
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
