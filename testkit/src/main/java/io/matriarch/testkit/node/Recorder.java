package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes Events about pods and nodes; the same thing said again is counted. Nobody waits for it. */
final class Recorder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Recorder.class);

    private final KubernetesClient client;
    private final String component;
    private final Map<String, Event> said = new ConcurrentHashMap<>();
    private final ExecutorService writer =
            Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());

    Recorder(KubernetesClient client, String component) {
        this.client = client;
        this.component = component;
    }

    void normal(HasMetadata about, String reason, String message) {
        writer.execute(() -> write(about, "Normal", reason, message));
    }

    void warning(HasMetadata about, String reason, String message) {
        writer.execute(() -> write(about, "Warning", reason, message));
    }

    private void write(HasMetadata about, String type, String reason, String message) {
        String key = about.getMetadata().getUid() + "/" + reason + "/" + message;
        String now = PodContainer.text(Instant.now());
        String namespace = about.getMetadata().getNamespace() == null
                ? "default"
                : about.getMetadata().getNamespace();
        Event former = said.get(key);
        try {
            if (former != null) {
                Event again = new EventBuilder(former)
                        .withCount(former.getCount() + 1)
                        .withLastTimestamp(now)
                        .build();
                again.getMetadata().setResourceVersion(null);
                said.put(key, again);
                client.v1()
                        .events()
                        .inNamespace(namespace)
                        .withName(again.getMetadata().getName())
                        .patch(
                                io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                                        io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
                                "{\"count\":%d,\"lastTimestamp\":\"%s\"}".formatted(again.getCount(), now));
                return;
            }
            // spotless:off
            Event event = new EventBuilder()
                    .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("%s.%x".formatted(about.getMetadata().getName(), System.nanoTime()))
                    .endMetadata()
                    .withNewInvolvedObject()
                        .withApiVersion(about.getApiVersion())
                        .withKind(about.getKind())
                        .withNamespace(about.getMetadata().getNamespace())
                        .withName(about.getMetadata().getName())
                        .withUid(about.getMetadata().getUid())
                    .endInvolvedObject()
                    .withType(type).withReason(reason).withMessage(message)
                    .withCount(1).withFirstTimestamp(now).withLastTimestamp(now)
                    .withNewSource().withComponent(component).endSource()
                    .withReportingComponent(component)
                    .build();
            // spotless:on
            client.v1().events().inNamespace(namespace).resource(event).create();
            said.put(key, event);
        } catch (KubernetesClientException e) {
            LOG.debug("cannot write an Event: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        writer.shutdownNow();
    }
}
