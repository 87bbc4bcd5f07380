package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.ScalableResource;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a Job does. */
@org.jspecify.annotations.NullUnmarked
interface JobCases extends Cases {
    private ScalableResource<Job> job(String name) {
        return client().batch().v1().jobs().inNamespace(namespace()).withName(name);
    }

    /** @param fields of its spec, as flow YAML */
    private Job run(String name, String command, String fields) {
        return create("""
                apiVersion: batch/v1
                kind: Job
                metadata: {name: %s}
                spec:
                  %s
                  template:
                    spec:
                      terminationGracePeriodSeconds: 1
                      restartPolicy: Never
                      containers: [{name: main, image: "postgres:17", imagePullPolicy: IfNotPresent, command: [sh, -c, "%s"]}]
                """.formatted(name, fields, command), Job.class);
    }

    private List<Pod> pods(String job) {
        return client().pods()
                .inNamespace(namespace())
                .withLabel(Jobs.NAME, job)
                .list()
                .getItems();
    }

    private JobCondition condition(String name, String type) {
        return job(name).get().getStatus().getConditions().stream()
                .filter(condition -> condition.getType().equals(type))
                .findFirst()
                .orElseThrow();
    }

    @Test
    default void aJobCompletes() {
        Job job = run("j", "exit 0", "completions: 2\n  parallelism: 2");
        Map<String, String> selected = Map.of(Jobs.CONTROLLER, job.getMetadata().getUid());
        assertThat(job.getSpec().getSelector().getMatchLabels()).isEqualTo(selected);
        Map<String, String> labels = Map.of(
                "controller-uid",
                job.getMetadata().getUid(),
                "job-name",
                "j",
                Jobs.CONTROLLER,
                job.getMetadata().getUid(),
                Jobs.NAME,
                "j");
        assertThat(job.getSpec().getTemplate().getMetadata().getLabels()).isEqualTo(labels);
        assertThat(job.getMetadata().getLabels()).isEqualTo(labels);
        assertThat(job.getSpec().getBackoffLimit()).isEqualTo(6);
        assertThat(job.getSpec().getSuspend()).isFalse();
        assertThat(job.getSpec().getCompletionMode()).isEqualTo("NonIndexed");
        assertThat(job.getSpec().getPodReplacementPolicy()).isEqualTo("TerminatingOrFailed");
        eventually(() -> {
            assertThat(condition("j", "SuccessCriteriaMet").getReason()).isEqualTo("CompletionsReached");
            assertThat(condition("j", "Complete").getReason()).isEqualTo("CompletionsReached");
            assertThat(condition("j", "Complete").getMessage()).isEqualTo("Reached expected number of succeeded pods");
        });
        var status = job("j").get().getStatus();
        assertThat(status.getSucceeded()).isEqualTo(2);
        assertThat(status.getFailed()).isNull();
        assertThat(status.getActive()).isNull();
        assertThat(status.getReady()).isZero();
        assertThat(status.getTerminating()).isZero();
        assertThat(Instant.parse(status.getCompletionTime())).isAfterOrEqualTo(Instant.parse(status.getStartTime()));
        assertThat(pods("j")).hasSize(2).allSatisfy(pod -> {
            assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
            assertThat(pod.getMetadata().getName()).matches("j-[a-z0-9]{5}");
            assertThat(pod.getMetadata().getFinalizers()).isEmpty();
            assertThat(pod.getMetadata().getLabels()).isEqualTo(labels);
            var owner = pod.getMetadata().getOwnerReferences().getFirst();
            assertThat(owner.getKind() + owner.getController() + owner.getBlockOwnerDeletion())
                    .isEqualTo("Jobtruetrue");
        });
        eventually(() -> assertThat(events("j"))
                .contains(
                        "Normal SuccessfulCreate Created pod: "
                                + pods("j").getFirst().getMetadata().getName(),
                        "Normal Completed Job completed"));
    }

    @Test
    default void aJobFailsAtItsBackoffLimit() {
        run("j", "exit 3", "backoffLimit: 1");
        eventually(() -> {
            assertThat(condition("j", "FailureTarget").getReason()).isEqualTo("BackoffLimitExceeded");
            assertThat(condition("j", "Failed").getReason()).isEqualTo("BackoffLimitExceeded");
            assertThat(condition("j", "Failed").getMessage()).isEqualTo("Job has reached the specified backoff limit");
        });
        var status = job("j").get().getStatus();
        assertThat(status.getFailed()).isEqualTo(2);
        assertThat(status.getSucceeded()).isNull();
        assertThat(status.getCompletionTime()).isNull();
        assertThat(pods("j")).hasSize(2);
        eventually(() -> assertThat(events("j"))
                .contains("Warning BackoffLimitExceeded Job has reached the specified backoff limit"));
    }

    @Test
    default void containersThatFailAreRunAgainInTheSamePod() {
        Job job = read("""
                apiVersion: batch/v1
                kind: Job
                metadata: {name: j}
                spec:
                  backoffLimit: 3
                  template:
                    spec:
                      restartPolicy: OnFailure
                      volumes: [{name: v, emptyDir: {}}]
                      containers:
                      - name: main
                        image: "postgres:17"
                        imagePullPolicy: IfNotPresent
                        command: [sh, -c, "if test -e $HERE/ran; then exit 0; fi; touch $HERE/ran; exit 1"]
                        env: [{name: HERE, value: /v}]
                        volumeMounts: [{name: v, mountPath: /v}]
                """, Job.class);
        client().resource(job).inNamespace(namespace()).create();
        eventually(() -> assertThat(condition("j", "Complete").getStatus()).isEqualTo("True"));
        assertThat(job("j").get().getStatus().getFailed()).isNull();
        assertThat(pods("j")).hasSize(1);
        assertThat(pods("j")
                        .getFirst()
                        .getStatus()
                        .getContainerStatuses()
                        .getFirst()
                        .getRestartCount())
                .isEqualTo(1);
    }

