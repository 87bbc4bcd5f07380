package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The CronJob controller (Kubernetes documentation, "CronJob"), in the order of the real one's sync: note what became of the Jobs it made; delete those beyond
 * the history's limits; and make the one that is due. Only the last missed time counts, however many were missed.
 */
final class CronJobs extends Controller {
    private static final String SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";
    private static final int MANY = 100;

    private final Objects objects;
    private final Kinds kinds;
    private final InstantSource clock;

    CronJobs(ApiServer api, InstantSource clock) {
        super(api.store());
        this.objects = api.objects();
        this.kinds = api.kinds();
        this.clock = clock;
    }

    @Override
    String component() {
        return "cronjob-controller";
    }

    @Override
    void turn() {
        for (ObjectNode cron : store().list("CronJob")) {
            List<ObjectNode> jobs = jobs(cron);
            ObjectNode observed = observe(cron, jobs);
            tidy(observed, jobs);
            JsonNode spec = observed.path("spec");
            if (!observed.path("metadata").has("deletionTimestamp")
                    && !spec.path("suspend").asBoolean()) {
                due(observed).ifPresent(time -> start(observed, time));
            }
        }
    }

    private List<ObjectNode> jobs(ObjectNode cron) {
        String uid = JobPods.uid(cron);
        return store().list("Job").stream()
                .filter(job -> Revisions.controller(job).filter(uid::equals).isPresent())
                .toList();
    }

    /** What its status says of Jobs that ended or went. */
    private ObjectNode observe(ObjectNode cron, List<ObjectNode> jobs) {
        Set<String> running = new HashSet<>();
        Set<String> present = new HashSet<>();
        Set<String> known = new HashSet<>();
        cron.path("status")
                .path("active")
                .forEach(reference -> known.add(reference.path("uid").asText()));
        String successful = cron.path("status").path("lastSuccessfulTime").asText("");
        for (ObjectNode job : jobs) {
            String name = job.path("metadata").path("name").asText();
            present.add(JobPods.uid(job));
            if (!Jobs.finished(job)) {
                running.add(JobPods.uid(job));
                if (!known.contains(JobPods.uid(job))) {
                    String message = "Saw a job that the controller did not create or forgot: " + name;
                    say(cron, "Warning", "UnexpectedJob", message);
                }
            } else if (known.contains(JobPods.uid(job))) {
                String condition = Conditions.holds(job, "Complete") ? "Complete" : "Failed";
                say(
                        cron,
                        "Normal",
                        "SawCompletedJob",
                        "Saw completed job: %s, condition: %s".formatted(name, condition));
            }
            String completed = job.path("status").path("completionTime").asText("");
            successful = completed.compareTo(successful) > 0 ? completed : successful;
        }
        for (JsonNode reference : cron.path("status").path("active")) {
            if (!present.contains(reference.path("uid").asText())) {
                say(
                        cron,
                        "Normal",
                        "MissingJob",
                        "Active job went missing: " + reference.path("name").asText());
            }
        }
        String last = successful;
        return store().update(Key.of(cron), live -> {
            ObjectNode status = live.withObjectProperty("status");
            ArrayNode former = status.withArrayProperty("active").deepCopy();
            ArrayNode active = status.putArray("active");
            former.forEach(reference -> {
                if (running.contains(reference.path("uid").asText())) {
                    active.add(reference);
                }
            });
            if (active.isEmpty()) {
                status.remove("active");
            }
            if (!last.isEmpty()) {
                status.put("lastSuccessfulTime", last);
            }
            return live;
        });
    }

    private void tidy(ObjectNode cron, List<ObjectNode> jobs) {
        tidy(cron, jobs, "Complete", "successfulJobsHistoryLimit");
        tidy(cron, jobs, "Failed", "failedJobsHistoryLimit");
    }

    private void tidy(ObjectNode cron, List<ObjectNode> jobs, String condition, String limit) {
        List<ObjectNode> ended = jobs.stream()
                .filter(job -> Conditions.holds(job, condition))
                .filter(job -> !job.path("metadata").has("deletionTimestamp"))
                .sorted(Comparator.comparing(
                        job -> job.path("status").path("startTime").asText()))
                .toList();
        int surplus = ended.size() - cron.path("spec").path(limit).asInt();
        ended.stream().limit(Math.max(0, surplus)).forEach(job -> delete(cron, Key.of(job)));
    }

    private void delete(ObjectNode cron, Key job) {
        ObjectNode options = Store.JSON.createObjectNode().put("propagationPolicy", "Background");
        objects.delete(kinds.named("Job"), job, options, false);
        say(cron, "Normal", "SuccessfulDelete", "Deleted job " + job.name());
    }

