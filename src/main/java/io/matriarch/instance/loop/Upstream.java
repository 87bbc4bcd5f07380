package io.matriarch.instance.loop;

import io.matriarch.instance.postgres.Replication;
import org.jspecify.annotations.Nullable;

/** Whom this member's PostgreSQL receives from; nobody any more once its receiver was stopped for a vote. */
public final class Upstream {
    private final Replication replication;
    private volatile Known known = new Known(null, 0);
    private long lookedAt;
    private volatile long decidedAt;

    private record Known(@Nullable String address, long stops) {}

    public Upstream(Replication replication) {
        this.replication = replication;
    }

    @Nullable
    String address() {
        Known now = known;
        return now.stops() == replication.stops() ? now.address() : null;
    }

    /** The loop begins to look: a vote that comes later stands against what it decides. */
    void looked() {
        lookedAt = replication.stops();
    }

    /** A job begins that was decided on what was seen then. */
    void decided() {
        decidedAt = lookedAt;
    }

    /** How often the receiver had been stopped when the job that runs was decided on. */
    long decidedAt() {
        return decidedAt;
    }

    /** It was told to receive from there, by a decision made when the receiver had been stopped so often. */
    void is(@Nullable String address, long stops) {
        known = new Known(address, stops);
    }
}
