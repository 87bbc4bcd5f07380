package io.matriarch.instance;

import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.postgres.PostgresException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does one job at a time, beside the loop. */
final class Worker {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final Work work;
    private final Runnable news;
    private final AtomicReference<@Nullable Job> running = new AtomicReference<>();
    private final AtomicReference<@Nullable Done> done = new AtomicReference<>();

    /** Carries a job out. */
    interface Work {
        void carryOut(Job job) throws PostgresException;
    }

    /** A job that ended, and why it failed, if it did. */
    record Done(Job job, Optional<Problem> problem) {}

    Worker(Work work, Runnable news) {
        this.work = work;
        this.news = news;
    }

    Optional<Job> running() {
        return Optional.ofNullable(running.get());
    }

    /** The job that ended since the last call. */
    Optional<Done> take() {
        return Optional.ofNullable(done.getAndSet(null));
    }

    void begin(Job job) {
        running.set(job);
        LOG.debug("begins: {}", job);
        Thread.ofVirtual().name("work").start(() -> {
            Optional<Problem> problem = Optional.empty();
            try {
                work.carryOut(job);
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
        });
    }
}
