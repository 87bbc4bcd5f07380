package io.matriarch.testkit;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A loop that looks at the store after each change, and a little later too. */
abstract class Controller implements AutoCloseable {
    private final Store store;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition woken = lock.newCondition();
    private volatile boolean closed;
    private long seen;

    Controller(Store store) {
        this.store = store;
    }

    Store store() {
        return store;
    }

    void start() {
        Thread.ofVirtual().name(getClass().getSimpleName()).start(this::run);
    }

    /** One look at everything; idempotent. */
    abstract void turn();

    private void run() {
        while (!closed) {
            try {
                long version = store.version();
                turn();
                seen = version;
                store.eventsAfter(seen, 200);
                pause();
            } catch (ApiError raced) {
                // somebody was faster; the next look sees it
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void pause() throws InterruptedException {
        lock.lock();
        try {
            woken.await(5, TimeUnit.MILLISECONDS);
        } finally {
            lock.unlock();
        }
    }

    void wake() {
        lock.lock();
        try {
            woken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
