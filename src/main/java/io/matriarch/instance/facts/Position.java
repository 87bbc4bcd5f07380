package io.matriarch.instance.facts;

/**
 * How much WAL a replica has flushed; everything that it acknowledged is included.
 *
 * @param timeline of the last byte flushed
 * @param lsn end of what is flushed, as {@link Lsn#parse} returns it
 * @param exhausted whether all WAL on this member has been looked at, so that {@code lsn} is its true end; only then does a vote count
 *     (docs/internals/postgresql.md 17). Never true for a replica that PostgreSQL paused because its parameters are lower than the primary's: it
 *     cannot be promoted
 * @param delayed whether it replays late on purpose, or is paused: it is promoted only if there is no other
 */
public record Position(int timeline, long lsn, boolean exhausted, boolean delayed) {}
