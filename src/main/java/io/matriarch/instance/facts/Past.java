package io.matriarch.instance.facts;

import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What the data was.
 *
 * @param standby whether it is a replica's: whether it would start as one
 * @param clean whether it was shut down, so that {@link VolumeState#lsn} is its very end
 * @param timelines which timeline each epoch of this member owned, as far as the data still has them
 * @param rewound whether it was rewound and has not come up since: it needs WAL of whom it was rewound to before it does
 * @param end where its WAL ends; only after the volume was measured
 */
public record Past(
        boolean standby, boolean clean, SortedMap<Long, Integer> timelines, boolean rewound, Optional<End> end) {
    static final Past NONE = new Past(false, false, Collections.emptySortedMap());

    /** Of which the end was not looked for. */
    public Past(boolean standby, boolean clean, SortedMap<Long, Integer> timelines) {
        this(standby, clean, timelines, false, Optional.empty());
    }
}
