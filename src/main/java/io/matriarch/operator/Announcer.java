package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.plan.objects.Adoption;
import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.workload.Volumes;
import io.matriarch.render.Hashes;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Events: once when a condition says something new, never again in each pass. What was said before is in the status. */
final class Announcer {
    private static final Logger LOG = LoggerFactory.getLogger(Announcer.class);
    private static final int LONGEST = 1000;
    private static final int CONFLICT = 409;

    /** Replicas come and go; the condition says so, and trouble with a pod is told as such. */
    private static final Set<String> PASSING = Set.of("NotStreaming", "NotYetSynchronous", "HandingOver", "Fencing");

    /** Told when it begins. What the message says besides may change while it goes on. */
    private static final Set<String> ONCE = Set.of("NoPrimary", "Fenced");

    private final KubernetesClient client;
    private final InstantSource clock;

    Announcer(KubernetesClient client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    void announce(
            PostgresCluster cluster,
            Optional<PostgresClusterStatus> before,
            PostgresClusterStatus after,
            List<Finding> findings,
            List<Action> done) {
        for (Finding finding : findings) {
            if (conditions(before).stream()
                    .noneMatch(
                            c -> Objects.requireNonNullElse(c.getMessage(), "").contains(finding.message()))) {
                switch (finding.topic()) {
                    case Cluster, Notice, Volumes, Configuration -> {
                        if (!PASSING.contains(finding.reason())
                                && !(ONCE.contains(finding.reason()) && goesOn(before, "Ready", finding.reason()))) {
                            say(cluster, "Warning", finding.reason(), finding.message());
                        }
                    }
                    case Restart -> begins(cluster, before, "PendingRestart", finding);
                    case Upgrade -> begins(cluster, before, "UpgradePending", finding);
                    case Replication -> {
                        // Who has voted changes all the time: that nobody can be elected is said when it begins.
                        if (!PASSING.contains(finding.reason())
                                && !goesOn(before, "ReplicationHealthy", finding.reason())) {
                            say(cluster, "Warning", finding.reason(), finding.message());
                        }
                    }
                }
            }
        }
        ready(Optional.of(after)).filter(c -> "True".equals(c.getStatus())).ifPresent(now -> {
            if (ready(before).filter(c -> "True".equals(c.getStatus())).isEmpty()) {
                say(cluster, "Normal", "Ready", now.getMessage());
            }
        });
        Story.of(before, after).forEach(told -> say(cluster, told.type(), told.reason(), told.message()));
        String adopted = done.stream()
                .filter(action ->
                        action instanceof Action.Patch patch && patch.why().equals(Adoption.WHY))
                .map(Action::target)
                .collect(Collectors.joining(", "));
        if (!adopted.isEmpty()) {
            say(cluster, "Normal", "Adopted", "objects without an owner now belong to this cluster: " + adopted);
        }
        for (Action action : done) {
            if (action instanceof Action.Delete delete) {
                say(cluster, "Normal", "Deleted", "%s: %s".formatted(delete.target(), delete.why()));
            }
        }
    }

    /** The list of members grows and shrinks as they report; that it began is worth an Event. */
    private void begins(PostgresCluster cluster, Optional<PostgresClusterStatus> before, String type, Finding finding) {
        if (conditions(before).stream().noneMatch(c -> type.equals(c.getType()) && "True".equals(c.getStatus()))) {
            say(cluster, "Normal", finding.reason(), finding.message());
        }
    }

    private static boolean goesOn(Optional<PostgresClusterStatus> before, String type, String reason) {
        return conditions(before).stream().anyMatch(c -> type.equals(c.getType()) && reason.equals(c.getReason()));
    }

    private static List<Condition> conditions(Optional<PostgresClusterStatus> status) {
        return status.map(PostgresClusterStatus::conditions).orElse(List.of());
    }

    private static Optional<Condition> ready(Optional<PostgresClusterStatus> status) {
        return conditions(status).stream()
                .filter(c -> "Ready".equals(c.getType()))
                .findFirst();
    }

    private void say(PostgresCluster cluster, String type, String reason, String text) {
        String message = text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
        String now = DateTimeFormatter.ISO_INSTANT.format(clock.instant().truncatedTo(ChronoUnit.SECONDS));
        String name = cluster.getMetadata().getName() + "."
                + Hashes.of(List.of(cluster.getMetadata().getUid(), type, reason, message));
        Event event = new EventBuilder()
                .withNewMetadata()
                .withNamespace(cluster.getMetadata().getNamespace())
                .withName(name)
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion(cluster.getApiVersion())
                .withKind(cluster.getKind())
                .withNamespace(cluster.getMetadata().getNamespace())
                .withName(cluster.getMetadata().getName())
                .withUid(cluster.getMetadata().getUid())
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
