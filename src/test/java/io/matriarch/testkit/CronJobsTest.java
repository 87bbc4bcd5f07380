package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a CronJob does over hours, which nobody waits for on a real Kubernetes. */
@org.jspecify.annotations.NullUnmarked
@Tag("cluster")
class CronJobsTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private Embedded cluster;
    private KubernetesClient client;

    @BeforeEach
    void start() throws Exception {
        cluster = new Embedded();
        client = cluster.api().client("test");
        cluster.pods().imageWaits("never:1", "ImagePullBackOff");
    }

    @AfterEach
    void stop() {
        client.close();
        cluster.close();
    }

    private void schedule(String fields, String image) {
        client.resource(Serialization.unmarshal("""
                        apiVersion: batch/v1
                        kind: CronJob
                        metadata: {name: c}
                        spec:
                          schedule: "0 * * * *"
                          %s
                          jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "%s"}]}}}}
                        """.formatted(fields, image), CronJob.class))
                .inNamespace("default")
                .create();
    }

    private List<String> jobs() {
        return client.batch().v1().jobs().inNamespace("default").list().getItems().stream()
                .map((Job job) -> job.getMetadata().getName())
                .sorted()
                .toList();
    }

    private List<String> events() {
        return client.v1().events().inNamespace("default").list().getItems().stream()
                .map(event -> event.getReason())
                .toList();
    }

    private CronJob cron() {
        return client.batch()
                .v1()
                .cronjobs()
                .inNamespace("default")
                .withName("c")
                .get();
    }

    private static void eventually(ThrowingRunnable assertion) {
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .untilAsserted(assertion);
    }

    private String hourly() {
        cluster.skip(HOUR);
        eventually(() -> assertThat(jobs()).isNotEmpty());
        return jobs().getFirst();
    }

    @Test
    void whatIsForbiddenToRunBesideTheFormerRunsAfterIt() {
        schedule("concurrencyPolicy: Forbid", "never:1");
        String first = hourly();
        cluster.skip(HOUR);
        eventually(() -> assertThat(events()).contains("JobAlreadyActive"));
        assertThat(jobs()).containsExactly(first);
        client.batch().v1().jobs().inNamespace("default").withName(first).delete();
        eventually(() -> assertThat(jobs()).hasSize(1).doesNotContain(first));
        assertThat(cron().getStatus().getActive()).hasSize(1);
    }

    @Test
    void theFormerIsReplacedIfThatIsThePolicy() {
        schedule("concurrencyPolicy: Replace", "never:1");
        String first = hourly();
        cluster.skip(HOUR);
        eventually(() -> assertThat(jobs()).hasSize(1).doesNotContain(first));
        eventually(() -> {
            assertThat(cron().getStatus().getActive()).hasSize(1);
            assertThat(client.pods().inNamespace("default").list().getItems()).hasSize(1);
        });
        assertThat(events()).doesNotContain("MissingJob");
    }

    @Test
    void allRunBesideEachOtherIfThatIsThePolicy() {
        schedule("concurrencyPolicy: Allow", "never:1");
        hourly();
        cluster.skip(HOUR);
        eventually(() -> assertThat(cron().getStatus().getActive()).hasSize(2));
    }

    @Test
    void onlyTheLatestOfThoseThatEndedAreKept() {
        schedule("successfulJobsHistoryLimit: 1", "works:1");
        String first = hourly();
        eventually(() -> assertThat(cron().getStatus().getLastSuccessfulTime()).isNotNull());
        cluster.skip(HOUR);
        eventually(() -> assertThat(jobs()).hasSize(1).doesNotContain(first));
        assertThat(client.pods().inNamespace("default").list().getItems()).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void ofManyMissedTimesOnlyTheLastCounts() {
        schedule("suspend: false", "works:1");
        cluster.skip(Duration.ofDays(3));
        eventually(() -> assertThat(jobs()).hasSize(1));
        Instant last = Instant.parse(cron().getStatus().getLastScheduleTime());
        assertThat(Duration.between(last, Instant.now().plus(Duration.ofDays(3))))
                .isLessThan(HOUR);
    }

    @Test
    void whatIsLateBeyondItsDeadlineIsNotMade() {
        schedule("startingDeadlineSeconds: 60", "works:1");
        Instant next = Instant.now().truncatedTo(ChronoUnit.HOURS).plus(HOUR);
        cluster.skip(Duration.between(Instant.now(), next.plus(Duration.ofMinutes(10))));
        await().during(Duration.ofSeconds(1)).until(() -> jobs().isEmpty());
        cluster.skip(Duration.ofMinutes(50).plusSeconds(10));
        eventually(() -> assertThat(jobs()).hasSize(1));
    }
}
