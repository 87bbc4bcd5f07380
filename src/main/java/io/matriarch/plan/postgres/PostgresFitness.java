package io.matriarch.plan.postgres;

import io.matriarch.api.PostgresClusterStatus.Affected;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Finding.Telling;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.view.PodTrouble;
import io.matriarch.plan.workload.Budget;
import io.matriarch.plan.workload.Budget.Disruption;
import io.matriarch.plan.workload.Budget.Obstacle;
import io.matriarch.plan.workload.Budget.Standing;
import io.matriarch.plan.workload.Fitness;
import io.matriarch.plan.workload.Membership;
import io.matriarch.render.Availability;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's answers to the questions of workload steps: from the Lease, the settings and the members' reports. */
public final class PostgresFitness implements Fitness {
    private final ClusterView view;

    /** Made at the first question: many of a pass ask for it. */
    private @Nullable Standing standing;

    public PostgresFitness(ClusterView view) {
        this.view = view;
    }

    /** How many members and pods there must be now. */
    static Membership membership(ClusterView view) {
        return Membership.of(view, new PostgresFitness(view));
    }

    /** The member that is about to leave. */
    public static Optional<Affected> leaving(ClusterView view) {
        return Membership.leaving(view, new PostgresFitness(view));
    }

    @Override
    public boolean hasData() {
        return view.hadDatabase();
    }

    @Override
    public boolean knowsItsData() {
        return view.bootstrapped();
    }

    @Override
    public Optional<Integer> told() {
        return view.settings().map(Settings::instances);
    }

    @Override
    public boolean leads(int ordinal) {
        return standing().leads(ordinal);
    }

    @Override
    public Optional<Obstacle> obstacle(int ordinal, Disruption disruption) {
        return Budget.obstacle(standing(), ordinal, disruption);
    }

    /** The standing of the members, as far as the operator can tell. */
    private Standing standing() {
        if (standing == null) {
            standing = look();
        }
        return standing;
    }

    private Standing look() {
        int replicas = view.replicas();
        Settings.Replication replication = Availability.replication(view.spec(), Standbys.members(view));
        Predicate<Member> claims = m ->
                m.report().filter(r -> r.role() == MemberReport.Role.Primary).isPresent();
        Predicate<Member> mayServe = m -> PodTrouble.mayServe(view, m);
        return new Standing(
                replicas,
                view.spec().instances(),
                view.primary().map(Member::ordinal),
                view.holder()
                        .filter(pod -> pod.equals(view.names().pod(Names.ordinal(pod))))
                        .map(Names::ordinal),
                ordinals(claims),
                ordinals(m -> m.servesAsPrimary() || (claims.test(m) && mayServe.test(m))),
                ordinals(mayServe),
                Standbys.of(view).stream().map(Member::ordinal).collect(Collectors.toSet()),
                Set.copyOf(Availability.fenced(view.spec(), replicas)),
                known(),
                replication.acknowledgements(),
                Availability.replication(view.spec(), replicas - 1).acknowledgements(),
                replication.whenUnavailable() != Settings.WhenUnavailable.Degrade);
    }

    private Set<Integer> ordinals(Predicate<Member> which) {
        return view.members().stream().filter(which).map(Member::ordinal).collect(Collectors.toSet());
    }

    /** Members that the primary, the Lease or the set of voters counts as members. */
    private Set<Integer> known() {
        Set<Integer> known = new HashSet<>(view.voters());
        known.addAll(view.lease().map(ClusterLease::members).orElse(List.of()));
        known.addAll(view.primary()
                .flatMap(Member::report)
                .map(MemberReport::members)
                .orElse(List.of()));
        return known;
    }

    @Override
    public Finding cannotLeave(int ordinal, Obstacle obstacle) {
        String pod = view.names().pod(ordinal);
        return switch (obstacle) {
            case NoLeader ->
                Finding.trouble("NoPrimary", "%s cannot leave while the cluster has no primary".formatted(pod))
                        .told(Telling.Beginning);
            case TooFewFollow ->
                Finding.trouble(
                        "QuorumWouldBreak",
                        "%s stays for now. Without it, %d of the remaining replicas would have to acknowledge each commit, and %d stream. Bring them back, or set spec.replication.mode to Async"
                                .formatted(
                                        pod,
                                        standing().neededWithOneFewer(),
                                        Standbys.of(view).stream()
                                                .filter(m -> m.ordinal() < ordinal)
                                                .count()));
            case Leads, Holds, NoSuccessor, Fenced, StillMember ->
                Finding.trouble("PrimaryWouldLeave", HandOver.story(view));
        };
    }

    @Override
    public Optional<String> awaitedBeforeLeaving(int ordinal) {
        String pod = view.names().pod(ordinal);
        if (view.holder().filter(pod::equals).isPresent()) {
            return Optional.of("%s to give the Lease back".formatted(pod));
        }
        if (view.primary().isEmpty() || known().contains(ordinal)) {
            return Optional.of("the primary to give up the slot and membership of %s".formatted(pod));
        }
        boolean runs = view.member(ordinal)
                .filter(Member::ready)
                .flatMap(Member::report)
                .filter(r -> r.state() == MemberReport.State.Streaming
                        || r.state() == MemberReport.State.Cloning
                        || r.role() == MemberReport.Role.Primary)
                .isPresent();
        return runs ? Optional.of("%s to stop".formatted(pod)) : Optional.empty();
    }

    /** A claim becomes this cluster's once the Lease names the database system on it. */
    @Override
    public Map<String, String> marks(int ordinal) {
        Map<String, String> marks = new LinkedHashMap<>();
        String system = view.lease().map(ClusterLease::systemIdentifier).orElse(null);
        if (system == null) {
            return marks;
        }
        marks.put(Labels.CLUSTER_UID, view.uid());
        view.report(ordinal).filter(r -> system.equals(r.systemIdentifier())).ifPresent(r -> {
            marks.put(Labels.SYSTEM_IDENTIFIER, system);
            if (r.primaryEpoch() > 0) {
                marks.put(Labels.PRIMARY_EPOCH, Long.toString(r.primaryEpoch()));
            }
        });
        return marks;
    }
}
