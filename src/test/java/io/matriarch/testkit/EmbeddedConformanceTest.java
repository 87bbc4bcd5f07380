package io.matriarch.testkit;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The embedded Kubernetes does what {@link Conformance} says; without a kubelet, as none of it needs one. */
@org.jspecify.annotations.NullUnmarked
class EmbeddedConformanceTest extends Conformance {
    private static ApiServer api;
    private static StatefulSets sets;

    @BeforeAll
    static void start() throws IOException {
        api = new ApiServer();
        sets = new StatefulSets(api);
        sets.start();
    }

    @AfterAll
    static void stop() {
        sets.close();
        api.close();
    }

    @Override
    KubernetesClient connect() {
        return api.client("conformance");
    }
}
