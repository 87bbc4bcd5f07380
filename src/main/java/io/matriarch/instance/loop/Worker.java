package io.matriarch.instance.loop;

import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.instance.fence.PrimaryWork;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.postgres.PostgresException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does one job at a time, beside the loop, and knows whether PostgreSQL was last started as a primary. */
public final class Worker implements PrimaryWork {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final Work work;
    private final BooleanSupplier armed;
    private final Runnable news;
    private final AtomicReference<@Nullable Running> running = new AtomicReference<>();
    private final AtomicReference<@Nullable Done> done = new AtomicReference<>();
    private @Nullable Job primary;

    /** Carries a job out. */
    public interface Work {
        void carryOut(Job job) throws PostgresException;
    }

    /** A job that ended, and why it failed, if it did. */
    record Done(Job job, Optional<Problem> problem) {}

    private record Running(Job job, Thread thread) {}

    /** @param armed whether the fuse burns: without it nothing becomes a primary */
    public Worker(Work work, BooleanSupplier armed, Runnable news) {
        this.work = work;
        this.armed = armed;
        this.news = news;
    }

    @Override
    public Optional<Job> running() {
        return Optional.ofNullable(running.get()).map(Running::job);
    }

    /** The job that ended since the last call. */
    Optional<Done> take() {
        return Optional.ofNullable(done.getAndSet(null));
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

    /** Takes note of a primary to be, if the fuse burns that would end it. */
    private synchronized boolean makesPrimary(Job job) {
        if (!armed.getAsBoolean()) {
            return false;
        }
        primary = job;
        return true;
    }

    @Override
    public void cancel(Job job) {
        Running current = running.get();
        if (current != null && current.job() == job) {
            current.thread().interrupt();
        }
    }

    /** Begins a job; none may be running. One that makes a primary does not begin without the fuse. */
    public void begin(Job job) {
        boolean leads = job instanceof Job.StartPrimary || job instanceof Job.Promote;
        if (leads && !makesPrimary(job)) {
            LOG.warn("not begun, as the fuse is not armed: {}", job);
            return;
        }
        LOG.debug("begins: {}", job);
        Thread thread = Thread.ofVirtual().name("work").unstarted(() -> carryOut(job));
        running.set(new Running(job, thread));
        thread.start();
    }

    /** Whether no process of a former primary is left when the job has succeeded. */
    private static boolean endsPrimary(Job job) {
        return job instanceof Job.Stop
                || job instanceof Job.StartReplica
                || job instanceof Job.HandOver
                || job instanceof Job.Rewind
                || job instanceof Job.Discard;
    }

    private void carryOut(Job job) {
        Optional<Problem> problem = Optional.empty();
        try {
            work.carryOut(job);
            if (endsPrimary(job)) {
                noPrimary();
            }
        } catch (PostgresException e) {
            problem = Optional.of(e.problem());
            LOG.warn("{} failed: {}", job, e.getMessage());
        } catch (RuntimeException e) {
            problem = Optional.of(new Problem(Problem.Reason.AgentError, job + ": " + e));
            LOG.error("{} failed", job, e);
        }
        done.set(new Done(job, problem));
        running.set(null);
        news.run();
    }
}
