package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What Kubernetes refuses in Jobs and CronJobs, and what the controllers here do not do and must not seem to. */
final class JobChecks {
    private static final List<String> NOT_HERE =
            List.of("podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes", "managedBy");
    private static final List<String> COUNTS =
            List.of("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished");
    private static final List<String> FIXED = List.of("completions", "selector", "template", "completionMode");
    /** What is left of a label's 63 characters for the name of a CronJob, after a dash and the minutes since 1970. */
    private static final int LONGEST_NAME = 52;

    private JobChecks() {}

    /** What is wrong, each beginning with the path. */
    static List<String> problems(Kind kind, ObjectNode object, Optional<ObjectNode> live) {
        List<String> problems = new ArrayList<>();
        JsonNode spec = object.path("spec");
        if (kind.kind().equals("Job")) {
            job(spec, "spec.", problems);
            live.ifPresent(old -> fixed(old.path("spec"), spec, problems));
        } else if (kind.kind().equals("CronJob")) {
            String name = object.path("metadata").path("name").asText();
            if (live.isEmpty() && name.length() > LONGEST_NAME) {
                problems.add(
                        "metadata.name: Invalid value: \"%s\": must be no more than 52 characters".formatted(name));
            }
            schedule(spec, problems);
            job(spec.path("jobTemplate").path("spec"), "spec.jobTemplate.spec.", problems);
        }
        return problems;
    }

    private static void job(JsonNode spec, String path, List<String> problems) {
        for (String field : COUNTS) {
            if (spec.path(field).asLong() < 0) {
                problems.add("%s%s: Invalid value: %s: must be greater than or equal to 0"
                        .formatted(path, field, spec.path(field)));
            }
        }
        if (spec.path("template").path("spec").path("restartPolicy").asText().equals("Always")) {
            problems.add(path + "template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"");
        }
        NOT_HERE.stream().filter(spec::has).forEach(field -> problems.add(notHere(path + field)));
        if (spec.path("completionMode").asText().equals("Indexed")) {
            problems.add(notHere(path + "completionMode"));
        }
    }

    private static String notHere(String field) {
        return field + ": Forbidden: the embedded Kubernetes does not know it";
    }

    private static void fixed(JsonNode before, JsonNode after, List<String> problems) {
        for (String field : FIXED) {
            if (!before.path(field).equals(after.path(field))) {
                problems.add("spec.%s: Invalid value: %s: field is immutable".formatted(field, after.path(field)));
            }
        }
    }

    private static void schedule(JsonNode spec, List<String> problems) {
        String schedule = spec.path("schedule").asText("");
        if (schedule.isEmpty()) {
            problems.add("spec.schedule: Required value");
        } else if (schedule.contains("TZ=")) {
            problems.add(
                    "spec.schedule: Invalid value: \"%s\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
                            .formatted(schedule));
        } else {
            try {
                Cron.parse(schedule);
            } catch (IllegalArgumentException e) {
                problems.add("spec.schedule: Invalid value: \"%s\": %s".formatted(schedule, e.getMessage()));
            }
        }
        String zone = spec.path("timeZone").asText("UTC");
        if (!ZoneId.getAvailableZoneIds().contains(zone)) {
            problems.add("spec.timeZone: Invalid value: \"%1$s\": unknown time zone %1$s".formatted(zone));
        }
        String policy = spec.path("concurrencyPolicy").asText();
        if (!List.of("Allow", "Forbid", "Replace").contains(policy)) {
            problems.add(
                    "spec.concurrencyPolicy: Unsupported value: \"%s\": supported values: \"Allow\", \"Forbid\", \"Replace\""
                            .formatted(policy));
        }
    }
}
