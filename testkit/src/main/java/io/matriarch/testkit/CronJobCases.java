package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a CronJob does. A schedule's shortest pause is a minute, so there is one case that waits for it. */
@org.jspecify.annotations.NullUnmarked
interface CronJobCases extends Cases {
    private Resource<CronJob> cron(String name) {
        return client().batch().v1().cronjobs().inNamespace(namespace()).withName(name);
    }

    /** @param fields of its spec, as YAML */
    private CronJob schedule(String name, String schedule, String fields) {
        return create("""
                apiVersion: batch/v1
                kind: CronJob
                metadata: {name: %s}
                spec:
                  schedule: "%s"
                  %s
                  jobTemplate:
                    metadata: {labels: {of: cron}, annotations: {note: x}}
                    spec:
                      template:
                        spec:
                          restartPolicy: Never
                          containers: [{name: main, image: "postgres:17", imagePullPolicy: IfNotPresent, command: [sh, -c, "exit 0"]}]
                """.formatted(name, schedule, fields), CronJob.class);
    }

    private List<Job> jobs(String cron) {
        return client().batch().v1().jobs().inNamespace(namespace()).list().getItems().stream()
                .filter(job -> job.getMetadata().getName().matches(cron + "-\\d+"))
                .toList();
    }

    @Test
    default void aCronJobMakesAJobWhenItIsDueUnlessItIsSuspended() {
        CronJob made = schedule("runs", "* * * * *", "timeZone: Europe/Berlin");
        assertThat(made.getSpec().getConcurrencyPolicy()).isEqualTo("Allow");
        assertThat(made.getSpec().getSuccessfulJobsHistoryLimit()).isEqualTo(3);
        assertThat(made.getSpec().getFailedJobsHistoryLimit()).isEqualTo(1);
        schedule("sleeps", "@every 1m", "suspend: true");
        skip(Duration.ofMinutes(1));
        eventually(() -> assertThat(jobs("runs")).isNotEmpty());
        Job job = jobs("runs").getFirst();
        String annotation = job.getMetadata().getAnnotations().get("batch.kubernetes.io/cronjob-scheduled-timestamp");
        OffsetDateTime time = OffsetDateTime.parse(annotation);
        assertThat(time.getOffset())
                .isEqualTo(ZoneId.of("Europe/Berlin").getRules().getOffset(time.toInstant()));
        assertThat(time.getSecond()).isZero();
        assertThat(job.getMetadata().getName()).isEqualTo("runs-" + time.toEpochSecond() / 60);
        assertThat(job.getMetadata().getLabels()).containsOnlyKeys("of");
        assertThat(job.getMetadata().getAnnotations()).containsEntry("note", "x");
        assertThat(job.getMetadata().getOwnerReferences().getFirst().getUid())
                .isEqualTo(made.getMetadata().getUid());
        eventually(() -> assertThat(cron("runs").get().getStatus().getLastScheduleTime())
                .isEqualTo(time.toInstant().toString()));
        eventually(() -> {
            assertThat(cron("runs").get().getStatus().getLastSuccessfulTime()).isNotNull();
            assertThat(cron("runs").get().getStatus().getActive()).isEmpty();
            assertThat(events("runs"))
                    .contains(
                            "Normal SuccessfulCreate Created job "
                                    + job.getMetadata().getName(),
                            "Normal SawCompletedJob Saw completed job: %s, condition: Complete"
                                    .formatted(job.getMetadata().getName()));
        });
        assertThat(jobs("sleeps")).isEmpty();
        cron("runs").delete();
        eventually(() -> assertThat(jobs("runs")).isEmpty());
    }

    @Test
    default void aScheduleThatIsNoneIsRefused() {
        refused(
                "61 * * * *",
                "",
                "spec.schedule: Invalid value: \"61 * * * *\": end of range (61) above maximum (59): 61");
        refused("often", "", "spec.schedule: Invalid value: \"often\": expected exactly 5 fields, found 1: [often]");
        refused(
                "0 0 * * x",
                "",
                "spec.schedule: Invalid value: \"0 0 * * x\": failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax");
        refused(
                "0 0 * * *",
                "timeZone: Nowhere/At",
                "spec.timeZone: Invalid value: \"Nowhere/At\": unknown time zone Nowhere/At");
    }

    private void refused(String schedule, String fields, String why) {
        KubernetesClientException refused =
                catchThrowableOfType(KubernetesClientException.class, () -> schedule("c", schedule, fields));
        assertThat(refused.getCode()).isEqualTo(422);
        assertThat(refused.getStatus().getReason()).isEqualTo("Invalid");
        assertThat(refused.getStatus().getMessage()).isEqualTo("CronJob.batch \"c\" is invalid: " + why);
        assertThat(refused.getStatus().getDetails().getCauses().getFirst().getField())
                .isEqualTo(why.substring(0, why.indexOf(':')));
    }
}
