package io.matriarch.plan.postgres;

import io.matriarch.api.PostgresConfiguration;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.SyncState;
import io.matriarch.api.contract.MemberReport.Synchronous;
import io.matriarch.api.contract.Problem.Subject;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Finding.Telling;
import io.matriarch.plan.step.Finding.Topic;
import io.matriarch.plan.step.Said;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Heard;
import io.matriarch.plan.view.Member;
import io.matriarch.render.Availability;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How the replicas follow, how commits are acknowledged, and why no member is elected: the conditions ReplicationHealthy and
 * SynchronousReplication.
 */
public final class Replicas {
    /** Values of synchronous_commit with which a commit is acknowledged before a replica has flushed it (PostgreSQL manual, "synchronous_commit"). */
    private static final Set<String> NOT_WAITING = Set.of("off", "false", "no", "0", "local", "remote_write");

    private Replicas() {}

    /** Synchronous replication as the primary uses it; empty while there is no primary, or its agent is too old to report it. */
    static Optional<Synchronous> synchronous(ClusterView view) {
        return view.primary().flatMap(Member::report).map(MemberReport::synchronous);
    }

    /** The condition while nothing is wrong: True only when the primary itself reports that each replica streams. */
    public static Said healthy(ClusterView view) {
        List<Integer> fenced = Availability.fenced(view.spec(), view.replicas());
        Optional<MemberReport> primary =
                view.primary().filter(m -> Heard.is(view, m)).flatMap(Member::report);
        if (primary.isEmpty() || fenced.size() == view.replicas()) {
            return nobodySays(view);
        }
        String word = synchronous(view).map(s -> s.state().name()).orElse("Healthy");
        if (view.spec().instances() == 1) {
            return Said.yes("Healthy", "a single instance has no replicas");
        }
        if (fenced.size() >= view.spec().instances() - 1) {
            return Fenced.said("every replica is fenced: none shall stream", Fenced.running(view));
        }
        String who = fenced.isEmpty() ? "every replica streams" : "every replica that is not fenced streams";
        return Said.yes(
                word, synchronous(view).isPresent() ? who + "; " + promise(view).message() : who);
    }

    /** Why no member reports on replication. */
    private static Said nobodySays(ClusterView view) {
        int fenced = Availability.fenced(view.spec(), view.replicas()).size();
        if (fenced > 0 && fenced == view.replicas()) {
            return Fenced.said("every member is fenced: no primary tells which replicas stream", Fenced.running(view));
        }
        return view.served()
                ? Said.unknown("NoPrimary", "no primary tells which replicas stream")
                : Said.unknown("Creating", "no member has served as primary yet");
    }

    /**
     * The condition SynchronousReplication: whether a commit waits until replicas have flushed it. While no primary reports that, the reason says
     * what was known last.
     */
    public static Said promise(ClusterView view) {
        Optional<Synchronous> told =
                view.primary().filter(m -> Heard.is(view, m)).flatMap(m -> synchronous(view));
        if (told.isEmpty()) {
            Said nobody = nobodySays(view);
            String reason = view.condition("SynchronousReplication")
                    .map(c -> switch (c.getStatus()) {
                        case "True" -> "LastKnownTrue";
                        case "False" -> "LastKnownFalse";
                        default -> c.getReason();
                    })
                    .orElse("NotYetKnown");
            return Said.unknown(reason, view.primary().isPresent() ? "the primary does not tell" : nobody.message());
        }
        Synchronous now = told.get();
        Optional<String> value = notWaiting(view);
        if (value.isPresent()) {
            return Said.no(
                    "CommitsDoNotWait",
                    "synchronous_commit is %s: commits are acknowledged before a replica has flushed them"
                            .formatted(value.get()));
        }
        return switch (now.state()) {
            case Quorum, Blocked ->
                Said.yes(
                        now.state().name(),
                        "a commit is acknowledged once %d of %s have flushed it"
                                .formatted(
                                        now.acknowledgements(),
                                        replicas(view, now).isEmpty() ? "the replicas" : replicas(view, now)));
            case Degraded ->
                Said.no(
                        "Degraded",
                        "too few replicas stream: the primary acknowledges commits alone, as spec.replication.whenUnavailable says");
            case Async ->
                wanted(view) > 0
                        ? Said.no(
                                "NotYetSynchronous",
                                "the primary acknowledges commits alone until %d of the replicas stream"
                                        .formatted(wanted(view)))
                        : Said.no("Async", alone(view));
        };
    }

