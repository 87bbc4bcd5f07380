package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The Job controller (Kubernetes documentation, "Jobs"), in the order of the real one's sync:
 *
 * <ol>
 *   <li>tell whether the Job has failed: too many failures, or too long;
 *   <li>delete what runs if it has, else make and delete pods until as many run as should;
 *   <li>count the pods that ended. Each has a finalizer until it is counted, so that none is missed or counted twice;
 *   <li>once nothing runs any more, say Complete or Failed; and when its time to live is over, delete the Job.
 * </ol>
 *
 * Left out, and refused by {@link JobChecks}: indexes, and policies about pods' failures and successes.
 */
final class Jobs extends Controller {
    static final String NAME = "batch.kubernetes.io/job-name";
    static final String CONTROLLER = "batch.kubernetes.io/controller-uid";
    private static final String TRACKING = "batch.kubernetes.io/job-tracking";

    private final Objects objects;
    private final Kinds kinds;
    private final InstantSource clock;
    private final Map<String, PodBackoff> backoffs = new HashMap<>();

    Jobs(ApiServer api, InstantSource clock) {
        super(api.store());
        this.objects = api.objects();
        this.kinds = api.kinds();
        this.clock = clock;
    }

    @Override
    String component() {
        return "job-controller";
    }

    @Override
    void turn() {
        Map<String, ObjectNode> jobs = new HashMap<>();
        store().list("Job").forEach(job -> jobs.put(JobPods.uid(job), job));
        backoffs.keySet().retainAll(jobs.keySet());
        jobs.values().forEach(this::sync);
        for (ObjectNode pod : store().list("Pod")) {
            if (tracked(pod) && !jobs.containsKey(Revisions.controller(pod).orElse(""))) {
                untrack(pod);
            }
        }
    }

    static boolean finished(JsonNode job) {
        return Conditions.holds(job, "Complete") || Conditions.holds(job, "Failed");
    }

    private void sync(ObjectNode job) {
        if (finished(job) || job.path("metadata").has("deletionTimestamp")) {
            pods(job).stream().filter(Jobs::tracked).forEach(this::untrack);
            retire(job);
            return;
        }
        ObjectNode next = job.deepCopy();
        if (!next.path("status").has("startTime") && !suspended(job)) {
            next.withObjectProperty("status").put("startTime", Conditions.text(clock.instant()));
        }
        JobPods pods = JobPods.of(job, pods(job), Jobs::tracked);
        judge(next, pods);
        if (Conditions.holds(next, "FailureTarget")) {
            pods.active().forEach(pod -> delete(job, pod));
        } else if (!Conditions.holds(next, "SuccessCriteriaMet")) {
            manage(next, pods);
        }
        count(next);
    }

