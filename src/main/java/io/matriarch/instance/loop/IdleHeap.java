package io.matriarch.instance.loop;

import java.time.Duration;

/**
 * Frees heap memory for PostgreSQL while nothing is under way. The JVM shrinks its heap only in a full collection, and makes none as long as the
 * heap has room up to its limit: the garbage of a start would stay resident for weeks. A collection stops the agent for 20 to 80 ms.
 */
final class IdleHeap {
    /** How long PostgreSQL must have accepted connections: never collect in the middle of a start or a failover. */
    private static final long QUIET = Duration.ofSeconds(30).toNanos();

    private static final long APART = Duration.ofMinutes(5).toNanos();
    /** Bytes of growth below which a collection is not worth it. */
    private static final long GROWTH = 1 << 20;

    private final Runnable collection;
    private long busy;
    private long collected;
    private long left;

    /**
     * @param now on a clock that only goes forward, in nanoseconds
     * @param collection runs the JVM's full collection
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
     * @return whether it collected; the caller then tells {@link #left} what is left
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
