package io.matriarch.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** What goes wrong, and what was written: the log that tests hold the operator against. */
public final class Faults {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Write> writes = new ArrayList<>();
    private final List<Refusal> refusals = new ArrayList<>();
    private int failing = -1;
    private boolean afterwards;
    private Predicate<Write> counted = write -> true;

    /**
     * A write that arrived.
     *
     * @param client user agent of who wrote
     */
    public record Write(String verb, String kind, String namespace, String name, String subresource, String client) {}

    /** Admission control of a test's. */
    private record Refusal(Predicate<Write> which, String message) {}

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
            afterwards = lostAnswer;
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
        lock.lock();
        try {
            refusals.add(new Refusal(which, message));
        } finally {
            lock.unlock();
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

    Optional<String> refusal(Write write) {
        lock.lock();
        try {
            return refusals.stream()
                    .filter(refusal -> refusal.which().test(write))
                    .map(Refusal::message)
                    .findFirst();
        } finally {
            lock.unlock();
        }
    }

    /** Notes a write; says how it fails, if it does. */
    Optional<Boolean> arrives(Write write) {
        lock.lock();
        try {
            writes.add(write);
            if (failing < 0 || !counted.test(write)) {
                return Optional.empty();
            }
            return failing-- == 0 ? Optional.of(afterwards) : Optional.empty();
        } finally {
            lock.unlock();
        }
    }
}
