package io.matriarch.instance.loop;

import io.matriarch.instance.fence.PrimaryWork;
import io.matriarch.instance.ha.Job;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lane of the jobs, which knows whether PostgreSQL was last started as a primary. */
public final class Worker implements PrimaryWork {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final Lane<Job> lane;
    private final BooleanSupplier armed;
    private @Nullable Job primary;

    /**
     * @param armed whether the fuse is armed: without it, nothing becomes a primary
     */
    public Worker(Lane.Work<Job> work, BooleanSupplier armed, Runnable news) {
        this.armed = armed;
        this.lane = new Lane<>(
                "work",
                job -> {
                    work.carryOut(job);
                    if (job.endsPrimary()) {
                        noPrimary();
                    }
                },
                news);
    }

    @Override
    public Optional<Job> running() {
        return lane.running();
    }

    /** The job that has ended since the last call. */
    Optional<Lane.Done<Job>> take() {
        return lane.take();
    }

    @Override
    public synchronized Optional<Job> primary() {
        return Optional.ofNullable(primary);
    }

    @Override
    public synchronized void primaryIsGone(Job start) {
        if (primary == start) {
            primary = null;
        }
    }

    @Override
    public synchronized void withoutPrimary(Runnable what) {
        if (primary == null) {
            what.run();
        }
    }

    private synchronized void noPrimary() {
        primary = null;
    }

    /** Records that a job makes a primary, provided that the fuse is armed, which would end that primary. */
    private synchronized boolean makesPrimary(Job job) {
        if (!armed.getAsBoolean()) {
            return false;
        }
        primary = job;
        return true;
    }

    @Override
    public void cancel(Job job) {
        lane.cancel(job);
    }

    /** Starts a job; none may be running. A job that makes a primary does not start without the fuse. */
    public void begin(Job job) {
        if (job instanceof Job.StartsPrimary && !makesPrimary(job)) {
            LOG.warn("not begun, as the fuse is not armed: {}", job);
            return;
        }
        lane.begin(job);
    }
}
