package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.instance.facts.End;
import java.io.IOException;

/**
 * Since which position of its WAL data can be rewound. pg_rewind copies the blocks that the WAL behind the fork names, and asks only whether hint
 * bits are logged now. A block that changed by hint bits alone before that is in no record: it stays as it is, and rows that never came to be
 * elsewhere count as committed in it. So a fork before this position is none to rewind to.
 */
final class Rewindable {
    /** Not before a start finds that hint bits were logged all the time. */
    static final String NEVER = Lsn.text(Long.MAX_VALUE);

    private Rewindable() {}

    /** Finds where the WAL ends. */
    interface Ending {
        End find() throws IOException, PostgresException;
    }

    /** Of a new copy: the WAL before its checkpoint is not there. */
    static MemberFile cloned(MemberFile member, ControlData control) {
        return member.rewindable(control.hintsLogged() ? control.checkpoint() : NEVER);
    }

    /**
     * Before a server starts, which logs hint bits from then on.
     *
     * @param replica then the primary says in its WAL that it logs hint bits, at a position that is not known before it is replayed
     */
    static MemberFile starting(MemberFile member, ControlData control, boolean replica, Ending end)
            throws IOException, PostgresException {
        if (!control.hintsLogged()) {
            return member.rewindable(replica ? NEVER : Lsn.text(end.find().lsn()));
        }
        return NEVER.equals(member.rewindableFrom()) ? member.rewindable(control.end()) : member;
    }

    /** Whether a rewind to a fork finds all that changed. */
    static boolean to(long fork, MemberFile member, ControlData control) {
        String from = member.rewindableFrom();
        return control.hintsLogged() && (from == null || Lsn.parse(from) <= fork);
    }
}
