package io.matriarch.plan.postgres;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.Settings;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.render.Availability;
import java.util.List;

/** Replicas that could take over, as far as the operator can tell; only the members know how far one lags. */
public final class Standbys {
    private Standbys() {}

    /** Replicas that could take over, as far as the operator can tell. */
    public static List<Member> of(ClusterView view) {
        List<Integer> fenced = Availability.fenced(view.spec(), members(view));
        return view.members().stream()
                .filter(m -> view.primary().filter(m::equals).isEmpty())
                .filter(m -> m.ordinal() < members(view) && !fenced.contains(m.ordinal()) && streams(m))
                .toList();
    }

    static boolean streams(Member member) {
        return member.ready()
                && member.report()
                        .filter(r -> r.state() == State.Streaming && r.role() == MemberReport.Role.Replica)
                        .isPresent();
    }

    /** The number of members that the agents know of. */
    static int members(ClusterView view) {
        return view.settings().map(Settings::instances).orElse(view.replicas());
    }
}
