package io.matriarch.plan.postgres;

import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.PostgresClusterStatus.Request.Outcome;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Command;
import io.matriarch.plan.view.Member;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;

/**
 * With fewer instances the primary would be removed: a member that stays takes over first. The request's id names the generation of the spec and
 * the attempt. A refused request is tried again after a pause, which grows with each attempt.
 */
public final class HandOver {
    private static final Duration AGAIN = Duration.ofSeconds(30);

    /** How often the pause between two attempts doubles: up to 16 minutes. */
    private static final int DOUBLINGS = 5;

    private HandOver() {}

    private static String prefix(ClusterView view) {
        return Request.SCALE_DOWN
                + Objects.requireNonNullElse(view.cluster().getMetadata().getGeneration(), 0L) + "/";
    }

    /** Whether a request belongs to this generation. */
    static boolean current(ClusterView view, String id) {
        return id.startsWith(prefix(view));
    }

    /** Whether the member with the highest ordinal has to hand over before it can leave. */
    static boolean due(ClusterView view) {
        int top = view.replicas() - 1;
        return view.bootstrapped()
                && view.spec().instances() < view.replicas()
                && view.settings().map(Settings::instances).orElse(0) > top
                && view.primary().filter(m -> m.ordinal() == top).isPresent();
    }

    /** The lowest ordinal among the members that stay and stream. */
    static Optional<Member> successor(ClusterView view) {
        return Standbys.of(view).stream()
                .filter(m -> m.ordinal() < view.spec().instances())
                .min(Comparator.comparingInt(Member::ordinal));
    }

    /** Whether the operator itself made this request, in whichever generation. */
    static boolean ours(Request request) {
        return request.id().startsWith(Request.SCALE_DOWN);
    }

    static Optional<Request> last(ClusterView view) {
        return Command.remembered(view).values().stream()
                .filter(r -> current(view, r.id()))
                .max(Comparator.comparingInt(r -> attempt(view, r)));
    }

    private static int attempt(ClusterView view, Request request) {
        return Integer.parseInt(request.id().substring(prefix(view).length()));
    }

    static Optional<Command> command(ClusterView view) {
        Optional<Request> last = last(view);
        boolean pending = last.filter(r -> r.outcome() == Outcome.Accepted).isPresent();
        Optional<Member> successor = successor(view);
        if (!due(view) || (successor.isEmpty() && !pending)) {
            return Optional.empty();
        }
        int attempt = last.map(r -> attempt(view, r)).orElse(1);
        boolean over = last.filter(r -> r.outcome() != Outcome.Accepted)
                .filter(r -> !view.now().isBefore(Instant.parse(r.at()).plus(pause(attempt))))
                .isPresent();
        return Optional.of(new Command(
                RequestKind.Switchover,
                prefix(view) + (over ? attempt + 1 : attempt),
                successor.map(Member::name).orElse(""),
                true,
                false));
    }

    private static Duration pause(int attempt) {
        return AGAIN.multipliedBy(1L << Math.clamp(attempt - 1, 0, DOUBLINGS));
    }

    /** For the user, while the primary must hand over: the words stay the same as long as the answer does, whichever attempt this is. */
    public static String story(ClusterView view) {
        String top = view.names().pod(view.replicas() - 1);
        String refused = Command.remembered(view).values().stream()
                .filter(r -> current(view, r.id()) && r.outcome() != Outcome.Accepted && r.outcome() != Outcome.Done)
                .max(Comparator.comparingInt(r -> attempt(view, r)))
                .map(r -> "; the last attempt: %s. It is asked again, ever less often".formatted(r.message()))
                .orElse("");
        return successor(view)
                .map(m -> "%s is the primary and would be removed with %d instances: %s is asked to take over first%s"
                        .formatted(top, view.spec().instances(), m.name(), refused))
                .orElseGet(() ->
                        "%s is the primary and would be removed with %d instances, and no remaining replica streams, so no member can take over; the scale-down waits for one"
                                .formatted(top, view.spec().instances()));
    }
}