    private static String alone(ClusterView view) {
        String why = Optional.ofNullable(view.spec().replication())
                        .filter(r -> r.mode() != null)
                        .isPresent()
                ? "as spec.replication.mode says"
                : "as is the default with %d %s; from 3 instances on, commits wait for replicas"
                        .formatted(members(view), members(view) == 1 ? "instance" : "instances");
        return "a commit is acknowledged by the primary alone (%s): a failover may lose the newest ones".formatted(why);
    }

    /** Replicas that do not stream, each with its state. One streams if it reports so, and the primary does not report its connection as missing. */
    private static List<String> detached(ClusterView view) {
        Optional<Member> primary = view.primary().filter(m -> Heard.is(view, m));
        if (primary.isEmpty()) {
            return List.of();
        }
        List<Integer> connected =
                primary.flatMap(Member::report).map(MemberReport::connected).orElse(List.of());
        List<Integer> fenced = Availability.fenced(view.spec(), view.spec().instances());
        List<String> detached = new ArrayList<>();
        for (int ordinal = 0; ordinal < view.spec().instances(); ordinal++) {
            if (ordinal == primary.get().ordinal() || fenced.contains(ordinal)) {
                continue;
            }
            Optional<Member> member = view.member(ordinal);
            boolean streams = member.filter(m -> m.ready() && Heard.is(view, m))
                    .flatMap(Member::report)
                    .filter(r -> r.state() == State.Streaming)
                    .isPresent();
            String state = member.map(m -> Heard.state(view, m)).orElse("no pod");
            if (!streams) {
                detached.add("%s (%s)"
                        .formatted(view.names().pod(ordinal), state.equals("Streaming") ? "not ready" : state));
            } else if (!connected.isEmpty() && !connected.contains(ordinal)) {
                detached.add("%s (not connected)".formatted(view.names().pod(ordinal)));
            }
        }
        return detached;
    }

    private static String replicas(ClusterView view, Synchronous synchronous) {
        return synchronous.voters().stream()
                .map(view.names()::pod)
                .filter(pod ->
                        view.primary().map(Member::name).filter(pod::equals).isEmpty())
                .collect(Collectors.joining(", "));
    }

    /** Whether replicas must acknowledge commits but never did yet: the replicas are new, or the spec has just been changed. */
    public static boolean notYetSynchronous(ClusterView view) {
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
        return Availability.replication(view.spec(), members(view)).acknowledgements();
    }

    /** How many members take part in acknowledgements. A member that is to leave, or one whose pod does not exist yet, does not count. */
    private static int members(ClusterView view) {
        return Math.max(Math.min(Standbys.members(view), view.replicas()), 1);
    }

    /** Whether a replica's acknowledgement counts; empty for the primary, and if commits wait for no acknowledgements. */
    public static Optional<Boolean> acknowledges(ClusterView view, Member member) {
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
                                "too few replicas stream, and the primary acknowledges commits alone, as spec.replication.whenUnavailable says. If the primary is lost now, so are these commits"));
            }
        });
        if (notYetSynchronous(view)) {
            findings.add(finding(
                            "NotYetSynchronous",
                            "the primary acknowledges commits alone until %d of the replicas stream"
                                    .formatted(wanted(view)))
                    .told(Telling.Never));
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
                        .filter(p -> p.known().about() == Subject.Election)
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
                    "%s was elected and could not be promoted. It is not elected again until it streams"
                            .formatted(unfit)));
        }
        List<String> detached = detached(view);
        if (!detached.isEmpty() && view.served()) {
            findings.add(finding(
                            "NotStreaming",
                            "%s %s not stream from the primary %s"
                                    .formatted(
                                            String.join(", ", detached),
                                            detached.size() == 1 ? "does" : "do",
                                            view.primary().map(Member::name).orElse("")))
                    .told(Telling.Never));
        }
    }

    private static Finding finding(String reason, String message) {
        return new Finding(Topic.Replication, false, reason, Objects.requireNonNull(message));
    }
}
