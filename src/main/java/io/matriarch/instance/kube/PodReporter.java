package io.matriarch.instance.kube;

import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes this member's role label and report to its own pod: only on change, only the newest one, and again after a pause while the API server is
 * away. Each write makes everybody who watches pods look, so a report without a new label does not follow the last write at once.
 */
public final class PodReporter {
    private static final Logger LOG = LoggerFactory.getLogger(PodReporter.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration REST = Duration.ofMillis(500);
    private static final Duration AGAIN = Duration.ofSeconds(2);
    /** How much later a request without an answer may still arrive: when a connection is given up, TCP retransmits what is on its way. */
    private static final Duration LATE = Duration.ofMinutes(2);

    private final KubeApi api;
    private final String path;
    private final Consumer<String> shown;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    private @Nullable Publication wanted;
    private @Nullable Publication published;
    private long written = System.nanoTime() - REST.toNanos();
    /** Until when an old write may still overwrite what is there; 0 if there is no such write. */
    private long doubt;

    private volatile boolean away;

    /**
     * @param role empty to leave the pod's label as it is
     */
    private record Publication(Optional<String> role, MemberReport report) {}

    /**
     * @param shown receives each label that was written
     */
    public PodReporter(KubeApi api, String namespace, String pod, Consumer<String> shown) {
        this.api = api;
        this.shown = shown;
        this.path = "/api/v1/namespaces/" + namespace + "/pods/" + pod;
    }

    public Thread start() {
        return Thread.ofVirtual().name("report").start(this::run);
    }

    /**
     * Takes note of what to write; returns at once.
     *
     * @param role for the label; empty leaves it as it is
     */
    public void publish(Optional<String> role, MemberReport report) {
        Publication next = new Publication(role, report);
        lock.lock();
        try {
            if (!next.equals(wanted)) {
                wanted = next;
                news.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Publishes a new label, with the report as it is. */
    public void label(String role) {
        lock.lock();
        try {
            if (wanted != null) {
                publish(Optional.of(role), wanted.report());
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether the pod carries this role's label, as far as it is known; true also while the API server is away, because nothing may wait for it.
     */
    public boolean shows(String role) {
        return away || wrote(role);
    }

    /** Whether this label was the last one that this agent wrote. */
    public boolean wrote(String role) {
        lock.lock();
        try {
            return published != null && published.role().equals(Optional.of(role));
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Publication next = await();
                try {
                    patch(next);
                    done(next);
                    next.role().ifPresent(shown);
                } catch (IOException e) {
                    LOG.debug("cannot report: {}", e.toString());
                    failed(next);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void done(Publication next) {
        lock.lock();
        try {
            away = false;
            published = next;
            written = System.nanoTime();
        } finally {
            lock.unlock();
        }
    }

    /**
     * It is unknown whether the write arrived; it may still arrive when a broken network heals. The next attempt waits, unless there is another
     * label to write.
     */
    private void failed(Publication next) throws InterruptedException {
        lock.lock();
        try {
            away = true;
            published = null;
            doubt = System.nanoTime() + LATE.toNanos();
            long end = System.nanoTime() + AGAIN.toNanos();
            long left = AGAIN.toNanos();
            while (left > 0 && Objects.requireNonNull(wanted).role().equals(next.role())) {
                news.awaitNanos(left);
                left = end - System.nanoTime();
            }
        } finally {
            lock.unlock();
        }
    }

    private Publication await() throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                Publication next = wanted;
                if (next == null || next.equals(published) && doubt == 0) {
                    news.await();
                } else if (next.equals(published)) {
                    if (news.awaitNanos(doubt - System.nanoTime()) <= 0) {
                        doubt = 0;
                        return Objects.requireNonNull(wanted);
                    }
                } else if (news.awaitNanos(rest(next)) <= 0) {
                    return Objects.requireNonNull(wanted);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Nanoseconds until this may be written. */
    private long rest(Publication next) {
        boolean sameLabel =
                published != null && (next.role().isEmpty() || next.role().equals(published.role()));
        return sameLabel ? written + REST.toNanos() - System.nanoTime() : 0;
    }

    private void patch(Publication next) throws IOException {
        Map<String, Object> metadata = new HashMap<>();
        metadata.put("annotations", Map.of(Labels.REPORT, Json.text(next.report())));
        next.role().ifPresent(role -> metadata.put("labels", Map.of(Labels.ROLE, role)));
        Map<String, Object> patch = Map.of("metadata", metadata);
        KubeApi.Answer answer = api.request("PATCH", path, KubeApi.MERGE_PATCH, patch, PATIENCE);
        if (!answer.ok()) {
            throw new IOException("PATCH of the pod answered " + answer.message());
        }
    }
}
