package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What becomes of simulated pods that run to an end, such as Jobs': they succeed at once, unless told otherwise. */
final class SimulatedTasks {
    private final Store store;
    private final Set<String> failing = ConcurrentHashMap.newKeySet();

    SimulatedTasks(Store store) {
        this.store = store;
    }

    static boolean is(JsonNode pod) {
        return !pod.path("spec").path("restartPolicy").asText("Always").equals("Always");
    }

    /** The pods of this Job fail from now on, or succeed again. */
    void fails(String job, boolean on) {
        if (on) {
            failing.add(job);
        } else {
            failing.remove(job);
        }
    }

    void end(ObjectNode pod) {
        boolean fails = failing.contains(
                pod.path("metadata").path("labels").path(Jobs.NAME).asText());
        store.update(Key.of(pod), live -> {
            live.withObjectProperty("status").put("phase", fails ? "Failed" : "Succeeded");
            return live;
        });
    }
}
