package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.matriarch.testkit.Embedded;
import io.matriarch.testkit.KubectlProxy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * An API server with our CRD, and a namespace for a test: embedded, or with {@code -Dmatriarch.test.api=real} the Kubernetes that KUBECONFIG names,
 * on which no operator of ours may run, and whose CRD, if it is there, is of this build. Both must do the same, so that the embedded one cannot drift.
 */
final class AnyApi implements AutoCloseable {
    private static final Path CRD = Path.of("crds/matriarch.io_postgresclusters.yaml");

    private final AutoCloseable server;
    private final boolean real;
    private final KubernetesClient client;
    private final String namespace;

    AnyApi(String user) throws IOException {
        String wanted = System.getProperty("matriarch.test.api", "embedded");
        switch (wanted) {
            case "embedded" -> {
                Embedded made = new Embedded();
                server = made;
                real = false;
                client = made.api().client(user);
                namespace = "shop";
            }
            case "real" -> {
                KubectlProxy proxy = new KubectlProxy();
                server = proxy;
                real = true;
                client = proxy.connect();
                namespace = prepared(client);
            }
            default ->
                throw new IllegalArgumentException("matriarch.test.api is " + wanted + ": give embedded or real");
        }
    }

    private static String prepared(KubernetesClient client) throws IOException {
        try (InputStream yaml = Files.newInputStream(CRD)) {
            CustomResourceDefinition definition = client.apiextensions()
                    .v1()
                    .customResourceDefinitions()
                    .load(yaml)
                    .item();
            // One that is there has an owner, such as Helm, which must not lose fields to us.
            if (client.resource(definition).get() == null) {
                client.resource(definition).create();
            }
            client.resource(definition)
                    .waitUntilCondition(
                            crd -> crd != null
                                    && crd.getStatus() != null
                                    && crd.getStatus().getConditions().stream()
                                            .anyMatch(c -> c.getType().equals("Established")
                                                    && c.getStatus().equals("True")),
                            1,
                            TimeUnit.MINUTES);
        }
        return client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withGenerateName("matriarch-test-")
                        .endMetadata()
                        .build())
                .create()
                .getMetadata()
                .getName();
    }

    KubernetesClient client() {
        return client;
    }

    String namespace() {
        return namespace;
    }

    /** The CRD stays on a real API server: others may use it. */
    @Override
    public void close() throws Exception {
        if (real) {
            client.namespaces().withName(namespace).delete();
        }
        client.close();
        server.close();
    }
}
