package io.matriarch.instance.loop;

import io.matriarch.api.contract.Problem;
import io.matriarch.instance.ha.Task;
import io.matriarch.instance.postgres.PostgresException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one task at a time, on a thread of its own, beside the loop and beside every other lane. */
public final class Lane<T extends Task> {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    private final String name;
    private final Work<T> work;
    private final Runnable news;
    private final AtomicReference<@Nullable Running<T>> running = new AtomicReference<>();
    private final AtomicReference<@Nullable Done<T>> done = new AtomicReference<>();

    /** Carries a task out. */
    public interface Work<T> {
        void carryOut(T task) throws PostgresException;
    }

    /** A task that ended, and why it failed, if it failed. */
    record Done<T>(T task, Optional<Problem> problem) {}

    private record Running<T>(T task, Thread thread) {}

    /**
     * @param news run when a task has ended
     */
    public Lane(String name, Work<T> work, Runnable news) {
        this.name = name;
        this.work = work;
        this.news = news;
    }

    Optional<T> running() {
        return Optional.ofNullable(running.get()).map(Running::task);
    }

    /** The task that has ended since the last call. */
    Optional<Done<T>> take() {
        return Optional.ofNullable(done.getAndSet(null));
    }

    /** Interrupts this task, if it is running; it then ends as failed. */
    void cancel(T task) {
        Running<T> current = running.get();
        if (current != null && current.task() == task) {
            current.thread().interrupt();
        }
    }

    /** Starts a task; none may be running. */
    void begin(T task) {
        LOG.debug("begins: {}", task);
        Thread thread = Thread.ofVirtual().name(name).unstarted(() -> carryOut(task));
        running.set(new Running<>(task, thread));
        thread.start();
    }

    private void carryOut(T task) {
        Optional<Problem> problem = Optional.empty();
        try {
            work.carryOut(task);
        } catch (PostgresException e) {
            problem = Optional.of(e.problem());
            LOG.warn("{} failed: {}", task, e.getMessage());
        } catch (RuntimeException e) {
            problem = Optional.of(new Problem(Problem.Reason.AgentError, task + ": " + e));
            LOG.error("{} failed", task, e);
        }
        done.set(new Done<>(task, problem));
        running.set(null);
        news.run();
    }
}
