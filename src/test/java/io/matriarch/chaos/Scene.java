package io.matriarch.chaos;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** One fault as it happens: who is who when it begins, and what must be undone afterwards. */
final class Scene {
    private final Arena arena;
    private final Writers writers;
    private final Random random;
    private final String primary;
    private final List<String> replicas;
    private final Deque<Undoing> undoings = new ArrayDeque<>();

    /** What ends a part of a fault. */
    interface Undoing {
        void run() throws Exception;
    }

    Scene(Arena arena, Writers writers, Random random) {
        this.arena = arena;
        this.writers = writers;
        this.random = random;
        this.primary = arena.primary();
        this.replicas = arena.replicas();
    }

    Arena arena() {
        return arena;
    }

    Random random() {
        return random;
    }

    /** The primary when the fault began. */
    String primary() {
        return primary;
    }

    List<String> replicas() {
        return replicas;
    }

    String replica() {
        return replicas.get(random.nextInt(replicas.size()));
    }

    /** A client beside the primary, which goes on trying whatever is cut. */
    void clientInside() {
        writers.beginInside(arena.address(primary));
    }

    /** What comes last is undone first. */
    void undo(Undoing undoing) {
        undoings.push(undoing);
    }

    /** Ends the fault. */
    void heal() throws Exception {
        Optional<Exception> failure = Optional.empty();
        while (!undoings.isEmpty()) {
            try {
                undoings.pop().run();
            } catch (Exception e) {
                failure = Optional.of(e);
            }
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    void hold(Duration time) throws InterruptedException {
        Thread.sleep(time);
    }

    /** Waits until a lease that is not renewed any more is over, and a bit more. */
    void outlastLease() throws InterruptedException {
        hold(arena.lease().plusSeconds(3));
    }

    /** Waits until another member holds the Lease. */
    void awaitAnother() {
        arena.eventually(Duration.ofSeconds(90), () -> {
            String holder = arena.holder().orElse(primary);
            if (holder.equals(primary)) {
                throw new AssertionError("no other member than " + primary + " holds the Lease");
            }
        });
    }

    /** Waits until rows are acknowledged that were written from now on. */
    void awaitWrites() {
        long now = System.nanoTime();
        arena.eventually(Duration.ofSeconds(90), () -> {
            if (!writers.acknowledgedSince(now)) {
                throw new AssertionError("nothing is acknowledged");
            }
        });
    }
}
