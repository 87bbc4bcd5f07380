package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Predicate;

/**
 * The pods of a Job, as it looks at them.
 *
 * @param active neither ended nor on their way out
 * @param succeeded and not counted yet
 * @param failed and not counted yet
 * @param terminating how many are on their way out and have not ended
 * @param tracked how many are not counted yet, whether they run or not
 * @param restarts of containers of all pods that have not ended
 */
record JobPods(
        List<ObjectNode> active,
        List<ObjectNode> succeeded,
        List<ObjectNode> failed,
        int terminating,
        int tracked,
        int restarts) {

    static JobPods of(ObjectNode job, List<ObjectNode> pods, Predicate<JsonNode> tracked) {
        List<ObjectNode> running = pods.stream().filter(pod -> !terminal(pod)).toList();
        List<ObjectNode> uncounted = pods.stream().filter(tracked).toList();
        return new JobPods(
                running.stream().filter(pod -> !leaving(pod)).toList(),
                uncounted.stream().filter(pod -> phase(pod).equals("Succeeded")).toList(),
                uncounted.stream().filter(pod -> failed(job, pod)).toList(),
                (int) running.stream().filter(JobPods::leaving).count(),
                uncounted.size(),
                running.stream().mapToInt(JobPods::restarts).sum());
    }

    /** How many should run: for a number of completions no more than are missing; without one all, until the first success. */
    int wanted(JsonNode job) {
        JsonNode completions = job.path("spec").path("completions");
        int parallelism = job.path("spec").path("parallelism").asInt();
        int done = job.path("status").path("succeeded").asInt() + succeeded.size();
        return completions.isMissingNode()
                ? done > 0 ? active.size() : parallelism
                : Math.clamp(completions.asInt() - done, 0, parallelism);
    }

    static boolean ended(JsonNode job, JsonNode pod) {
        return phase(pod).equals("Succeeded") || failed(job, pod);
    }

    /** A pod that is deleted has failed, unless the Job replaces only what has really ended. */
    private static boolean failed(JsonNode job, JsonNode pod) {
        return phase(pod).equals("Failed")
                || leaving(pod)
                        && !phase(pod).equals("Succeeded")
                        && !job.path("spec")
                                .path("podReplacementPolicy")
                                .asText()
                                .equals("Failed");
    }

    private static boolean terminal(JsonNode pod) {
        return List.of("Succeeded", "Failed").contains(phase(pod));
    }

    private static boolean leaving(JsonNode pod) {
        return pod.path("metadata").has("deletionTimestamp");
    }

    private static String phase(JsonNode pod) {
        return pod.path("status").path("phase").asText();
    }

    private static int restarts(JsonNode pod) {
        int sum = 0;
        for (String containers : List.of("initContainerStatuses", "containerStatuses")) {
            for (JsonNode container : pod.path("status").path(containers)) {
                sum += container.path("restartCount").asInt();
            }
        }
        return sum;
    }

    static String uid(JsonNode object) {
        return object.path("metadata").path("uid").asText();
    }
}
