package io.matriarch.instance.loop;

import io.matriarch.instance.postgres.Replication;
import org.jspecify.annotations.Nullable;

/** The member that this member's PostgreSQL receives from; none once its receiver was stopped for a vote. */
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

    /** The loop starts to observe: a later vote overrides what the loop then decides. */
    void looked() {
        lookedAt = replication.stops();
    }

    /** A job starts that was decided from that observation. */
    void decided() {
        decidedAt = lookedAt;
    }

    /** How often the receiver had been stopped when the running job was decided. */
    long decidedAt() {
        return decidedAt;
    }

    /** PostgreSQL was told to receive from this address, by a decision made when the receiver had been stopped this often. */
    void is(@Nullable String address, long stops) {
        known = new Known(address, stops);
    }
}
