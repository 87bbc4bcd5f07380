package io.matriarch.instance;

import io.matriarch.instance.ha.Decision.Fence;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.postgres.Postgres;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a PostgreSQL that may not go on as a primary (ha.md 7.4); asks nobody, and waits only for what it kills. In this order, so that there is
 * no moment with a primary and without a fuse:
 *
 * <ol>
 *   <li>Kill all of it, and cancel the worker that may be starting it.
 *   <li>As long as that worker is not done it may yet make a process: then all of this again in the next turn, under the same fuse.
 *   <li>Otherwise kill what it made since, and only now disarm the fuse, unless a renewal that was not known yet armed it anew.
 * </ol>
 */
final class Guard {
    private static final Logger LOG = LoggerFactory.getLogger(Guard.class);
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final Postgres postgres;
    private final Worker worker;
    private final Supplier<LeaseKeeper.Snapshot> lease;
    private final Suspension suspension;
    private final Protocol protocol;
    private final FuseDeadline fuse;
    private final Supplier<Duration> now;
    private final Runnable news;
    private final AtomicBoolean ended = new AtomicBoolean();
    private Duration awake = Duration.ZERO;
    private boolean told;

    Guard(
            Postgres postgres,
            Worker worker,
            Supplier<LeaseKeeper.Snapshot> lease,
            Suspension suspension,
            Protocol protocol,
            FuseDeadline fuse,
            Supplier<Duration> now,
            Runnable news) {
        this.postgres = postgres;
        this.worker = worker;
        this.lease = lease;
        this.suspension = suspension;
        this.protocol = protocol;
        this.fuse = fuse;
        this.now = now;
        this.news = news;
    }

    void start() {
        Thread.ofPlatform().daemon().name("guard").start(this::run);
    }

    private void run() {
        while (true) {
            try {
                Thread.sleep(PAUSE);
                turn();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.error("the guard failed; the fuse goes on", e);
            }
        }
    }

    /** Whether it ended PostgreSQL since the last call: then it did not die by itself. */
    boolean tookAHand() {
        return ended.getAndSet(false);
    }

    void turn() {
        Optional<Job> start = worker.primary();
        LeaseKeeper.Snapshot known = lease.get();
        if (suspension.happened()) {
            LOG.error("this machine slept: no proof from before is worth anything");
            awake = now.get();
        }
        Optional<Duration> proof = known.proof().filter(sent -> sent.compareTo(awake) > 0);
        Fence fence = protocol.fence(known.lease(), proof, now.get());
        switch (fence) {
            case None -> told = false;
            case Stop -> {
                if (start.isPresent() && !told) {
                    LOG.error("no renewal of the Lease for too long: stopping PostgreSQL");
                    ended.set(true);
                    // Beside the guard: it runs a program, and that may hang with the disk.
                    Thread.ofVirtual().name("stop").start(postgres::stopNow);
                    told = true;
                }
            }
            case Kill -> {
                told = false;
                if (start.isEmpty()) {
                    fuse.disarmUpTo(known.armed());
                } else {
                    ended.set(true);
                    LOG.error("not the Lease's holder, or no proof of it for too long: killing PostgreSQL");
                    kill(start.get(), known.armed());
                }
            }
        }
    }

    private void kill(Job start, Duration armed) {
        worker.cancel(start);
        postgres.kill();
        if (worker.running().filter(job -> job == start).isPresent()) {
            return;
        }
        postgres.kill();
        worker.primaryIsGone(start);
        fuse.disarmUpTo(armed);
        news.run();
    }
}
