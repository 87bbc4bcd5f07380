package io.matriarch.instance.loop;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What wakes the loop: something happened, or this pod is to end. */
public final class News {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition told = lock.newCondition();
    private boolean any;
    private volatile boolean stopping;

    public void tell() {
        lock.lock();
        try {
            any = true;
            told.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** This pod must end: PostgreSQL is stopped, and the Lease is given back. */
    public void stop() {
        stopping = true;
        tell();
    }

    /** Whether {@link #stop} was called. */
    public boolean stopping() {
        return stopping;
    }

    void await(Duration longest) throws InterruptedException {
        lock.lock();
        try {
            if (!any) {
                told.await(longest.toMillis(), TimeUnit.MILLISECONDS);
            }
            any = false;
        } finally {
            lock.unlock();
        }
    }
}
