package io.matriarch.instance.facts;

import io.matriarch.api.contract.Lsn;

/**
 * Where WAL ends: each reign has a timeline of its own, so the greater timeline has more, and of two on the same the further one.
 *
 * @param lsn as {@link Lsn#parse} gives it: behind the last whole record
 */
public record End(int timeline, long lsn) {}
