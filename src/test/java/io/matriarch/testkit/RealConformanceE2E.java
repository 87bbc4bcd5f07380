package io.matriarch.testkit;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The Kubernetes that KUBECONFIG names does what {@link Conformance} says, so that the embedded one is held to the truth. */
@EnabledIfEnvironmentVariable(named = "KUBECONFIG", matches = ".+")
@org.jspecify.annotations.NullUnmarked
class RealConformanceE2E extends Conformance {
    private static KubectlProxy proxy;

    @BeforeAll
    static void start() throws IOException {
        proxy = new KubectlProxy();
    }

    @AfterAll
    static void stop() {
        proxy.close();
    }

    @Override
    public void skip(Duration time) {
        // it passes
    }

    @Override
    KubernetesClient connect() {
        return proxy.connect();
    }
}
