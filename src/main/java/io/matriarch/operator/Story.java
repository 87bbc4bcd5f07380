package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.Condition;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import io.matriarch.plan.status.Refused;
import io.matriarch.plan.step.Told;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What happened between two statuses: a new primary, and commands and their outcomes. */
final class Story {
    private static final Set<String> PLANNED = Set.of("Switchover", "Restart");

    private Story() {}

    static List<Told> of(Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        List<Told> told = new ArrayList<>();
        Map<String, Request> known = new HashMap<>();
        before.map(PostgresClusterStatus::requests)
                .orElse(List.of())
                .forEach(request -> known.put(request.id(), request));
        for (Request request : Objects.requireNonNullElse(after.requests(), List.<Request>of())) {
            Request was = known.get(request.id());
            if ((was == null || was.outcome() != request.outcome()) && !repeated(request, known.values())) {
                told.add(request(request));
            }
        }
        roleChange(before, after).ifPresent(told::add);
        if (before.map(PostgresClusterStatus::readyAt).isEmpty() && !wasReady(before)) {
            making(before, after, told);
        } else {
            promise(before, after).ifPresent(told::add);
        }
        paused(before, after).ifPresent(told::add);
        return told;
    }

    /** The few steps that are reported on the way to the first Ready. */
    private static void making(Optional<PostgresClusterStatus> before, PostgresClusterStatus after, List<Told> told) {
        Optional<PostgresClusterStatus> now = Optional.of(after);
        boolean seen = before.map(PostgresClusterStatus::observedGeneration)
                .filter(generation -> generation > 0)
                .isPresent();
        if (!seen && after.members() != null && !isPaused(now)) {
            told.add(Told.normal("Creating", "the cluster's Services, Secrets, volumes and pods are being made"));
        }
        if (initializing(before).isEmpty()) {
            initializing(now)
                    .ifPresent(pod -> told.add(Told.normal("Initializing", pod + " makes the database system")));
        }
        if (before.map(PostgresClusterStatus::primary).isEmpty() && after.primary() != null) {
            told.add(Told.normal("PrimaryServes", after.primary() + " accepts connections as the primary"));
        }
        Set<String> streamed = Set.copyOf(streaming(before));
        List<String> joined =
                streaming(now).stream().filter(pod -> !streamed.contains(pod)).toList();
        if (!joined.isEmpty()) {
            told.add(Told.normal(
                    "ReplicaServes",
                    "%s %s been cloned and %s from the primary"
                            .formatted(
                                    String.join(", ", joined),
                                    joined.size() == 1 ? "has" : "have",
                                    joined.size() == 1 ? "streams" : "stream")));
        }
    }

    /** The member that is creating the database system. */
    static Optional<String> initializing(Optional<PostgresClusterStatus> status) {
        return members(status).stream()
                .filter(m -> "Initializing".equals(m.state()))
                .map(PostgresClusterStatus.Member::name)
                .findFirst();
    }

    private static List<String> streaming(Optional<PostgresClusterStatus> status) {
        return members(status).stream()
                .filter(m -> "Streaming".equals(m.state()) && Boolean.TRUE.equals(m.ready()))
                .map(PostgresClusterStatus.Member::name)
                .toList();
    }

    /** Whether commits wait for replicas is a promise: a change of it is reported, whatever caused it. */
    private static Optional<Told> promise(Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        Optional<Condition> was = condition(before, "SynchronousReplication");
        Optional<Condition> now = condition(Optional.of(after), "SynchronousReplication");
        if (now.filter(c -> !"Unknown".equals(c.getStatus())).isEmpty() || was.isEmpty()) {
            return Optional.empty();
        }
        boolean waited = "True".equals(was.get().getStatus())
                || "LastKnownTrue".equals(was.get().getReason());
        boolean didNot = "False".equals(was.get().getStatus())
                || "LastKnownFalse".equals(was.get().getReason());
        if (waited && "False".equals(now.get().getStatus())) {
            // Events of their own report the other reasons.
            return now.filter(c -> Set.of("Async", "NotYetSynchronous").contains(c.getReason()))
                    .map(c -> Told.warning("CommitsDoNotWaitAnyMore", c.getMessage()));
        }
        return now.filter(c -> didNot && "True".equals(c.getStatus()))
                .map(c -> Told.normal("CommitsWaitForReplicas", c.getMessage()));
    }