    /** Whether it has failed, said by a condition that stands until nothing of the Job runs any more. */
    private void judge(ObjectNode job, JobPods pods) {
        if (Conditions.holds(job, "FailureTarget") || Conditions.holds(job, "SuccessCriteriaMet")) {
            return;
        }
        JsonNode spec = job.path("spec");
        int limit = spec.path("backoffLimit").asInt();
        int failed = job.path("status").path("failed").asInt() + pods.failed().size();
        boolean again = spec.path("template")
                .path("spec")
                .path("restartPolicy")
                .asText()
                .equals("OnFailure");
        if (failed > limit || again && pods.restarts() >= Math.max(limit, 1)) {
            fail(job, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        } else if (spec.has("activeDeadlineSeconds") && !suspended(job) && !Conditions.holds(job, "Suspended")) {
            Instant end = Instant.parse(job.path("status").path("startTime").asText())
                    .plusSeconds(spec.path("activeDeadlineSeconds").asLong());
            if (!clock.instant().isBefore(end)) {
                fail(job, "DeadlineExceeded", "Job was active longer than specified deadline");
            }
        }
    }

    private void fail(ObjectNode job, String reason, String message) {
        Conditions.set(job, "FailureTarget", true, reason, message, clock.instant());
    }

    /** Makes and deletes pods; what it deletes counts neither as failed nor as succeeded. */
    private void manage(ObjectNode job, JobPods pods) {
        int active = pods.active().size();
        int wanted = suspended(job) ? 0 : pods.wanted(job);
        pods.active().stream()
                .sorted(Comparator.comparing(StatefulSets::ready)
                        .thenComparing(
                                pod -> pod.path("metadata")
                                        .path("creationTimestamp")
                                        .asText(),
                                Comparator.reverseOrder()))
                .limit(Math.max(0, active - wanted))
                .forEach(pod -> {
                    untrack(pod);
                    delete(job, pod);
                });
        boolean replaceFailed =
                job.path("spec").path("podReplacementPolicy").asText().equals("Failed");
        int missing = wanted - active - (replaceFailed ? pods.terminating() : 0);
        PodBackoff backoff =
                backoffs.getOrDefault(JobPods.uid(job), PodBackoff.NONE).after(pods, clock.instant());
        for (int n = 0; n < missing && backoff.over(clock.instant()); n++) {
            if (!create(job)) {
                break;
            }
        }
        if (suspended(job)) {
            tell(job, true, "JobSuspended", "Suspended", "Job suspended");
        } else if (Conditions.holds(job, "Suspended")) {
            tell(job, false, "JobResumed", "Resumed", "Job resumed");
            job.withObjectProperty("status").put("startTime", Conditions.text(clock.instant()));
        }
    }

    private void tell(ObjectNode job, boolean on, String reason, String event, String message) {
        if (Conditions.holds(job, "Suspended") != on) {
            say(job, "Normal", event, message);
        }
        Conditions.set(job, "Suspended", on, reason, message, clock.instant());
    }

    /** Counts what ended and writes the status, at one moment: a pod is counted when its finalizer goes. */
    private void count(ObjectNode job) {
        store().atomically(() -> {
            JobPods pods = JobPods.of(job, pods(job), Jobs::tracked);
            ObjectNode status = job.withObjectProperty("status");
            boolean failing = Conditions.holds(job, "FailureTarget");
            int failed = failing
                    ? pods.tracked() - pods.succeeded().size()
                    : pods.failed().size();
            add(status, "succeeded", pods.succeeded().size());
            add(status, "failed", failed);
            if (!failing && complete(job, pods)) {
                Conditions.set(
                        job,
                        "SuccessCriteriaMet",
                        true,
                        "CompletionsReached",
                        "Reached expected number of succeeded pods",
                        clock.instant());
            }
            boolean over = failing || Conditions.holds(job, "SuccessCriteriaMet");
            backoffs.merge(
                    JobPods.uid(job),
                    PodBackoff.NONE.after(pods, clock.instant()),
                    (former, first) -> former.after(pods, clock.instant()));
            status.put(
                    "ready", pods.active().stream().filter(StatefulSets::ready).count());
            status.put("terminating", pods.terminating());
            status.putObject("uncountedTerminatedPods");
            status.remove("active");
            add(status, "active", pods.active().size());
            if (over && pods.active().isEmpty() && pods.terminating() == 0) {
                conclude(job);
            }
            store().update(
                            Key.of(job),
                            live -> JobPods.uid(live).equals(JobPods.uid(job))
                                    ? live.<ObjectNode>set("status", status)
                                    : live);
            pods(job).stream()
                    .filter(pod -> tracked(pod) && (over || JobPods.ended(job, pod)))
                    .forEach(this::untrack);
            return status;
        });
    }

    /** Go leaves a zero out. */
    private static void add(ObjectNode status, String field, int more) {
        int sum = status.path(field).asInt() + more;
        if (sum > 0) {
            status.put(field, sum);
        }
    }

    private static boolean complete(ObjectNode job, JobPods pods) {
        int succeeded = job.path("status").path("succeeded").asInt();
        JsonNode completions = job.path("spec").path("completions");
        return pods.active().isEmpty()
                && (completions.isMissingNode() ? succeeded > 0 : succeeded >= completions.asInt());
    }

    private void conclude(ObjectNode job) {
        Optional<JsonNode> failure = Conditions.find(job, "FailureTarget");
        JsonNode target =
                failure.or(() -> Conditions.find(job, "SuccessCriteriaMet")).orElseThrow();
        String reason = target.path("reason").asText();
        String message = target.path("message").asText();
        Instant now = clock.instant();
        Conditions.set(job, failure.isPresent() ? "Failed" : "Complete", true, reason, message, now);
        if (failure.isPresent()) {
            say(job, "Warning", reason, message);
        } else {
            job.withObjectProperty("status").put("completionTime", Conditions.text(now));
            say(job, "Normal", "Completed", "Job completed");
        }
    }

    /** The time to live after the end (Kubernetes documentation, "Automatic Cleanup for Finished Jobs"). */
    private void retire(ObjectNode job) {
        JsonNode life = job.path("spec").path("ttlSecondsAfterFinished");
        Optional<JsonNode> end = Conditions.find(job, "Complete").or(() -> Conditions.find(job, "Failed"));
        if (life.isMissingNode()
                || end.isEmpty()
                || job.path("metadata").has("deletionTimestamp")
                || clock.instant()
                        .isBefore(Instant.parse(
                                        end.get().path("lastTransitionTime").asText())
                                .plusSeconds(life.asLong()))) {
            return;
        }
        ObjectNode options = Store.JSON.createObjectNode().put("propagationPolicy", "Foreground");
        options.putObject("preconditions").put("uid", JobPods.uid(job));
        objects.delete(kinds.named("Job"), Key.of(job), options, false);
    }

    private boolean create(ObjectNode job) {
        JsonNode template = job.path("spec").path("template");
        ObjectNode pod = Store.JSON.createObjectNode();
        pod.put("apiVersion", "v1").put("kind", "Pod");
        pod.set("metadata", template.path("metadata").deepCopy());
        pod.set("spec", template.path("spec").deepCopy());
        pod.withObjectProperty("metadata")
                .put("generateName", job.path("metadata").path("name").asText() + "-")
                .withArrayProperty("finalizers")
                .add(TRACKING);
        Revisions.own(pod, job);
        try {
            String namespace = job.path("metadata").path("namespace").asText();
            ObjectNode made = objects.create(kinds.named("Pod"), namespace, pod, ASK);
            say(
                    job,
                    "Normal",
                    "SuccessfulCreate",
                    "Created pod: " + made.path("metadata").path("name").asText());
            return true;
        } catch (ApiError refused) {
            say(job, "Warning", "FailedCreate", "Error creating: " + refused.getMessage());
            return false;
        }
    }

    private void delete(ObjectNode job, ObjectNode pod) {
        objects.delete(kinds.named("Pod"), Key.of(pod), Store.JSON.createObjectNode(), false);
        say(
                job,
                "Normal",
                "SuccessfulDelete",
                "Deleted pod: " + pod.path("metadata").path("name").asText());
    }

    private List<ObjectNode> pods(ObjectNode job) {
        String uid = JobPods.uid(job);
        return store().list("Pod").stream()
                .filter(pod -> Revisions.controller(pod).filter(uid::equals).isPresent())
                .toList();
    }

    private static boolean suspended(JsonNode job) {
        return job.path("spec").path("suspend").asBoolean();
    }

    private static boolean tracked(JsonNode pod) {
        return Finalizers.has(pod, TRACKING);
    }

    /** Through the API server's ways, as a pod that waits for nothing else goes then. */
    private void untrack(ObjectNode pod) {
        objects.update(kinds.named("Pod"), Key.of(pod), "", live -> Finalizers.remove(live, TRACKING::equals), ASK);
    }
}
