package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.matriarch.plan.objects.Adoption;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Told;
import io.matriarch.render.Hashes;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes Events about objects of any kind. If the same words come again, the same Event is counted up. */
final class Announcer {
    private static final Logger LOG = LoggerFactory.getLogger(Announcer.class);
    private static final int LONGEST = 1000;
    private static final int CONFLICT = 409;

    private final KubernetesClient client;
    private final InstantSource clock;

    Announcer(KubernetesClient client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    /** The Events about actions that interest the user. */
    static List<Told> of(List<Action> done) {
        List<Told> told = new ArrayList<>();
        String adopted = done.stream()
                .filter(action ->
                        action instanceof Action.Patch patch && patch.why().equals(Adoption.WHY))
                .map(Action::target)
                .collect(Collectors.joining(", "));
        if (!adopted.isEmpty()) {
            told.add(Told.normal("Adopted", "objects without an owner now belong to this cluster: " + adopted));
        }
        for (Action action : done) {
            if (action instanceof Action.Delete delete) {
                told.add(Told.normal("Deleted", "%s: %s".formatted(delete.target(), delete.why())));
            }
        }
        return told;
    }

    void say(HasMetadata about, List<Told> events) {
        events.forEach(told -> say(about, told.type(), told.reason(), told.message()));
    }

    private void say(HasMetadata about, String type, String reason, String text) {
        String message = text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
        String now = DateTimeFormatter.ISO_INSTANT.format(clock.instant().truncatedTo(ChronoUnit.SECONDS));
        String name = about.getMetadata().getName() + "."
                + Hashes.of(List.of(about.getMetadata().getUid(), type, reason, message));
        Event event = new EventBuilder()
                .withNewMetadata()
                .withNamespace(about.getMetadata().getNamespace())
                .withName(name)
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion(about.getApiVersion())
                .withKind(about.getKind())
                .withNamespace(about.getMetadata().getNamespace())
                .withName(about.getMetadata().getName())
                .withUid(about.getMetadata().getUid())
                .endInvolvedObject()
                .withType(type)
                .withReason(reason)
                .withMessage(message)
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .withNewSource()
                .withComponent("matriarch")
                .endSource()
                .withReportingComponent("matriarch")
                .withReportingInstance("operator")
                .build();
        try {
            client.resource(event).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() == CONFLICT) {
                repeat(event);
            } else {
                // An Event is a courtesy: the condition says the same.
                LOG.warn("no Event \"{}\": {}", message, e.getMessage());
            }
        }
    }

    private void repeat(Event event) {
        try {
            int count = Optional.ofNullable(client.resource(event).get())
                    .map(Event::getCount)
                    .orElse(1);
            client.resource(event)
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"count\":%d,\"lastTimestamp\":\"%s\"}".formatted(count + 1, event.getLastTimestamp()));
        } catch (KubernetesClientException e) {
            LOG.warn("no Event \"{}\": {}", event.getMessage(), e.getMessage());
        }
    }
}
