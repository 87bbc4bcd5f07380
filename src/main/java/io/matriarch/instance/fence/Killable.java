package io.matriarch.instance.fence;

/** A PostgreSQL that can be ended from any thread, at any time, whatever else is done with it. */
public interface Killable {
    /** Asks for a fast shutdown, at once, without waiting. */
    void stopNow();

    /** SIGKILLs every process of PostgreSQL until none is left (docs/internals/postgresql.md 1: the postmaster alone is not enough). */
    void kill();
}
