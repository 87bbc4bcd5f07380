package io.matriarch.instance.loop;

import java.time.Duration;

/**
 * Gives the heap back to PostgreSQL while nothing is under way. The JVM shrinks a heap in a full collection alone, and makes none as long as there is
 * room up to its limit: what a start leaves behind would stay resident for weeks. A collection stops the agent for 20 to 80 ms.
 */
final class IdleHeap {
    /** So long PostgreSQL has accepted connections: not in the middle of a start or a failover. */
    private static final long QUIET = Duration.ofSeconds(30).toNanos();

    private static final long APART = Duration.ofMinutes(5).toNanos();
    /** Less than this is not worth it. */
    private static final long GROWTH = 1 << 20;

    private final Runnable collection;
    private long busy;
    private long collected;
    private long left;

    /**
     * @param now of a clock that only goes forward, in nanoseconds
     * @param collection the JVM's
     */
    IdleHeap(long now, Runnable collection) {
        this.busy = now;
        this.collected = now - APART;
        this.collection = collection;
    }

    /** PostgreSQL does not accept connections. */
    void busy(long now) {
        busy = now;
    }

    /**
     * Nothing is under way at this moment: collects if it is worth it.
     *
     * @param bytes that the heap takes
     * @return whether it did; then tell {@link #left} what is left
     */
    boolean quiet(long now, long bytes) {
        if (now - busy < QUIET || now - collected < APART || bytes - left < GROWTH) {
            return false;
        }
        collected = now;
        collection.run();
        return true;
    }

    /** How many bytes the heap takes after a collection. */
    void left(long bytes) {
        left = bytes;
    }
}
