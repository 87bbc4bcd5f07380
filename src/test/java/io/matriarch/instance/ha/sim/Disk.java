package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.instance.facts.End;
import io.matriarch.instance.facts.Past;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.facts.VolumeState;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A member's volume: what survives when its container dies. */
final class Disk {
    static final String SYSTEM = "7300000000000000001";

    Promise promise = Promise.NONE;

    @Nullable
    Branch branch;

    long lsn;
    boolean standby;
    boolean clean;
    /** A clone or rewind that was killed half-way. */
    boolean torn;
    /** Turned back, and not come up since. */
    boolean rewound;
    /** Whether the end of its WAL was looked for since a server has run. */
    boolean measured;
    /** What of the WAL pg_control knows after a crash. */
    long known;

    TreeMap<Long, Integer> timelines = new TreeMap<>();
    long primaryEpoch;
    Sync names = new Sync(0, java.util.List.of());

    VolumeState state() {
        if (branch == null) {
            return new VolumeState(VolumeContent.Empty, null, null, null, 0, 0, null, null);
        }
        VolumeState found = new VolumeState(
                VolumeContent.Data,
                SYSTEM,
                17,
                "shop/orders",
                branch.timeline(),
                primaryEpoch,
                Lsn.text(clean ? lsn : Math.min(known, lsn)),
                null,
                new Past(standby, clean, new TreeMap<>(timelines), rewound, Optional.empty()));
        return measured ? found.ending(new End(branch.timeline(), lsn)) : found;
    }

    /** The data is gone, the promises are not. */
    void clear() {
        branch = null;
        lsn = 0;
        known = 0;
        torn = false;
        standby = false;
        clean = false;
        rewound = false;
        measured = false;
        timelines = new TreeMap<>();
        primaryEpoch = 0;
    }

    /** All of it is gone. */
    void lose() {
        clear();
        promise = Promise.NONE;
    }
}
