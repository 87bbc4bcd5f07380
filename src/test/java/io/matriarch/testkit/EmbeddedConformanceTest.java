package io.matriarch.testkit;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.matriarch.testkit.node.ProcessCluster;
import io.matriarch.testkit.node.Timing;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The embedded Kubernetes does what {@link Conformance} says. */
@org.jspecify.annotations.NullUnmarked
@Tag("cluster")
class EmbeddedConformanceTest extends Conformance {
    private static ProcessCluster cluster;

    @BeforeAll
    static void start() throws IOException {
        cluster = new ProcessCluster(2, Timing.QUICK);
    }

    @AfterAll
    static void stop() throws IOException {
        cluster.close();
    }

    @Override
    public void skip(Duration time) {
        cluster.skip(time);
    }

    @Override
    public Duration patience() {
        return Duration.ofSeconds(25);
    }

    @Override
    KubernetesClient connect() {
        return cluster.api().client("conformance");
    }
}
