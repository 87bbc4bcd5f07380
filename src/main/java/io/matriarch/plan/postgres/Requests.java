package io.matriarch.plan.postgres;

import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.PostgresClusterStatus.Request.Outcome;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.plan.status.Refused;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.step.Timestamp;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Command;
import io.matriarch.plan.view.Member;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Commands and their outcomes (docs/contract.md, "High availability"). The operator asks, the agents decide, and each command runs once:
 *
 * <ol>
 *   <li>A command that cannot be carried out at present is refused at once, and never reaches the agents.
 *   <li>Any other command goes into the settings; the member concerned answers in its report.
 *   <li>The answer goes into the status. A command that is there is never passed on again, even if the operator restarts or the annotation is
 *       applied again.
 *   <li>Only then is the request removed from the settings.
 * </ol>
 *
 * A switchover that no member answers or begins in time is withdrawn: it must not happen at some later moment.
 */
public final class Requests {
    private static final int REMEMBERED = 8;
    private static final Duration ANSWER = Duration.ofMinutes(1);

    /** After this time, a switchover that has not begun would come as a surprise. */
    private static final Duration EXPIRY = Duration.ofMinutes(2);

    private static final Duration RECHECK = Duration.ofSeconds(15);

    private Requests() {}

    /**
     * The requests to the agents now, and the content of the status.
     *
     * @param asked oldest first
     * @param told oldest first
     */
    public record Verdict(List<Settings.Request> asked, List<Request> told) {
        /** The requests for the status; null for none. */
        public @Nullable List<Request> remembered() {
            return told.isEmpty() ? null : told;
        }
    }

    public static Verdict of(ClusterView view) {
        Map<String, Request> before = Command.remembered(view);
        Map<String, Request> told = new LinkedHashMap<>(before);
        List<Command> commands = new ArrayList<>(Command.of(view.cluster()));
        HandOver.command(view).ifPresent(commands::add);
        Set<String> wanted = new HashSet<>();
        for (Command command : commands) {
            wanted.add(command.id());
            Optional<Request> now = now(view, command, Optional.ofNullable(before.get(command.id())));
            now.ifPresent(request -> told.put(command.id(), request));
        }
        for (Request request : before.values()) {
            if (!wanted.contains(request.id())) {
                told.put(request.id(), unwanted(view, request));
            }
        }
        List<Settings.Request> asked = new ArrayList<>();
        for (Request request : told.values()) {
            Optional<Settings.Request> present = asked(view, request.id());
            boolean recorded =
                    before.containsKey(request.id()) && before.get(request.id()).outcome() != Outcome.Accepted;
            if (request.outcome() == Outcome.Accepted) {
                present.or(() -> commands.stream()
                                .filter(c -> c.id().equals(request.id()))
                                .findFirst()
                                .map(c -> new Settings.Request(
                                        c.kind(),
                                        c.id(),
                                        c.pod().isEmpty() ? null : Names.ordinal(c.pod()),
                                        c.endSessions())))
                        .ifPresent(asked::add);
            } else if (present.isPresent() && !recorded && request.outcome() != Outcome.Withdrawn) {
                // The agents keep their answer until it is in the status.
                asked.add(present.get());
            }
        }
        return new Verdict(List.copyOf(asked), kept(told, wanted));
    }

    /** Waits for answers; no other step waits for them. */
    public static Result step(ClusterView view) {
        String awaited = of(view).told().stream()
                .filter(request -> request.outcome() == Outcome.Accepted)
                .map(Request::id)
                .collect(Collectors.joining(", "));
        return awaited.isEmpty() ? new Done() : new Wait("an answer to " + awaited, RECHECK);
    }

    /** The status of a paused cluster that got a command: nothing is done, now or later. */
    public static Optional<List<Request>> paused(ClusterView view) {
        Map<String, Request> told = new LinkedHashMap<>(Command.remembered(view));
        Set<String> wanted = new HashSet<>();
        boolean news = false;
        for (Command command : Command.of(view.cluster())) {
            wanted.add(command.id());
            if (!told.containsKey(command.id())) {
                told.put(
                        command.id(),
                        new Request(
                                command.id(),
                                Outcome.Refused,
                                "the cluster is paused; set spec.paused to false and ask again with another id",
                                Timestamp.of(view.now())));
                news = true;
            }
        }
        return news ? Optional.of(kept(told, wanted)) : Optional.empty();
    }

