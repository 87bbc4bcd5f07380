package io.matriarch.testkit;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The Kubernetes that KUBECONFIG names does what {@link Conformance} says, so that the embedded one is held to the truth. */
@EnabledIfEnvironmentVariable(named = "KUBECONFIG", matches = ".+")
class RealConformanceE2E extends Conformance {
    @Override
    KubernetesClient connect() {
        return new KubernetesClientBuilder().build();
    }
}
