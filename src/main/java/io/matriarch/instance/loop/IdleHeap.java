package io.matriarch.instance.loop;

import java.time.Duration;
import java.util.function.LongSupplier;

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

    private final LongSupplier bytes;
    private final Runnable collection;
    private long busy;
    private long collected;
    private long left;

    /**
     * Made at the start of the agent.
     *
     * @param now on a clock that only goes forward, in nanoseconds
     * @param bytes how many the heap takes
     * @param collection runs the JVM's full collection
     */
    IdleHeap(long now, LongSupplier bytes, Runnable collection) {
        this.busy = now;
        this.collected = now - APART;
        this.bytes = bytes;
        this.collection = collection;
    }

    /** PostgreSQL does not accept connections. */
    void busy(long now) {
        busy = now;
    }

    /** Nothing is under way at this moment: collects if it is worth it. */
    void quiet(long now) {
        if (now - busy >= QUIET && now - collected >= APART && bytes.getAsLong() - left >= GROWTH) {
            collected = now;
            collection.run();
            left = bytes.getAsLong();
        }
    }
}
