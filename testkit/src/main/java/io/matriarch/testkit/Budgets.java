package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.List;

/** Counts for PodDisruptionBudgets how many pods may be evicted. */
final class Budgets extends Controller {
    Budgets(Store store) {
        super(store);
    }

    @Override
    void turn() {
        for (ObjectNode budget : store().list("PodDisruptionBudget")) {
            List<ObjectNode> pods = store().list("Pod").stream()
                    .filter(pod -> pod.path("metadata")
                                    .path("namespace")
                                    .equals(budget.path("metadata").path("namespace"))
                            && Selector.matches(budget.path("spec").path("selector"), pod))
                    .toList();
            int healthy = (int) pods.stream().filter(StatefulSets::ready).count();
            int expected = pods.stream()
                    .map(this::expected)
                    .distinct()
                    .mapToInt(Integer::intValue)
                    .sum();
            JsonNode spec = budget.path("spec");
            int desired = spec.has("maxUnavailable")
                    ? Math.max(0, expected - amount(spec.path("maxUnavailable"), expected))
                    : amount(spec.path("minAvailable"), expected);
            store().update(Key.of(budget), live -> {
                ObjectNode status = live.withObjectProperty("status");
                status.put(
                        "observedGeneration",
                        budget.path("metadata").path("generation").asLong());
                status.put("currentHealthy", healthy);
                status.put("desiredHealthy", desired);
                status.put("expectedPods", expected);
                status.put("disruptionsAllowed", Math.max(0, healthy - desired));
                return live;
            });
        }
    }

    /** The replicas of the StatefulSet that a pod is of, or one for a pod of its own. */
    private int expected(ObjectNode pod) {
        String owner = Revisions.controller(pod).orElse("");
        return store().list("StatefulSet").stream()
                .filter(set -> set.path("metadata").path("uid").asText().equals(owner))
                .mapToInt(set -> set.path("spec").path("replicas").asInt(1))
                .findFirst()
                .orElse(1);
    }

    private static int amount(JsonNode number, int all) {
        String text = number.asText("0");
        return text.endsWith("%")
                ? (int) Math.ceil(Integer.parseInt(text.substring(0, text.length() - 1)) * all / 100.0)
                : Integer.parseInt(text);
    }
}
