package io.matriarch.instance.facts;

import io.matriarch.api.contract.MemberReport;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A running server, or that there is none.
 *
 * @param process whether a postmaster is there
 * @param accepting whether it answered a query
 * @param receiving whether its WAL receiver is streaming
 * @param walGone whether the primary said that it no longer has the WAL that this replica needs
 * @param settings revision that was given to it last
 * @param rejected revision that PostgreSQL refused
 * @param streaming ordinals of members that stream from here
 * @param exit why the postmaster ended by itself
 * @param wal where it is in the WAL
 * @param confirmed whether the server itself says that it uses {@code settings}
 */
public record ServerState(
        boolean process,
        boolean accepting,
        boolean inRecovery,
        boolean receiving,
        boolean walGone,
        int timeline,
        @Nullable String version,
        @Nullable String settings,
        MemberReport.@Nullable Rejected rejected,
        List<String> pendingRestart,
        List<Integer> streaming,
        @Nullable String exit,
        Wal wal,
        boolean confirmed) {
    /** That uses its settings. */
    public ServerState(
            boolean process,
            boolean accepting,
            boolean inRecovery,
            boolean receiving,
            boolean walGone,
            int timeline,
            @Nullable String version,
            @Nullable String settings,
            MemberReport.@Nullable Rejected rejected,
            List<String> pendingRestart,
            List<Integer> streaming,
            @Nullable String exit,
            Wal wal) {
        this(
                process,
                accepting,
                inRecovery,
                receiving,
                walGone,
                timeline,
                version,
                settings,
                rejected,
                pendingRestart,
                streaming,
                exit,
                wal,
                true);
    }

    /** Of which it is not known where it is in the WAL. */
    public ServerState(
            boolean process,
            boolean accepting,
            boolean inRecovery,
            boolean receiving,
            boolean walGone,
            int timeline,
            @Nullable String version,
            @Nullable String settings,
            MemberReport.@Nullable Rejected rejected,
            List<String> pendingRestart,
            List<Integer> streaming,
            @Nullable String exit) {
        this(
                process,
                accepting,
                inRecovery,
                receiving,
                walGone,
                timeline,
                version,
                settings,
                rejected,
                pendingRestart,
                streaming,
                exit,
                Wal.UNKNOWN);
    }

    /** The same, while it does not say itself that it uses its settings. */
    public ServerState unconfirmed() {
        return new ServerState(
                process,
                accepting,
                inRecovery,
                receiving,
                walGone,
                timeline,
                version,
                settings,
                rejected,
                pendingRestart,
                streaming,
                exit,
                wal,
                false);
    }

    /** No server, and none expected. */
    public static ServerState none() {
        return new ServerState(false, false, false, false, false, 0, null, null, null, List.of(), List.of(), null);
    }
}