    /** The outcome of a command so far; empty while an answer to a former command of the same words is still in a report. */
    private static Optional<Request> now(ClusterView view, Command command, Optional<Request> before) {
        boolean asked = asked(view, command.id()).isPresent();
        if (before.filter(r -> r.outcome() != Outcome.Accepted && r.outcome() != Outcome.Withdrawn)
                .isPresent()) {
            return before;
        }
        Optional<Answer> answer = answer(view, command.id());
        if (answer.isPresent()) {
            return before.isPresent() || asked
                    ? Optional.of(answered(view, answer.get(), command.id()))
                    : Optional.empty();
        }
        if (before.filter(r -> r.outcome() == Outcome.Withdrawn).isPresent()) {
            return before;
        }
        if (command.kind() == RequestKind.ForceFailover
                && (before.isPresent() || asked)
                && view.primary().isPresent()) {
            return Optional.of(told(
                    view,
                    command.id(),
                    Outcome.Withdrawn,
                    "%s serves as primary, so forcing is no longer needed"
                            .formatted(view.primary().map(Member::name).orElse(""))));
        }
        if (before.isPresent()) {
            return expired(view, command, before.get())
                    ? Optional.of(told(
                            view,
                            command.id(),
                            Outcome.Withdrawn,
                            "no member answered within %d minutes, and the command was dropped; see the log of the primary, and ask again with another id"
                                    .formatted(EXPIRY.toMinutes())))
                    : before;
        }
        Optional<String> refusal = asked ? Optional.empty() : Refusals.of(view, command);
        return Optional.of(refusal.map(why -> told(view, command.id(), Outcome.Refused, why))
                .orElseGet(() ->
                        told(view, command.id(), Outcome.Accepted, "passed on to the members; waiting for an answer")));
    }

    private static boolean expired(ClusterView view, Command command, Request request) {
        boolean begun = view.lease()
                .map(ClusterLease::handoff)
                .filter(handoff -> request.id().equals(handoff.request()))
                .isPresent();
        return command.kind() == RequestKind.Switchover
                && !begun
                && !view.now().isBefore(Instant.parse(request.at()).plus(EXPIRY));
    }

    /** A command whose annotation is gone, or which a hand-over no longer needs. */
    private static Request unwanted(ClusterView view, Request request) {
        if (request.outcome() != Outcome.Accepted && request.outcome() != Outcome.Withdrawn) {
            return request;
        }
        Optional<Answer> answer = answer(view, request.id());
        if (answer.isPresent()) {
            return answered(view, answer.get(), request.id());
        }
        boolean mayAnswer = HandOver.current(view, request.id())
                && view.now().isBefore(Instant.parse(request.at()).plus(ANSWER));
        return request.outcome() == Outcome.Withdrawn || mayAnswer
                ? request
                : told(view, request.id(), Outcome.Withdrawn, "the annotation was removed before a member answered");
    }

    private static Optional<Settings.Request> asked(ClusterView view, String id) {
        return view.settings().map(Settings::requests).orElse(List.of()).stream()
                .filter(request -> request.id().equals(id))
                .findFirst();
    }

    private static Optional<Answer> answer(ClusterView view, String id) {
        return view.members().stream()
                .flatMap(m -> m.report().map(MemberReport::answers).orElse(List.of()).stream())
                .filter(answer -> answer.id().equals(id))
                .max(Comparator.comparing(a -> a.outcome() == MemberReport.Outcome.Done));
    }

    private static Request answered(ClusterView view, Answer answer, String id) {
        Outcome outcome = switch (answer.outcome()) {
            case Done -> Outcome.Done;
            case Refused -> Outcome.Refused;
            case Aborted -> Outcome.Aborted;
        };
        return told(view, id, outcome, answer.message());
    }

    private static Request told(ClusterView view, String id, Outcome outcome, String message) {
        return new Request(id, outcome, message, Timestamp.of(view.now()));
    }

    /** The requests to keep: all that an annotation still names, all pending ones, and the newest of the others that had an id of their own. */
    private static List<Request> kept(Map<String, Request> told, Set<String> wanted) {
        Optional<Request> attempt = told.values().stream()
                .filter(r -> HandOver.ours(r) && r.outcome() != Outcome.Accepted)
                .reduce((former, latter) -> latter);
        List<Request> all = told.values().stream()
                .filter(r -> wanted.contains(r.id()) || r.outcome() == Outcome.Accepted || r.id().contains("/"))
                // Of the operator's own attempts only the last one is kept: they must not displace the user's commands.
                .filter(r -> !HandOver.ours(r)
                        || r.outcome() == Outcome.Accepted
                        || attempt.filter(r::equals).isPresent())
                .sorted(Comparator.comparing(Request::at))
                .toList();
        long surplus = all.stream().filter(r -> !wanted.contains(r.id())).count() - REMEMBERED;
        List<Request> kept = new ArrayList<>();
        for (Request request : all) {
            boolean goes = surplus > 0 && !wanted.contains(request.id()) && request.outcome() != Outcome.Accepted;
            if (goes) {
                surplus--;
            } else {
                kept.add(request);
            }
        }
        return List.copyOf(kept);
    }
}
