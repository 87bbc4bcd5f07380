package io.matriarch.instance.facts;

import io.matriarch.api.contract.MemberReport;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The state of a running server, or that there is none.
 *
 * @param process whether there is a postmaster
 * @param accepting whether the server answered a query
 * @param receiving whether its WAL receiver is streaming
 * @param walGone whether the primary said that it no longer has the WAL that this replica needs
 * @param settings revision that the server was given last
 * @param rejected revision that PostgreSQL refused
 * @param streaming ordinals of members that stream from here
 * @param exit why the postmaster ended by itself, or why the server does not answer
 * @param wal where the server is in the WAL
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
    /** A server whose position in the WAL is unknown. */
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
                Wal.UNKNOWN,
                true);
    }

    /** There is no server, and none is expected. */
    public static ServerState none() {
        return new ServerState(false, false, false, false, false, 0, null, null, null, List.of(), List.of(), null);
    }
}
