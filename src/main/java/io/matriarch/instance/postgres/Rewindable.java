package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.instance.facts.End;
import java.io.IOException;

/**
 * The position in the WAL since which data can be rewound. pg_rewind copies the blocks that the WAL after the fork names, and checks only whether
 * hint bits are logged now. A block that earlier changed only by hint bits is in no record: it stays as it is, and rows in it count as committed
 * that never came to exist elsewhere. So data cannot be rewound to a fork before this position.
 */
final class Rewindable {
    /** Never, until a start finds that hint bits were logged all the time. */
    static final String NEVER = Lsn.text(Long.MAX_VALUE);

    private Rewindable() {}

    /** Finds where the WAL ends. */
    interface Ending {
        End find() throws IOException, PostgresException;
    }

    /** For a new copy: it lacks the WAL before its checkpoint. */
    static MemberFile cloned(MemberFile member, ControlData control) {
        return member.rewindable(control.hintsLogged() ? control.checkpoint() : NEVER);
    }

    /**
     * For a server that is about to start, and that logs hint bits from then on.
     *
     * @param replica whether it is a replica: then the primary says in its WAL that it logs hint bits, at a position that is unknown before it is
     *     replayed
     */
    static MemberFile starting(MemberFile member, ControlData control, boolean replica, Ending end)
            throws IOException, PostgresException {
        if (!control.hintsLogged()) {
            return member.rewindable(replica ? NEVER : Lsn.text(end.find().lsn()));
        }
        return NEVER.equals(member.rewindableFrom()) ? member.rewindable(control.end()) : member;
    }

    /** Whether a rewind to a fork finds everything that changed. */
    static boolean to(long fork, MemberFile member, ControlData control) {
        String from = member.rewindableFrom();
        return control.hintsLogged() && (from == null || Lsn.parse(from) <= fork);
    }
}
