package io.matriarch.testkit;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import org.awaitility.core.ThrowingRunnable;

/** Cases of {@link Conformance} about one kind of object: what they have of the Kubernetes they run on. */
@org.jspecify.annotations.NullUnmarked
interface Cases {
    KubernetesClient client();

    /** One for this case alone. */
    String namespace();

    /** As much time passes at once, where that can be had; elsewhere one waits. */
    void skip(Duration time);

    /** How long anything may take. */
    default Duration patience() {
        return Duration.ofSeconds(120);
    }

    default <T extends HasMetadata> T read(String yaml, Class<T> type) {
        return type.cast(Serialization.unmarshal(yaml, type));
    }

    default <T extends HasMetadata> T create(String yaml, Class<T> type) {
        return client().resource(read(yaml, type)).inNamespace(namespace()).create();
    }

    /** Events about an object: type, reason and message. */
    default List<String> events(String name) {
        return client().v1().events().inNamespace(namespace()).list().getItems().stream()
                .filter(event -> event.getInvolvedObject().getName().equals(name))
                .map(event -> event.getType() + " " + event.getReason() + " " + event.getMessage())
                .toList();
    }

    default void eventually(ThrowingRunnable assertion) {
        await().atMost(patience())
                .pollInterval(Duration.ofMillis(100))
                .ignoreExceptions()
                .untilAsserted(assertion);
    }
}
