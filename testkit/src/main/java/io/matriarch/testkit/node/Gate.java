package io.matriarch.testkit.node;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** Who starts processes that use volumes passes here, and waits while somebody copies one of these. */
final class Gate {
    private final Map<String, ReadWriteLock> locks = new ConcurrentHashMap<>();

    /** Leave to go on, until it is closed by the same thread. */
    interface Pass extends AutoCloseable {
        @Override
        void close();
    }

    /** Leave to start processes that use these volumes. */
    Pass start(Collection<String> volumes) {
        List<Lock> held = new TreeSet<>(volumes)
                .stream().map(volume -> lock(volume).readLock()).toList();
        held.forEach(Lock::lock);
        return () -> held.reversed().forEach(Lock::unlock);
    }

    /** Leave to copy a volume: what uses it has been started, and nothing more will be. */
    Pass copy(String volume) {
        Lock held = lock(volume).writeLock();
        held.lock();
        return held::unlock;
    }

    private ReadWriteLock lock(String volume) {
        return locks.computeIfAbsent(volume, any -> new ReentrantReadWriteLock(true));
    }
}
