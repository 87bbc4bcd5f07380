package io.matriarch.operator;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the operator's replicas leads. A replica that loses the Lease without having given it back ends at once, by halt: no part of it may act a
 * moment longer.
 */
final class Leadership implements AutoCloseable {
    static final String LEASE = "matriarch-operator";

    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
    private static final Duration DURATION = Duration.ofSeconds(15);
    private static final Duration RENEW = Duration.ofSeconds(10);
    private static final Duration RETRY = Duration.ofSeconds(2);

    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final LeaderElector elector;
    private volatile boolean stopping;
    private volatile boolean leads;
    private CompletableFuture<?> running = CompletableFuture.completedFuture(null);

    /**
     * Prepares the election.
     *
     * @param identity of this replica, such as its pod's name
     * @param start called once, on another thread, when this replica leads
     * @param lost called when it stops leading without having been asked to stop
     */
    Leadership(KubernetesClient client, String namespace, String identity, Runnable start, Runnable lost) {
        elector = client.leaderElector()
                .withConfig(new LeaderElectionConfigBuilder()
                        .withName(LEASE)
                        .withLock(new LeaseLock(namespace, LEASE, identity))
                        .withLeaseDuration(DURATION)
                        .withRenewDeadline(RENEW)
                        .withRetryPeriod(RETRY)
                        .withReleaseOnCancel(true)
                        .withLeaderCallbacks(new LeaderCallbacks(
                                () -> {
                                    LOG.info("{} leads", identity);
                                    leads = true;
                                    executor.execute(start);
                                },
                                () -> {
                                    if (leads && !stopping) {
                                        LOG.error("{} lost the Lease {}", identity, LEASE);
                                        lost.run();
                                    }
                                },
                                leader -> LOG.info("the leader is {}", leader)))
                        .build())
                .build();
    }

    void begin() {
        running = elector.start();
    }

    /** Whether the election is still running. */
    boolean alive() {
        return !running.isDone();
    }

    boolean leads() {
        return leads;
    }

    /** Gives the Lease back, so that another replica leads at once. */
    @Override
    public void close() {
        stopping = true;
        running.cancel(true);
        executor.shutdown();
    }
}
