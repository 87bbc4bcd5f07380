package io.matriarch.instance.facts;

import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What the data was.
 *
 * @param standby whether it is a replica's: whether it would start as one
 * @param clean whether it was shut down cleanly, so that {@link VolumeState#lsn} is its true end
 * @param timelines which timeline each epoch of this member owned, as far as the data still has them
 * @param rewound whether it was rewound and has not come up since: until it has, it needs WAL from the member that it was rewound to
 * @param end where its WAL ends; present only after the volume was measured
 */
public record Past(
        boolean standby, boolean clean, SortedMap<Long, Integer> timelines, boolean rewound, Optional<End> end) {
    static final Past NONE = new Past(false, false, Collections.emptySortedMap());

    /** A past whose end was not looked for. */
    public Past(boolean standby, boolean clean, SortedMap<Long, Integer> timelines) {
        this(standby, clean, timelines, false, Optional.empty());
    }
}
