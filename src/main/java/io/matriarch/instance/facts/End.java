package io.matriarch.instance.facts;

import io.matriarch.api.contract.Lsn;

/**
 * Where WAL ends. Each reign has its own timeline, so an end on a greater timeline has more, and of two on the same timeline the further one has.
 *
 * @param lsn as {@link Lsn#parse} returns it: just after the last whole record
 */
public record End(int timeline, long lsn) {}
