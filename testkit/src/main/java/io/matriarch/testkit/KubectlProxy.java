package io.matriarch.testkit;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;

/** A way to the Kubernetes that KUBECONFIG names: through kubectl, which knows every way to log in. */
public final class KubectlProxy implements AutoCloseable {
    private final Process proxy;
    private final String url;

    public KubectlProxy() throws IOException {
        proxy = new ProcessBuilder("kubectl", "proxy", "--port=0")
                .redirectErrorStream(true)
                .start();
        String said = proxy.inputReader().readLine();
        if (said == null || !said.contains("127.0.0.1:")) {
            proxy.destroy();
            throw new IOException("kubectl proxy does not serve: " + said);
        }
        url = "http://" + said.substring(said.lastIndexOf(' ') + 1);
    }

    public KubernetesClient connect() {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl(url)
                .withHttp2Disable(true)
                .withOnlyHttpWatches(true)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    @Override
    public void close() {
        proxy.destroy();
    }
}
