package io.matriarch.instance.facts;

import io.matriarch.api.contract.Lsn;
import java.util.List;

/**
 * Where a server is in the WAL; positions as {@link Lsn#parse} returns them, 0 for unknown.
 *
 * @param end of what is flushed here; for a replica, as far as it can know that while its receiver runs
 * @param replayed by a replica
 * @param delayed whether a replica replays late on purpose, or is paused
 * @param upstream the address that a replica's receiver is connected to, or empty
 * @param receiving timeline that the receiver is on; 0 without a receiver
 * @param upstreamEnd end of WAL that the upstream last reported
 * @param senders the members that read from here
 */
public record Wal(
        long end,
        long replayed,
        boolean delayed,
        String upstream,
        int receiving,
        long upstreamEnd,
        List<Sender> senders) {
    public static final Wal UNKNOWN = new Wal(0, 0, false, "", 0, 0, List.of());
}
