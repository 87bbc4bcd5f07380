package io.matriarch.plan;

import io.matriarch.api.PostgresConfiguration;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.SyncState;
import io.matriarch.api.contract.MemberReport.Synchronous;
import io.matriarch.plan.Finding.Topic;
import io.matriarch.render.Availability;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** How the replicas follow, how commits are acknowledged, and why nobody is elected: the condition ReplicationHealthy. */
final class Replicas {
    /** Problems of members that are about an election and not about the member. */
    static final Set<String> ELECTION = Set.of("NoQuorum", "LagTooHigh", "LeaseGone");

    /** Values of synchronous_commit with which a commit is acknowledged before a replica has flushed it (PostgreSQL manual, "synchronous_commit"). */
    private static final Set<String> NOT_WAITING = Set.of("off", "false", "no", "0", "local", "remote_write");

    private Replicas() {}

    /** As the primary has it in use; empty while there is none, or its agent is older than the setting. */
    static Optional<Synchronous> synchronous(ClusterView view) {
        return view.primary().flatMap(Member::report).map(MemberReport::synchronous);
    }

    /** Reason of the condition while all is well. */
    static String reason(ClusterView view) {
        return view.spec().instances() == 1
                ? "Healthy"
                : synchronous(view).map(s -> s.state().name()).orElse("Healthy");
    }

    static String text(ClusterView view) {
        if (view.spec().instances() == 1) {
            return "a single instance has no replicas";
        }
        int fenced = Availability.fenced(view.spec(), view.replicas()).size();
        if (fenced > 0 && fenced == view.replicas()) {
            return "nobody serves: every member is fenced";
        }
        String who = fenced > 0 ? "every replica that is not fenced streams" : "every replica streams";
        return synchronous(view)
                .map(s -> s.state() == SyncState.Quorum
                        ? "%s; a commit is acknowledged once %d of %s have flushed it"
                                .formatted(who, s.acknowledgements(), replicas(view, s))
                        : who + "; a commit is acknowledged by the primary alone")
                .orElse(who);
    }

    private static String replicas(ClusterView view, Synchronous synchronous) {
        return synchronous.voters().stream()
                .map(view.names()::pod)
                .filter(pod ->
                        view.primary().map(Member::name).filter(pod::equals).isEmpty())
                .collect(Collectors.joining(", "));
    }

    /** Whether replicas shall acknowledge commits and none ever did: the replicas are new, or the spec has just been changed. */
    static boolean notYetSynchronous(ClusterView view) {
        return wanted(view) > 0
                && synchronous(view).filter(s -> s.state() == SyncState.Async).isPresent();
    }

    private static Optional<String> notWaiting(ClusterView view) {
        return Optional.ofNullable(view.spec().postgres())
                .map(PostgresConfiguration::parameters)
                .filter(parameters -> wanted(view) > 0)
                .flatMap(parameters -> parameters.entrySet().stream()
                        .filter(e -> e.getKey().equalsIgnoreCase("synchronous_commit"))
                        .map(Map.Entry::getValue)
                        .filter(value -> NOT_WAITING.contains(value.strip().toLowerCase(Locale.ROOT)))
                        .findFirst());
    }

    private static int wanted(ClusterView view) {
        return Availability.replication(view.spec(), Math.max(view.replicas(), 1))
                .acknowledgements();
    }

    /** Whether a replica's acknowledgement counts; empty for the primary, and where nothing waits for acknowledgements. */
    static Optional<Boolean> acknowledges(ClusterView view, Member member) {
        return synchronous(view)
                .filter(s -> s.acknowledgements() > 0)
                .filter(s -> view.primary().filter(member::equals).isEmpty())
                .map(s -> s.voters().contains(member.ordinal()));
    }

    static void tell(ClusterView view, List<Finding> findings) {
        synchronous(view).ifPresent(s -> {
            if (s.state() == SyncState.Blocked) {
                findings.add(finding(
                        "Blocked",
                        "commits wait: %d of %s must acknowledge, and fewer stream. Bring them back; spec.replication.whenUnavailable: Degrade would let the primary acknowledge alone meanwhile"
                                .formatted(
                                        wanted(view),
                                        replicas(view, s).isEmpty() ? "the replicas" : replicas(view, s))));
            }
            if (s.state() == SyncState.Degraded) {
                findings.add(
                        finding(
                                "Degraded",
                                "too few replicas stream, and the primary acknowledges commits alone, as spec.replication.whenUnavailable says: they are lost if it is lost now"));
            }
        });
        if (notYetSynchronous(view)) {
            findings.add(finding(
                    "NotYetSynchronous",
                    "the primary acknowledges commits alone until %d of the replicas stream".formatted(wanted(view))));
        }
        notWaiting(view)
                .ifPresent(value -> findings.add(finding(
                        "CommitsDoNotWait",
                        "spec.postgres.parameters sets synchronous_commit to %s, so that commits are acknowledged before a replica has flushed them, and a failover may lose them. Leave it to the sessions that accept that, or set spec.replication.mode to Async"
                                .formatted(value))));
        if (view.primary().isEmpty()) {
            for (Member member : view.members()) {
                member.report()
                        .map(MemberReport::problem)
                        .filter(p -> ELECTION.contains(p.reason()))
                        .ifPresent(p -> findings.add(finding(
                                p.reason(),
                                p.message().contains(member.name())
                                        ? p.message()
                                        : member.name() + ": " + p.message())));
            }
        }
        String unfit = view.lease().map(ClusterLease::unfit).orElse(List.of()).stream()
                .map(view.names()::pod)
                .collect(Collectors.joining(", "));
        if (!unfit.isEmpty()) {
            findings.add(finding(
                    "Unfit",
                    "%s took over and could not be promoted: not elected again until it has been seen streaming"
                            .formatted(unfit)));
        }
        List<Integer> fenced = Availability.fenced(view.spec(), view.replicas());
        List<String> detached = view.members().stream()
                .filter(m -> view.primary().filter(m::equals).isEmpty())
                .filter(m -> m.ordinal() < view.spec().instances() && !fenced.contains(m.ordinal()))
                .filter(m ->
                        m.report().filter(r -> r.state() == State.Streaming).isEmpty() || !m.ready())
                .map(m -> m.name() + " is " + Readiness.state(m))
                .toList();
        if (!detached.isEmpty() && view.served()) {
            findings.add(finding("NotStreaming", String.join(", ", detached)));
        }
    }

    private static Finding finding(String reason, String message) {
        return new Finding(Topic.Replication, false, reason, Objects.requireNonNull(message));
    }
}
