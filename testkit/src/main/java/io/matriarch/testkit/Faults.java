package io.matriarch.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** What goes wrong, and what was written: the log that tests hold the operator against. */
public final class Faults {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Write> writes = new ArrayList<>();
    private final List<Refusal> refusals = new ArrayList<>();
    private int failing = -1;
    private Failure how = Failure.NotDone;
    private Predicate<Write> counted = write -> true;
    private final Watches watches;
    private volatile Duration latency = Duration.ZERO;
    private volatile boolean frozen;
    private double share;
    private Random chance = new Random(0);

    Faults(Watches watches) {
        this.watches = watches;
    }

    /** How a write fails: before it is carried out, or after, so that only its answer is lost. */
    enum Failure {
        NotDone,
        AnswerLost
    }

    /**
     * A write that arrived.
     *
     * @param client user agent of who wrote
     */
    public record Write(String verb, String kind, String namespace, String name, String subresource, String client) {}

    /** Admission control of a test's. */
    private record Refusal(Predicate<Write> which, int code, String reason, String message) {}

    /**
     * The n-th write from now on that {@code which} admits fails.
     *
     * @param n from 0
     * @param lostAnswer true: it is carried out, and the answer is an error all the same
     */
    public void failWrite(int n, boolean lostAnswer, Predicate<Write> which) {
        lock.lock();
        try {
            failing = n;
            how = lostAnswer ? Failure.AnswerLost : Failure.NotDone;
            counted = which;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the write that shall fail has come. */
    public boolean failed() {
        lock.lock();
        try {
            return failing < 0;
        } finally {
            lock.unlock();
        }
    }

    /** Refuses such writes from now on, as a quota or a policy would. */
    public void refuse(Predicate<Write> which, String message) {
        refuse(which, 403, "Forbidden", message);
    }

    /** Answers such writes with this error from now on. */
    public void refuse(Predicate<Write> which, int code, String reason, String message) {
        lock.lock();
        try {
            refusals.add(new Refusal(which, code, reason, message));
        } finally {
            lock.unlock();
        }
    }

    /** Each request takes this much longer. */
    public void latency(Duration time) {
        latency = time;
    }

    /** Open watches end, as when a connection breaks. */
    public void endWatches() {
        watches.end();
    }

    /** Watches say nothing while held, so that caches grow stale; afterwards they say all of it. */
    public void holdWatches(boolean on) {
        watches.hold(on);
    }

    /** Nobody gets an answer while frozen. What was asked meanwhile is carried out afterwards, whoever still waits for it. */
    public void freeze(boolean on) {
        frozen = on;
        watches.hold(on);
    }

    /**
     * From now on this share of all requests fails, watches left out: reads with an error, writes without being carried out or, as often, with
     * only their answer lost. 0 ends it.
     */
    public void failSome(double shareOfAll, long seed) {
        lock.lock();
        try {
            share = shareOfAll;
            chance = new Random(seed);
        } finally {
            lock.unlock();
        }
    }

    /** Whether a read that arrives fails. */
    boolean readFails() {
        lock.lock();
        try {
            return share > 0 && chance.nextDouble() < share;
        } finally {
            lock.unlock();
        }
    }

    void delay() {
        while (frozen) {
            LockSupport.parkNanos(10_000_000);
        }
        if (!latency.isZero()) {
            LockSupport.parkNanos(latency.toNanos());
        }
    }

    public void refuseNothing() {
        lock.lock();
        try {
            refusals.clear();
        } finally {
            lock.unlock();
        }
    }

    public List<Write> writes() {
        lock.lock();
        try {
            return List.copyOf(writes);
        } finally {
            lock.unlock();
        }
    }

    /** Forgets the writes so far. */
    public void clear() {
        lock.lock();
        try {
            writes.clear();
        } finally {
            lock.unlock();
        }
    }

    Optional<ApiError> refusal(Write write) {
        lock.lock();
        try {
            return refusals.stream()
                    .filter(refusal -> refusal.which().test(write))
                    .map(refusal -> new ApiError(refusal.code(), refusal.reason(), refusal.message()))
                    .findFirst();
        } finally {
            lock.unlock();
        }
    }

    /** Notes a write; says how it fails, if it does. */
    Optional<Failure> arrives(Write write) {
        lock.lock();
        try {
            writes.add(write);
            if (share > 0 && chance.nextDouble() < share) {
                return Optional.of(chance.nextBoolean() ? Failure.NotDone : Failure.AnswerLost);
            }
            if (failing < 0 || !counted.test(write)) {
                return Optional.empty();
            }
            return failing-- == 0 ? Optional.of(how) : Optional.empty();
        } finally {
            lock.unlock();
        }
    }
}
