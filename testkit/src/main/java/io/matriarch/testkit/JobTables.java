package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/** Cells of {@code kubectl get jobs} and {@code cronjobs} that no field has. */
final class JobTables {
    private JobTables() {}

    static String status(JsonNode job) {
        for (String end : new String[] {"Complete", "Failed"}) {
            if (Conditions.holds(job, end)) {
                return end;
            }
        }
        if (job.path("metadata").has("deletionTimestamp")) {
            return "Terminating";
        }
        for (String state : new String[] {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
            if (Conditions.holds(job, state)) {
                return state;
            }
        }
        return "Running";
    }

    static String completions(JsonNode job) {
        int done = job.path("status").path("succeeded").asInt();
        JsonNode spec = job.path("spec");
        if (spec.has("completions")) {
            return done + "/" + spec.path("completions").asInt();
        }
        int parallelism = spec.path("parallelism").asInt();
        return parallelism > 1 ? "%d/1 of %d".formatted(done, parallelism) : done + "/1";
    }

    static String duration(JsonNode job) {
        JsonNode status = job.path("status");
        if (!status.has("startTime")) {
            return "";
        }
        Instant end = status.has("completionTime")
                ? Instant.parse(status.path("completionTime").asText())
                : Instant.now();
        return Tables.age(Instant.parse(status.path("startTime").asText()), end);
    }

    static String timeZone(JsonNode cron) {
        return cron.path("spec").path("timeZone").asText("<none>");
    }

    static String active(JsonNode cron) {
        return Integer.toString(cron.path("status").path("active").size());
    }

    static String lastSchedule(JsonNode cron) {
        JsonNode last = cron.path("status").path("lastScheduleTime");
        return last.isMissingNode() ? "<none>" : Tables.age(Instant.parse(last.asText()), Instant.now());
    }
}
