package io.matriarch.instance.facts;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Problem;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is on the volume.
 *
 * @param primaryEpoch the last epoch in which this member was the primary; 0 for never
 * @param lsn end of the data by pg_control, in PostgreSQL's notation, such as {@code 0/3000148}; for a primary that was shut down, the end of its
 *     last record
 * @param past what the data was
 */
public record VolumeState(
        MemberReport.VolumeContent content,
        @Nullable String systemIdentifier,
        @Nullable Integer major,
        @Nullable String owner,
        int timeline,
        long primaryEpoch,
        @Nullable String lsn,
        @Nullable Problem problem,
        Past past) {
    /** A volume whose past is unknown. */
    public VolumeState(
            MemberReport.VolumeContent content,
            @Nullable String systemIdentifier,
            @Nullable Integer major,
            @Nullable String owner,
            int timeline,
            long primaryEpoch,
            @Nullable String lsn,
            @Nullable Problem problem) {
        this(content, systemIdentifier, major, owner, timeline, primaryEpoch, lsn, problem, Past.NONE);
    }

    /** This state with the end of its WAL. */
    public VolumeState ending(End end) {
        return new VolumeState(
                content,
                systemIdentifier,
                major,
                owner,
                timeline,
                primaryEpoch,
                lsn,
                problem,
                new Past(past.standby(), past.clean(), past.timelines(), past.rewound(), Optional.of(end)));
    }
}
