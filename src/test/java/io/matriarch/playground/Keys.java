package io.matriarch.playground;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.matriarch.api.PostgresCluster;
import java.io.IOException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

/** What each key does. */
final class Keys {
    private final Theatre theatre;

    Keys(Theatre theatre) {
        this.theatre = theatre;
    }

    /** @return what was done, or why not, for the visitor */
    String press(char key) {
        try {
            return switch (key) {
                case '+', '=' -> scale(1);
                case '-' -> scale(-1);
                case 'k' -> kill();
                case 'a' -> {
                    theatre.toggleApi();
                    yield theatre.apiOn()
                            ? "the API server is back"
                            : "the API server is off: the other members promise the primary not to elect anybody, and it still serves";
                }
                default -> Character.isDigit(key) ? node(key - '1') : "no such key: " + key;
            };
        } catch (KubernetesClientException | NoSuchElementException | IOException e) {
            return "that did not work: " + e.getMessage();
        }
    }

    private String scale(int by) {
        PostgresCluster star = theatre.star().orElseThrow();
        int wanted = star.getSpec().instances() + by;
        if (wanted < 1) {
            return "a cluster has one member at least";
        }
        theatre.scale(wanted);
        return "kubectl scale pgc %s --replicas=%d".formatted(star.getMetadata().getName(), wanted);
    }

    private String kill() throws IOException {
        String primary = theatre.primary().orElseThrow(() -> new NoSuchElementException("there is no primary"));
        theatre.outages().killPostgres(Theatre.NAMESPACE, primary);
        return "kill -9 of PostgreSQL in " + primary;
    }

    private String node(int index) {
        List<String> nodes = theatre.outages().nodes();
        if (index < 0 || index >= nodes.size()) {
            return "there is no node " + (index + 1);
        }
        theatre.toggleNode(nodes.get(index));
        return Optional.of(nodes.get(index))
                .filter(theatre.outages()::nodeIsOn)
                .map(node -> node + " is on")
                .orElse(nodes.get(index) + " is off, with all its processes");
    }
}
