package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Profile;
import io.matriarch.instance.facts.TimelineHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The Lease's content after each event of its life; and a draft of it that can be changed field by field. */
final class Leases {
    private static final String NOWHERE = "0/0";

    private final int v;
    private long epoch;
    private Phase phase;
    private @Nullable String address;
    private int timeline;
    private @Nullable String systemIdentifier;
    private List<Integer> members;
    private List<Reign> history;
    private @Nullable String lsn;
    private @Nullable String containerId;
    private @Nullable Handoff handoff;
    private @Nullable Sync sync;
    private List<Integer> unfit;
    private Map<Integer, String> addresses;
    private int checkpointTimeline;
    private @Nullable Profile profile;
    private List<Answer> answered;

    private Leases(ClusterLease former) {
        v = former.v();
        epoch = former.epoch();
        phase = former.phase();
        address = former.address();
        timeline = former.timeline();
        systemIdentifier = former.systemIdentifier();
        members = former.members();
        history = former.history();
        lsn = former.lsn();
        containerId = former.containerId();
        handoff = former.handoff();
        sync = former.sync();
        unfit = former.unfit();
        addresses = former.addresses();
        checkpointTimeline = former.checkpointTimeline();
        profile = former.profile();
        answered = former.answered();
    }

    /**
     * Whether a member is no longer wanted and no longer counted on. A member that is to go still serves, votes and may even be elected until the
     * Lease has dropped it: as long as it is a voter, the others may need its vote to find the newest data.
     */
    static boolean dismissed(Me me, Settings settings, Optional<ClusterLease> state) {
        return me.ordinal() >= settings.instances()
                && state.filter(lease -> lease.members().contains(me.ordinal())).isEmpty();
    }

    /** A draft with this content. */
    static Leases of(ClusterLease former) {
        return new Leases(former);
    }

    ClusterLease draft() {
        return new ClusterLease(
                v,
                epoch,
                phase,
                address,
                timeline,
                systemIdentifier,
                members,
                history,
                lsn,
                containerId,
                handoff,
                sync,
                unfit,
                addresses,
                checkpointTimeline,
                profile,
                answered);
    }

    Leases phase(Phase next) {
        phase = next;
        return this;
    }

    Leases timeline(int next) {
        timeline = next;
        return this;
    }

    Leases members(List<Integer> next) {
        members = next;
        return this;
    }

    Leases lsn(@Nullable String next) {
        lsn = next;
        return this;
    }

    Leases containerId(@Nullable String next) {
        containerId = next;
        return this;
    }

    Leases handoff(@Nullable Handoff next) {
        handoff = next;
        return this;
    }

    Leases sync(@Nullable Sync next) {
        sync = next;
        return this;
    }

    Leases unfit(List<Integer> next) {
        unfit = next;
        return this;
    }

    Leases addresses(Map<Integer, String> next) {
        addresses = new TreeMap<>(next);
        return this;
    }

    Leases checkpointTimeline(int next) {
        checkpointTimeline = next;
        return this;
    }

    Leases profile(@Nullable Profile next) {
        profile = next;
        return this;
    }

    /** Records the answer to a request, once; the oldest answers are forgotten. */
    Leases answer(Answer answer) {
        if (answered.stream().noneMatch(known -> known.id().equals(answer.id()))) {
            List<Answer> next = new ArrayList<>(answered);
            next.add(answer);
            answered = newest(next, ClusterLease.ANSWERS);
        }
        return this;
    }

    /** Taken by {@code me}: a reign of its own, which starts with an address and without the former holder's container and hand-over. */
    private Leases taken(long next, Phase with, Me me) {
        epoch = next;
        phase = with;
        address = me.address();
        containerId = null;
        handoff = null;
        return this;
    }

    private Leases reign(Reign next) {
        history = history(history, next);
        return this;
    }

    /** Taken in order to create or adopt the database system. */
    static ClusterLease bootstrapping(ClusterLease state, long epoch, Me me) {
        return of(state)
                .taken(epoch, Phase.Bootstrapping, me)
                .timeline(0)
                .members(List.of(me.ordinal()))
                .draft();
    }

    /** The database system exists and serves: from now on no member runs initdb. */
    static ClusterLease born(ClusterLease state, String systemIdentifier, int timeline, Me me) {
        Leases draft = of(state).phase(Phase.Serving).timeline(timeline).members(List.of(me.ordinal()));
        draft.address = me.address();
        draft.systemIdentifier = systemIdentifier;
        return draft.reign(new Reign(state.epoch(), timeline, NOWHERE, me.pod()))
                .draft();
    }

    /** The last primary takes office again, on the timeline that it owns, or to which it has yet to be promoted. */
    static ClusterLease returned(ClusterLease state, long epoch, Me me) {
        int own = state.history().isEmpty()
                ? state.timeline()
                : state.history().getLast().timeline();
        return of(state)
                .taken(epoch, Phase.Serving, me)
                .reign(new Reign(epoch, own, NOWHERE, me.pod()))
                .draft();
    }

    /**
     * A replica was elected. The Lease says whose reign it is and which timeline it gets before that timeline begins, and, until it has begun, how
     * far the elected member's own data goes.
     *
     * @param from the timeline of its data
     * @param end of its last whole record: its promotion leaves out what it received of a further one
     */
    static Leases elected(ClusterLease state, long epoch, int timeline, Me me, int from, long end) {
        Leases draft = of(state).taken(epoch, Phase.Serving, me);
        draft.history = with(draft.history, new Reign(epoch, timeline, Lsn.text(end), me.pod(), from));
        return draft;
    }

    /** The newest reign's timeline has begun: now others may follow. {@code made}: which timeline it left, and where, if that is known. */
    Leases promoted(Optional<TimelineHistory> made) {
        List<Reign> all = new ArrayList<>(history);
        Reign last = all.removeLast();
        all.add(new Reign(
                last.epoch(),
                last.timeline(),
                made.map(fork -> Lsn.text(fork.began())).orElse(NOWHERE),
                last.holder(),
                made.map(TimelineHistory::parent).orElse(0)));
        history = List.copyOf(all);
        timeline = last.timeline();
        return this;
    }

    /** The reigns plus this one, without the oldest. A holder that continues its own timeline already has an entry. */
    private static List<Reign> history(List<Reign> former, Reign next) {
        boolean same = !former.isEmpty()
                && former.getLast().holder().equals(next.holder())
                && former.getLast().timeline() == next.timeline();
        return same ? former : with(former, next);
    }

    private static List<Reign> with(List<Reign> history, Reign next) {
        List<Reign> all = new ArrayList<>(history);
        all.add(next);
        return newest(all, ClusterLease.HISTORY);
    }

    private static <T> List<T> newest(List<T> all, int most) {
        return List.copyOf(all.size() > most ? all.subList(all.size() - most, all.size()) : all);
    }
}
