package io.matriarch.operator;

import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.PostgresClusterStatus.RoleChange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What happened between two statuses: another primary, commands and what became of them. */
final class Story {
    private static final Set<String> PLANNED = Set.of("Switchover", "Restart");

    private Story() {}

    /** An Event to be. */
    record Told(String type, String reason, String message) {}

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
        return told;
    }

    /** A hand-over that the operator asks for again, or that is refused again in the same words: the condition says that it goes on. */
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

    /** The first primary of a cluster is no change; that it serves is told as Ready. */
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
        return new Told(
                PLANNED.contains(change.reason()) ? "Normal" : "Warning",
                same ? "PrimaryResumed" : "PrimaryChanged",
                "%s after %s, %s (%s, epoch %d)%s"
                        .formatted(
                                same ? change.to() + " is the primary again" : change.to() + " is the primary",
                                change.from(),
                                change.duration(),
                                change.reason(),
                                change.epoch(),
                                story));
    }
}
