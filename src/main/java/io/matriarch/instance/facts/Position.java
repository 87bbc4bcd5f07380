package io.matriarch.instance.facts;

/**
 * How much of the WAL a replica has flushed: what it acknowledged is in it.
 *
 * @param timeline of the last byte flushed
 * @param lsn end of what is flushed, as {@link Lsn#parse} gives it
 * @param exhausted whether all WAL on this member has been looked at, so that {@code lsn} is its true end; only then does a vote count
 * (docs/internals/postgresql.md 17). Never true of a replica that PostgreSQL paused because its parameters are lower than the primary's: it cannot be
 * promoted
 * @param delayed whether it replays late on purpose, or is paused: promoted only when there is nobody else
 */
public record Position(int timeline, long lsn, boolean exhausted, boolean delayed) {}
