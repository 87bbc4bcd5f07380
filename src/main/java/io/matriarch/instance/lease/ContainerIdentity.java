package io.matriarch.instance.lease;

import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.kube.Pods;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out which container this is, and makes it known in the Lease: when the kubelet reports that this container ended, others need not wait for
 * the Lease to run out. The kubelet's status of the pod may be late and name a dead container, so it counts only if it shows as many restarts as
 * the fuse has counted.
 */
public final class ContainerIdentity {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerIdentity.class);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final Pods pods;
    private final Me me;
    private final Path starts;
    private final Memory memory;
    private final Runnable news;

    /**
     * @param run the folder where the fuse counts the starts
     */
    public ContainerIdentity(Pods pods, Me me, Path run, Memory memory, Runnable news) {
        this.pods = pods;
        this.me = me;
        this.starts = run.resolve("starts");
        this.memory = memory;
        this.news = news;
    }

    public void start() {
        Thread.ofVirtual().name("container").start(() -> {
            try {
                int restarts = Integer.parseInt(Files.readString(starts).strip()) - 1;
                Optional<String> id = Optional.empty();
                while (id.isEmpty()) {
                    id = ask(restarts);
                    if (id.isEmpty()) {
                        Thread.sleep(AGAIN);
                    }
                }
                memory.container(id.get());
                news.run();
            } catch (IOException | NumberFormatException e) {
                LOG.warn(
                        "cannot tell which container this is; if it ends, others wait for the Lease: {}", e.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private Optional<String> ask(int restarts) {
        try {
            return pods.get(me.pod())
                    .filter(pod -> pod.uid().equals(me.podUid()) && pod.running() == restarts)
                    .map(Pods.Pod::containerId);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
