package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import io.matriarch.instance.postgres.PromiseFile.Descent;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Whose a timeline is: two members that were promoted apart make the same number, and PostgreSQL cannot tell (ha.md section 0, 5), so the Lease
 * says which reign owns which timeline, and each member writes down whose timelines its data has.
 */
final class Descents {
    private Descents() {}

    /** The timeline that this member's data is on. */
    static int timeline(Observation seen) {
        return seen.server().timeline() > 0
                ? seen.server().timeline()
                : seen.volume().map(VolumeState::timeline).orElse(0);
    }

    /**
     * Whether this member's data is on a timeline of the cluster's history, and on the one of that number that the history means. Data of
     * before there was such a record, and of timelines that the history has forgotten, is taken by its number.
     */
    static boolean belongs(Me me, Observation seen, ClusterLease lease) {
        int timeline = timeline(seen);
        if (timeline == 0 || lease.history().isEmpty()) {
            return true;
        }
        if (timeline > lease.timeline()) {
            return false;
        }
        List<Reign> reigns = lease.history();
        for (int index = reigns.size() - 1; index >= 0; index--) {
            Reign reign = reigns.get(index);
            if (reign.timeline() == timeline) {
                long next = index + 1 < reigns.size() ? reigns.get(index + 1).epoch() : Long.MAX_VALUE;
                return matches(me, seen, reign, next);
            }
        }
        return timeline < reigns.getFirst().timeline();
    }

    private static boolean matches(Me me, Observation seen, Reign reign, long next) {
        Map<Long, Integer> owned = seen.volume()
                .<Map<Long, Integer>>map(volume -> volume.past().timelines())
                .orElse(Map.of());
        List<Long> mine = owned.entrySet().stream()
                .filter(entry -> entry.getValue() == reign.timeline())
                .map(Map.Entry::getKey)
                .toList();
        Optional<Descent> received = seen.knowledge().promise().descent().stream()
                .filter(descent -> descent.timeline() == reign.timeline())
                .findFirst();
        if (received.isPresent()) {
            return received.get().epoch() == reign.epoch();
        }
        return mine.isEmpty()
                || reign.holder().equals(me.pod())
                        && mine.stream().anyMatch(epoch -> epoch >= reign.epoch() && epoch < next);
    }

    /** Whose the newest timeline is, to be written down before it is received; empty while its promotion is not done. */
    static OptionalLong owner(ClusterLease lease) {
        if (lease.history().isEmpty() || lease.history().getLast().timeline() == 0) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(lease.history().getLast().epoch());
    }
}
