package io.matriarch.instance.loop;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Something happened: look now. */
public final class News {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition told = lock.newCondition();
    private boolean any;

    public void tell() {
        lock.lock();
        try {
            any = true;
            told.signalAll();
        } finally {
            lock.unlock();
        }
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