    private static Optional<Told> paused(Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        boolean was = isPaused(before);
        boolean is = isPaused(Optional.of(after));
        if (was == is) {
            return Optional.empty();
        }
        return Optional.of(
                is
                        ? Told.normal("Paused", "spec.paused is true: the operator observes and changes nothing")
                        : Told.normal("Resumed", "spec.paused is no longer true: the operator continues"));
    }

    private static boolean isPaused(Optional<PostgresClusterStatus> status) {
        return condition(status, "Reconciling")
                .filter(c -> "Paused".equals(c.getReason()))
                .isPresent();
    }

    private static boolean wasReady(Optional<PostgresClusterStatus> status) {
        return condition(status, "Ready")
                .filter(c -> "True".equals(c.getStatus()))
                .isPresent();
    }

    private static List<PostgresClusterStatus.Member> members(Optional<PostgresClusterStatus> status) {
        return status.map(PostgresClusterStatus::members).orElse(List.of());
    }

    private static List<Condition> conditions(Optional<PostgresClusterStatus> status) {
        return status.map(PostgresClusterStatus::conditions).orElse(List.of());
    }

    private static Optional<Condition> condition(Optional<PostgresClusterStatus> status, String type) {
        return conditions(status).stream().filter(c -> type.equals(c.getType())).findFirst();
    }

    /**
     * Whether the operator repeats its own request for a hand-over, or it is refused again in the same words: the condition reports that it
     * continues.
     */
    private static boolean repeated(Request request, Collection<Request> known) {
        if (!request.id().startsWith(Request.SCALE_DOWN) || request.id().endsWith("/1")) {
            return false;
        }
        return request.outcome() == Request.Outcome.Accepted
                || known.stream()
                        .anyMatch(k -> k.id().startsWith(Request.SCALE_DOWN)
                                && k.outcome() == request.outcome()
                                && Objects.equals(k.message(), request.message()));
    }

    private static Told request(Request request) {
        String type = switch (request.outcome()) {
            case Accepted, Done, Withdrawn -> "Normal";
            case Refused, Aborted -> "Warning";
        };
        return new Told(type, "Request" + request.outcome(), "%s: %s".formatted(request.id(), request.message()));
    }

    /** The first primary of a cluster is not a change; the Event Ready reports that it serves. */
    private static Optional<Told> roleChange(Optional<PostgresClusterStatus> before, PostgresClusterStatus after) {
        long known = before.map(PostgresClusterStatus::lastRoleChange)
                .map(RoleChange::epoch)
                .orElse(0L);
        return Optional.ofNullable(after.lastRoleChange())
                .filter(change -> change.epoch() != known && change.from() != null)
                .map(Story::told);
    }

    private static Told told(RoleChange change) {
        boolean same = change.to().equals(change.from());
        String story = change.message() == null || change.message().isEmpty() ? "" : ": " + change.message();
        String what = same
                ? "%s serves again as the primary".formatted(change.to())
                : "%s took over from %s".formatted(change.to(), change.from());
        return new Told(
                PLANNED.contains(change.reason()) ? "Normal" : "Warning",
                same ? "PrimaryResumed" : "PrimaryChanged",
                "%s, %s after the vacancy%s (%s, epoch %d)%s"
                        .formatted(
                                what,
                                change.duration(),
                                change.outage() == null ? "" : ", no writes for at most " + change.outage(),
                                change.reason(),
                                change.epoch(),
                                story));
    }
}