    /** The last time that was missed, and is not too long ago. */
    private Optional<ZonedDateTime> due(ObjectNode cron) {
        JsonNode spec = cron.path("spec");
        Instant now = clock.instant();
        Instant from = Instant.parse(cron.path("status")
                .path("lastScheduleTime")
                .asText(cron.path("metadata").path("creationTimestamp").asText()));
        if (spec.has("startingDeadlineSeconds")) {
            Instant earliest =
                    now.minusSeconds(spec.path("startingDeadlineSeconds").asLong());
            from = earliest.isAfter(from) ? earliest : from;
        }
        return lastMissed(cron, Cron.parse(spec.path("schedule").asText()), from.atZone(zone(spec)), now);
    }

    private static ZoneId zone(JsonNode spec) {
        return spec.has("timeZone") ? ZoneId.of(spec.path("timeZone").asText()) : ZoneOffset.UTC;
    }

    private Optional<ZonedDateTime> lastMissed(ObjectNode cron, Cron schedule, ZonedDateTime from, Instant now) {
        Optional<ZonedDateTime> first =
                schedule.next(from).filter(time -> !time.toInstant().isAfter(now));
        if (first.isEmpty()) {
            return first;
        }
        // not one after the other, as a minute's schedule may have been off for a year
        Duration pause = schedule.next(first.get())
                .map(second -> Duration.between(first.get(), second))
                .orElse(Duration.ofDays(1));
        long missed = Duration.between(first.get().toInstant(), now).dividedBy(pause) + 1;
        if (missed > MANY) {
            say(
                    cron,
                    "Warning",
                    "TooManyMissedTimes",
                    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        }
        ZonedDateTime last = first.get();
        Optional<ZonedDateTime> next =
                missed > 2 ? schedule.next(last.plus(pause.multipliedBy(missed - 2))) : schedule.next(last);
        while (next.isPresent() && !next.get().toInstant().isAfter(now)) {
            last = next.get();
            next = schedule.next(last);
        }
        return Optional.of(last);
    }

    private void start(ObjectNode cron, ZonedDateTime time) {
        String name = "%s-%d".formatted(cron.path("metadata").path("name").asText(), time.toEpochSecond() / 60);
        JsonNode active = cron.path("status").path("active");
        for (JsonNode reference : active) {
            if (reference.path("name").asText().equals(name)) {
                return;
            }
        }
        String policy = cron.path("spec").path("concurrencyPolicy").asText();
        if (!active.isEmpty() && policy.equals("Forbid")) {
            say(
                    cron,
                    "Normal",
                    "JobAlreadyActive",
                    "Not starting job because prior execution is running and concurrency policy is Forbid");
            return;
        }
        if (policy.equals("Replace")) {
            String namespace = cron.path("metadata").path("namespace").asText();
            active.forEach(reference -> delete(
                    cron, new Key("Job", namespace, reference.path("name").asText())));
        }
        create(cron, name, time).ifPresent(job -> note(cron, job, time, policy.equals("Replace")));
    }

    private Optional<ObjectNode> create(ObjectNode cron, String name, ZonedDateTime time) {
        JsonNode template = cron.path("spec").path("jobTemplate");
        ObjectNode job = Store.JSON.createObjectNode();
        ObjectNode metadata = job.putObject("metadata").put("name", name);
        if (template.path("metadata").has("labels")) {
            metadata.set("labels", template.path("metadata").path("labels").deepCopy());
        }
        template.path("metadata")
                .path("annotations")
                .fields()
                .forEachRemaining(annotation ->
                        metadata.withObjectProperty("annotations").set(annotation.getKey(), annotation.getValue()));
        metadata.withObjectProperty("annotations")
                .put(
                        SCHEDULED,
                        DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ssXXX").format(time));
        job.set("spec", template.path("spec").deepCopy());
        Revisions.own(job, cron);
        try {
            String namespace = cron.path("metadata").path("namespace").asText();
            ObjectNode made = objects.create(kinds.named("Job"), namespace, job, ASK);
            say(cron, "Normal", "SuccessfulCreate", "Created job " + name);
            return Optional.of(made);
        } catch (ApiError refused) {
            say(cron, "Warning", "FailedCreate", "Error creating job: " + refused.getMessage());
            return Optional.empty();
        }
    }

    private void note(ObjectNode cron, ObjectNode job, ZonedDateTime time, boolean alone) {
        store().update(Key.of(cron), live -> {
            ObjectNode status = live.withObjectProperty("status");
            status.put("lastScheduleTime", Conditions.text(time.toInstant()));
            (alone ? status.putArray("active") : status.withArrayProperty("active"))
                    .addObject()
                    .put("apiVersion", "batch/v1")
                    .put("kind", "Job")
                    .put("namespace", job.path("metadata").path("namespace").asText())
                    .put("name", job.path("metadata").path("name").asText())
                    .put("uid", JobPods.uid(job))
                    .put(
                            "resourceVersion",
                            job.path("metadata").path("resourceVersion").asText());
            return live;
        });
    }
}
