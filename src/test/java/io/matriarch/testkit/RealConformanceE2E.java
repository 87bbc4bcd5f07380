package io.matriarch.testkit;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The Kubernetes that KUBECONFIG names does what {@link Conformance} says, so that the embedded one is held to the truth. */
@EnabledIfEnvironmentVariable(named = "KUBECONFIG", matches = ".+")
@org.jspecify.annotations.NullUnmarked
class RealConformanceE2E extends Conformance {
    private static Process proxy;
    private static String url;

    /** Through kubectl, which knows every way to log in. */
    @BeforeAll
    static void start() throws IOException {
        proxy = new ProcessBuilder("kubectl", "proxy", "--port=0")
                .redirectErrorStream(true)
                .start();
        String said = proxy.inputReader().readLine();
        url = "http://" + said.substring(said.lastIndexOf(' ') + 1);
    }

    @AfterAll
    static void stop() {
        proxy.destroy();
    }

    @Override
    public void skip(Duration time) {
        // it passes
    }

    @Override
    KubernetesClient connect() {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl(url)
                .withHttp2Disable(true)
                .withOnlyHttpWatches(true)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }
}