    @Test
    default void aJobThatTakesTooLongFailsAndItsPodsGo() {
        run("j", "exec sleep 600", "activeDeadlineSeconds: 3");
        eventually(() -> assertThat(pods("j").getFirst().getStatus().getPhase()).isEqualTo("Running"));
        assertThat(pods("j").getFirst().getMetadata().getFinalizers())
                .containsExactly("batch.kubernetes.io/job-tracking");
        eventually(() -> {
            assertThat(condition("j", "Failed").getReason()).isEqualTo("DeadlineExceeded");
            assertThat(condition("j", "Failed").getMessage())
                    .isEqualTo("Job was active longer than specified deadline");
            assertThat(pods("j")).isEmpty();
        });
        assertThat(job("j").get().getStatus().getFailed()).isEqualTo(1);
    }

    @Test
    default void aFinishedJobGoesAfterItsTimeToLive() {
        run("j", "exit 0", "ttlSecondsAfterFinished: 2");
        eventually(() -> assertThat(condition("j", "Complete").getStatus()).isEqualTo("True"));
        eventually(() -> {
            assertThat(job("j").get()).isNull();
            assertThat(pods("j")).isEmpty();
        });
    }

    @Test
    default void aSuspendedJobHasNoPodsUntilItIsResumed() {
        run("j", "exec sleep 600", "suspend: true");
        eventually(() -> {
            assertThat(condition("j", "Suspended").getStatus()).isEqualTo("True");
            assertThat(condition("j", "Suspended").getReason()).isEqualTo("JobSuspended");
        });
        assertThat(pods("j")).isEmpty();
        assertThat(job("j").get().getStatus().getStartTime()).isNull();
        job("j").edit(job -> {
            job.getSpec().setSuspend(false);
            return job;
        });
        eventually(() -> {
            assertThat(condition("j", "Suspended").getReason()).isEqualTo("JobResumed");
            assertThat(job("j").get().getStatus().getActive()).isEqualTo(1);
            assertThat(job("j").get().getStatus().getStartTime()).isNotNull();
        });
        job("j").edit(job -> {
            job.getSpec().setSuspend(true);
            return job;
        });
        eventually(() -> {
            assertThat(pods("j")).isEmpty();
            assertThat(job("j").get().getStatus().getFailed()).isNull();
            assertThat(condition("j", "Suspended").getStatus()).isEqualTo("True");
        });
    }

    @Test
    default void aPodThatIsDeletedHasFailedAndIsReplaced() {
        run("j", "exec sleep 600", "backoffLimit: 6");
        eventually(() -> assertThat(pods("j").getFirst().getStatus().getPhase()).isEqualTo("Running"));
        String first = pods("j").getFirst().getMetadata().getName();
        client().pods().inNamespace(namespace()).withName(first).delete();
        eventually(() -> {
            assertThat(pods("j")).hasSize(1);
            assertThat(pods("j").getFirst().getMetadata().getName()).isNotEqualTo(first);
            assertThat(job("j").get().getStatus().getFailed()).isEqualTo(1);
            assertThat(job("j").get().getStatus().getActive()).isEqualTo(1);
        });
    }

    @Test
    default void aDeletedJobTakesItsPodsWithItUnlessItsOwnOldDefaultIsLeftAlone() {
        run("j", "exec sleep 600", "backoffLimit: 6");
        eventually(() -> assertThat(pods("j")).hasSize(1));
        client().raw("/apis/batch/v1/namespaces/%s/jobs/j".formatted(namespace()), "DELETE", Map.of());
        eventually(() -> {
            assertThat(job("j").get()).isNull();
            assertThat(pods("j").getFirst().getMetadata().getOwnerReferences()).isEmpty();
            assertThat(pods("j").getFirst().getMetadata().getFinalizers()).isEmpty();
        });
        run("k", "exec sleep 600", "backoffLimit: 6");
        eventually(() -> assertThat(pods("k")).hasSize(1));
        job("k").withPropagationPolicy(DeletionPropagation.BACKGROUND).delete();
        eventually(() -> assertThat(pods("k")).isEmpty());
    }

    @Test
    default void aJobThatCannotBeIsRefused() {
        KubernetesClientException refused =
                catchThrowableOfType(KubernetesClientException.class, () -> create("""
                        apiVersion: batch/v1
                        kind: Job
                        metadata: {name: j}
                        spec: {template: {spec: {containers: [{name: main, image: "none:1"}]}}}
                        """, Job.class));
        assertThat(refused.getCode()).isEqualTo(422);
        assertThat(refused.getStatus().getMessage())
                .isEqualTo(
                        "Job.batch \"j\" is invalid: spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"");
        run("k", "exit 0", "suspend: true");
        refused = catchThrowableOfType(
                KubernetesClientException.class,
                () -> job("k").edit(job -> {
                    job.getSpec().setCompletions(7);
                    return job;
                }));
        assertThat(refused.getCode()).isEqualTo(422);
        assertThat(refused.getStatus().getMessage())
                .isEqualTo("Job.batch \"k\" is invalid: spec.completions: Invalid value: 7: field is immutable");
    }
}
