package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The real operator, as its Deployment would run it: a pod of the embedded cluster. */
public final class OperatorPod {
    public static final String NAMESPACE = "matriarch-system";
    private static final String NAME = "matriarch";

    /** Which the operators elect their leader by. */
    public static final String LEASE = "matriarch-operator";

    private static final int PATIENCE_SECONDS = 30;

    private final KubernetesClient user;
    private final String apiServer;
    private final @Nullable String node;
    private boolean several;

    public OperatorPod(KubernetesClient user, String apiServer) {
        this(user, apiServer, null);
    }

    /** @param node where it runs, whoever else may; null for any */
    public OperatorPod(KubernetesClient user, String apiServer, @Nullable String node) {
        this.user = user;
        this.apiServer = apiServer;
        this.node = node;
    }

    /** Others may run: they elect the one that leads. Its pod is named after its node. */
    public OperatorPod oneOfSeveral() {
        several = true;
        return this;
    }

    private String name() {
        return several ? NAME + "-" + node : NAME;
    }

    public void start() {
        // spotless:off
        Pod operator = new PodBuilder()
                .withNewMetadata().withName(name()).withNamespace(NAMESPACE).endMetadata()
                .withNewSpec()
                    .withNodeName(node)
                    .withTerminationGracePeriodSeconds(5L)
                    .withContainers(new ContainerBuilder()
                            .withName(NAME)
                            .withImage(ProcessCluster.AGENT_IMAGE)
                            .withArgs("operator", several ? "--leader-election" : "--no-leader-election", "--port=0")
                            .addNewEnv().withName("POD_NAME").withValue(name()).endEnv()
                            .addNewEnv().withName("POD_NAMESPACE").withValue(NAMESPACE).endEnv()
                            .addNewEnv().withName("MATRIARCH_IMAGE").withValue(ProcessCluster.AGENT_IMAGE).endEnv()
                            .addNewEnv().withName("KUBERNETES_MASTER").withValue(apiServer).endEnv()
                            .build())
                .endSpec()
                .build();
        // spotless:on
        user.pods().inNamespace(NAMESPACE).resource(operator).create();
    }

    /** Ends it; returns when nothing of it is left. */
    public void stop() {
        user.pods().inNamespace(NAMESPACE).withName(name()).delete();
        user.pods()
                .inNamespace(NAMESPACE)
                .withName(name())
                .waitUntilCondition(pod -> pod == null, PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
}
