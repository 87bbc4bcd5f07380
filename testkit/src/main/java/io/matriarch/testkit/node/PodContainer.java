package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** One container of a pod across its runs: waiting, running or ended, when it may run again, and what its status says. */
final class PodContainer {
    private final Container spec;
    private final boolean init;
    private Phase phase;
    private ContainerState last = new ContainerState();
    private int restarts;
    private boolean started;
    private boolean ready;
    private Duration delay = Duration.ZERO;
    private Instant due = Instant.MIN;
    private String id = "";

    /** What a container does now. */
    sealed interface Phase {
        /** Not yet, or not again. */
        record Waiting(String reason, String message) implements Phase {}

        /** It runs. */
        record Running(ContainerProcess process, Instant since) implements Phase {}

        /** It ran. */
        record Ended(int code, String reason, Instant since, Instant at) implements Phase {}
    }

    PodContainer(Container spec, boolean init) {
        this.spec = spec;
        this.init = init;
        this.phase = new Phase.Waiting(init ? "PodInitializing" : "ContainerCreating", "");
    }

    Container spec() {
        return spec;
    }

    Phase phase() {
        return phase;
    }

    int restarts() {
        return restarts;
    }

    Optional<ContainerProcess> process() {
        return phase instanceof Phase.Running running ? Optional.of(running.process()) : Optional.empty();
    }

    boolean succeeded() {
        return phase instanceof Phase.Ended ended && ended.code() == 0;
    }

    boolean ran() {
        return phase instanceof Phase.Ended || last.getTerminated() != null;
    }

    /** What ran before the node was switched off. */
    void recover(ContainerStatus former) {
        restarts = former.getRestartCount();
        if (former.getState() != null && former.getState().getRunning() != null) {
            last = new ContainerStateBuilder()
                    .withNewTerminated()
                    .withExitCode(255)
                    .withReason("Unknown")
                    .withStartedAt(former.getState().getRunning().getStartedAt())
                    .withFinishedAt(text(Instant.now()))
                    .withContainerID(former.getContainerID())
                    .endTerminated()
                    .build();
        } else if (former.getLastState() != null) {
            last = former.getLastState();
        }
    }

    void waits(String reason, String message) {
        if (phase instanceof Phase.Ended) {
            last = state();
        }
        phase = new Phase.Waiting(reason, message);
    }

    void runs(ContainerProcess process, String newId) {
        if (phase instanceof Phase.Ended) {
            last = state();
        }
        if (ran()) {
            restarts++;
        }
        phase = new Phase.Running(process, Instant.now());
        id = newId;
        started = spec.getStartupProbe() == null;
        ready = started && spec.getReadinessProbe() == null;
    }

    /** It ended; the next run may begin at once the first time, and later after a pause that doubles. */
    void ended(int code, Timing timing) {
        Instant now = Instant.now();
        Instant since = phase instanceof Phase.Running running ? running.since() : now;
        phase = new Phase.Ended(code, code == 0 ? "Completed" : "Error", since, now);
        started = false;
        ready = false;
        if (Duration.between(since, now).compareTo(timing.backoffForgotten()) >= 0) {
            delay = Duration.ZERO;
        }
        due = now.plus(delay);
        Duration doubled = delay.isZero() ? timing.backoff() : delay.multipliedBy(2);
        delay = doubled.compareTo(timing.longestBackoff()) > 0 ? timing.longestBackoff() : doubled;
    }

    /** How long until it may run again; zero or less for now. */
    Duration pause() {
        return due.equals(Instant.MIN) ? Duration.ZERO : Duration.between(Instant.now(), due);
    }

    void startedUp() {
        started = true;
        ready = spec.getReadinessProbe() == null;
    }

    void ready(boolean now) {
        ready = now;
    }

    boolean isReady() {
        return ready;
    }

    ContainerStatus status(String imageId) {
        return new ContainerStatusBuilder()
                .withName(spec.getName())
                .withImage(spec.getImage())
                .withImageID(id.isEmpty() ? "" : imageId)
                .withContainerID(id.isEmpty() ? null : id)
                .withState(state())
                .withLastState(last)
                .withRestartCount(restarts)
                .withStarted(started && phase instanceof Phase.Running)
                .withReady(init ? succeeded() : ready && phase instanceof Phase.Running)
                .build();
    }

    private ContainerState state() {
        // spotless:off
        return switch (phase) {
            case Phase.Waiting waiting -> new ContainerStateBuilder()
                    .withNewWaiting()
                        .withReason(waiting.reason())
                        .withMessage(waiting.message().isEmpty() ? null : waiting.message())
                    .endWaiting()
                    .build();
            case Phase.Running running -> new ContainerStateBuilder()
                    .withNewRunning().withStartedAt(text(running.since())).endRunning()
                    .build();
            case Phase.Ended ended -> new ContainerStateBuilder()
                    .withNewTerminated()
                        .withExitCode(ended.code())
                        .withReason(ended.reason())
                        .withStartedAt(text(ended.since()))
                        .withFinishedAt(text(ended.at()))
                        .withContainerID(id)
                    .endTerminated()
                    .build();
        };
        // spotless:on
    }

    static String text(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
