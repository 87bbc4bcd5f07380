package io.matriarch.instance.fence;

/** A PostgreSQL that any thread can end at any time, whatever else is being done with it. */
public interface Killable {
    /** Requests a fast shutdown at once, without waiting for it. */
    void stopNow();

    /** SIGKILLs every process of PostgreSQL until none is left (docs/internals/postgresql.md 1: the postmaster alone is not enough). */
    void kill();
}
