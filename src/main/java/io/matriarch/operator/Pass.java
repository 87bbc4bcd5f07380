package io.matriarch.operator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.RetryInfo;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.matriarch.api.ReportedStatus;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.status.Events;
import io.matriarch.plan.status.PassFailure;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.step.Told;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One pass over one object of any kind:
 *
 * <ol>
 *   <li>Observe: everything that the steps may know, as a view.
 *   <li>Plan: what has to be done, a pure function of the view.
 *   <li>Remember: what the plan begins is in the status before anything is done. If the object has changed since it was seen, the pass ends here.
 *   <li>Act: write by write. A paused object is observed and reported, but nothing about it is changed.
 *   <li>Report: the status, and Events about what is new in it.
 * </ol>
 *
 * A kind of object needs a view, a plan and a report, and a subclass that names them; everything else has a default.
 *
 * @param <P> the kind
 * @param <S> its status
 * @param <V> what is seen of it
 */
abstract class Pass<P extends CustomResource<?, S>, S extends ReportedStatus, V> implements Reconciler<P> {
    private static final Logger LOG = LoggerFactory.getLogger(Pass.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CONFLICT = 409;

    /** The user is told after this many failed passes in a row: a single error often passes in a moment. */
    private static final int ATTEMPTS = 3;

    final KubernetesClient client;
    final InstantSource clock;
    final Announcer announcer;
    private final Actor actor;
    private final Recheck recheck = new Recheck();
    private final Class<P> kind;
    private final Class<S> status;

    Pass(KubernetesClient client, InstantSource clock, Class<P> kind, Class<S> status) {
        this.client = client;
        this.clock = clock;
        this.announcer = new Announcer(client, clock);
        this.actor = new Actor(client);
        this.kind = kind;
        this.status = status;
    }

    /** What is seen of an object now. */
    abstract V observe(P object, Context<P> context);

    abstract Plan plan(V view);

    /** Whether nothing may be changed. */
    boolean paused(V view) {
        return false;
    }

    /**
     * The status after the plan was carried out.
     *
     * @param more findings from carrying it out
     */
    abstract S report(V view, Plan plan, List<Finding> more);

    /** The Events about what happened between two statuses, in addition to the findings. */
    List<Told> story(Optional<S> before, S after) {
        return List.of();
    }

    /** How long a changed status waits before it is written; zero to write it now. */
    Duration rest(P object, Optional<S> before, S after) {
        return Duration.ZERO;
    }

    /** Called when a status was written. */
    void written(P object, S after) {}

    /** Whether the new status allows the next pass to continue at once. */
    boolean again(Optional<S> before, S after) {
        return false;
    }

    /** Called when the pass is over. */
    void over(P object, Optional<S> before, S after) {}

    /** What to do with an object that a pass cannot handle; empty if it can. */
    Optional<UpdateControl<P>> instead(P object) {
        return Optional.empty();
    }

    @Override
    public UpdateControl<P> reconcile(P object, Context<P> context) {
        try (MDC.MDCCloseable line = MDC.putCloseable("cluster", name(object))) {
            if (object.getMetadata().getDeletionTimestamp() != null) {
                return UpdateControl.noUpdate();
            }
            Optional<UpdateControl<P>> instead = instead(object);
            return instead.isPresent() ? instead.get() : pass(object, context);
        }
    }

    private UpdateControl<P> pass(P seen, Context<P> context) {
        V view;
        Plan plan;
        try {
            view = observe(seen, context);
            plan = plan(view);
        } catch (RuntimeException e) {
            throw new NotSeenException(e);
        }
        boolean paused = paused(view);
        Optional<P> remembering = paused ? Optional.of(seen) : remember(seen, plan.remember(), context);
        if (remembering.isEmpty()) {
            return UpdateControl.<P>noUpdate().rescheduleAfter(Recheck.SOON);
        }
        P object = remembering.get();
        Actor.Outcome outcome = actor.carryOut(paused ? List.of() : plan.actions());
        S after = report(view, plan, outcome.refusals());
        Optional<S> before = Optional.ofNullable(object.getStatus());
        boolean news = differs(before, after);
        Duration rest = news ? rest(object, before, after) : Duration.ZERO;
        if (rest.isZero()) {
            List<Finding> findings = new ArrayList<>(plan.findings());
            findings.addAll(outcome.refusals());
            announcer.say(object, Events.of(before, findings));
            announcer.say(object, Events.ready(before, after));
            announcer.say(object, story(before, after));
            announcer.say(object, Announcer.of(outcome.done()));
        }
        if (news && rest.isZero()) {
            write(object, after, false, context);
            written(object, after);
        }
        Optional<S> first = Optional.ofNullable(seen.getStatus());
        over(object, first, after);
        Duration next = paused
                ? Recheck.IDLE
                : recheck.after(object, clock.instant(), again(first, after), plan, outcome, after);
        return UpdateControl.<P>noUpdate()
                .rescheduleAfter((rest.isZero() || next.compareTo(rest) < 0 ? next : rest).toMillis());
    }

    /** The object once its status holds the intents; empty if it has changed since it was seen. */
    private Optional<P> remember(P seen, List<Intent> intents, Context<P> context) {
        Optional<S> before = Optional.ofNullable(seen.getStatus());
        S next = Intent.onto(seen.getStatus(), intents, status);
        if (!differs(before, next)) {
            return Optional.of(seen);
        }
        announcer.say(seen, story(before, next));
        try {
            P object = write(seen, next, true, context);
            written(object, next);
            return Optional.of(object);
        } catch (KubernetesClientException e) {
            if (e.getCode() == CONFLICT) {
                LOG.debug("the object has changed since it was seen: {}", e.getMessage());
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Writes the status.
     *
     * @param asSeen whether to write only if the object is still as it was seen
     */
    private P write(P object, S next, boolean asSeen, Context<P> context) {
        P written = patch(object, next, asSeen);
        context.eventSourceRetriever()
                .getControllerEventSource()
                .handleRecentResourceUpdate(ResourceID.fromResource(object), written, object);
        return written;
    }

    /** Writes the status, whatever the controller's cache holds. */
    final P patch(P object, S next, boolean asSeen) {
        return client.resource(fresh(object, next, asSeen))
                .subresource("status")
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(Labels.FIELD_MANAGER)
                        .withForce(true)
                        .build());
    }

    private P fresh(P object, S next, boolean asSeen) {
        try {
            P fresh = kind.getDeclaredConstructor().newInstance();
            fresh.setMetadata(new ObjectMetaBuilder()
                    .withNamespace(object.getMetadata().getNamespace())
                    .withName(object.getMetadata().getName())
                    .withUid(object.getMetadata().getUid())
                    .withResourceVersion(asSeen ? object.getMetadata().getResourceVersion() : null)
                    .build());
            fresh.setStatus(next);
            return fresh;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(kind + " has no constructor without arguments", e);
        }
    }

    /** Tells the user that the operator cannot continue, and why; the pass is retried as usual. */
    @Override
    public ErrorStatusUpdateControl<P> updateErrorStatus(P stale, Context<P> context, Exception e) {
        int attempts = context.getRetryInfo().map(RetryInfo::getAttemptCount).orElse(0) + 1;
        if (attempts >= ATTEMPTS) {
            try (MDC.MDCCloseable line = MDC.putCloseable("cluster", name(stale))) {
                Optional.ofNullable(client.resource(stale).get()).ifPresent(object -> failed(object, e));
            } catch (KubernetesClientException again) {
                LOG.warn("the status cannot be written: {}", again.getMessage());
            }
        }
        return ErrorStatusUpdateControl.defaultErrorProcessing();
    }

    private void failed(P object, Exception e) {
        boolean seen = !(e instanceof NotSeenException);
        Throwable cause = seen || e.getCause() == null ? e : e.getCause();
        Optional<S> before = Optional.ofNullable(object.getStatus());
        List<Condition> conditions = PassFailure.conditions(
                before.map(ReportedStatus::conditions).orElse(List.of()),
                Objects.requireNonNullElse(object.getMetadata().getGeneration(), 0L),
                clock.instant(),
                words(cause),
                seen);
        S next = Intent.onto(object.getStatus(), List.of(new Intent("conditions", conditions)), status);
        if (differs(before, next)) {
            conditions.stream()
                    .filter(c -> PassFailure.REASON.equals(c.getReason()))
                    .findFirst()
                    .map(c -> Told.warning(PassFailure.REASON, c.getMessage()))
                    .ifPresent(told -> announcer.say(object, List.of(told)));
            patch(object, next, true);
        }
    }

    private static String words(Throwable e) {
        String words = e instanceof KubernetesClientException refused && refused.getStatus() != null
                ? refused.getStatus().getMessage()
                : e.getMessage();
        return words == null || words.isBlank() ? e.toString() : words;
    }

    static String name(HasMetadata object) {
        return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
    }

    static boolean differs(Optional<? extends ReportedStatus> before, @Nullable ReportedStatus after) {
        JsonNode old = before.<JsonNode>map(JSON::valueToTree).orElseGet(JSON::createObjectNode);
        return !old.equals(after == null ? JSON.createObjectNode() : JSON.valueToTree(after));
    }

    /** The error occurred before the object was completely observed and planned. */
    private static final class NotSeenException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotSeenException(RuntimeException cause) {
            super(cause.getMessage(), cause);
        }
    }
}
