package io.matriarch.instance;

import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.postgres.PostgresException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does one job at a time, beside the loop, and knows whether PostgreSQL was last started as a primary. */
final class Worker {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final Work work;
    private final Runnable news;
    private final AtomicReference<@Nullable Running> running = new AtomicReference<>();
    private final AtomicReference<@Nullable Done> done = new AtomicReference<>();
    private final AtomicReference<@Nullable Job> primary = new AtomicReference<>();

    /** Carries a job out. */
    interface Work {
        void carryOut(Job job) throws PostgresException;
    }

    /** A job that ended, and why it failed, if it did. */
    record Done(Job job, Optional<Problem> problem) {}

    private record Running(Job job, Thread thread) {}

    Worker(Work work, Runnable news) {
        this.work = work;
        this.news = news;
    }

    Optional<Job> running() {
        return Optional.ofNullable(running.get()).map(Running::job);
    }

    /** The job that ended since the last call. */
    Optional<Done> take() {
        return Optional.ofNullable(done.getAndSet(null));
    }

    /** The job that makes, or made, PostgreSQL a primary: from before its first process until after its last one. */
    Optional<Job> primary() {
        return Optional.ofNullable(primary.get());
    }

    /** Every process that this job led to is dead, and it makes no more of them. */
    void primaryIsGone(Job start) {
        primary.compareAndSet(start, null);
    }

    /** Interrupts this job, if it is the one that runs; it ends as failed. */
    void cancel(Job job) {
        Running current = running.get();
        if (current != null && current.job() == job) {
            current.thread().interrupt();
        }
    }

    /** Begins a job; none may be running. */
    void begin(Job job) {
        if (job instanceof Job.StartPrimary) {
            primary.set(job);
        }
        LOG.debug("begins: {}", job);
        Thread thread = Thread.ofVirtual().name("work").unstarted(() -> carryOut(job));
        running.set(new Running(job, thread));
        thread.start();
    }

    private void carryOut(Job job) {
        Optional<Problem> problem = Optional.empty();
        try {
            work.carryOut(job);
            if (job instanceof Job.Stop || job instanceof Job.StartReplica) {
                primary.set(null);
            }
        } catch (PostgresException e) {
            problem = Optional.of(e.problem());
            LOG.warn("{} failed: {}", job, e.getMessage());
        } catch (RuntimeException e) {
            problem = Optional.of(new Problem("AgentError", job + ": " + e));
            LOG.error("{} failed", job, e);
        }
        done.set(new Done(job, problem));
        running.set(null);
        news.run();
    }
}
