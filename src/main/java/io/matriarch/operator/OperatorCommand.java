package io.matriarch.operator;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.matriarch.Build;
import io.matriarch.plan.view.ClusterView.OperatorIdentity;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code matriarch operator}: reconciles PostgresClusters. The rights that it needs, all used by {@link Observer}, {@link Actor},
 * {@link Announcer}, {@link Sources} and {@link Leadership}:
 *
 * <ul>
 *   <li>matriarch.io: postgresclusters get, list, watch; postgresclusters/status patch; postgresclusters/finalizers update (owner references
 *       that block deletion, where the API server's plugin OwnerReferencesPermissionEnforcement is on)
 *   <li>apps: statefulsets get, list, watch, create, patch
 *   <li>core: pods get, list, watch, delete; persistentvolumeclaims get, list, watch, create, patch, delete; secrets, configmaps, services,
 *       serviceaccounts get, list, watch, create, patch; events list, get, create, update, patch; nodes get (only to say why a pod is gone)
 *   <li>policy: poddisruptionbudgets get, list, watch, create, patch, delete
 *   <li>rbac.authorization.k8s.io: roles, rolebindings get, list, watch, create, patch
 *   <li>coordination.k8s.io: leases get, create in watched namespaces; get, create, update, patch of its own in its own namespace. As it gives
 *       agents a Role, it must itself have what is in it: leases get, update, create; configmaps, secrets get, list, watch; pods get, patch
 * </ul>
 */
@Command(name = "operator", description = "Reconciles PostgresClusters.", mixinStandardHelpOptions = true)
public final class OperatorCommand implements Callable<Integer> {
    private static final int RETRIES = 3;
    private static final int REQUEST_TIMEOUT_MILLIS = 15_000;

    @Option(
            names = "--watch-namespaces",
            split = ",",
            defaultValue = "${env:MATRIARCH_WATCH_NAMESPACES:-}",
            description = "Namespaces to watch, separated by commas; all when absent.")
    private Set<String> namespaces = Set.of();

    @Option(
            names = "--image",
            defaultValue = "${env:MATRIARCH_IMAGE}",
            description = "This program's own image, from which pods get their agent (default: MATRIARCH_IMAGE).")
    private @Nullable String image;

    @Option(names = "--port", defaultValue = "8080", description = "Port of /healthz, /readyz and /metrics.")
    private int port;

    @Option(
            names = "--log-format",
            defaultValue = "${env:MATRIARCH_LOG_FORMAT:-TEXT}",
            description = "TEXT or JSON (default: MATRIARCH_LOG_FORMAT, or TEXT).")
    private LogFormat logFormat = LogFormat.TEXT;

    @Option(
            names = "--leader-election",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Whether replicas of this operator elect one that works.")
    private boolean leaderElection = true;

    @Option(
            names = "--namespace",
            defaultValue = "${env:POD_NAMESPACE:-default}",
            description = "Namespace of the operator's own Lease (default: POD_NAMESPACE).")
    private String namespace = "default";

    @Option(
            names = "--identity",
            defaultValue = "${env:POD_NAME:-}",
            description = "Name of this replica in the election (default: POD_NAME).")
    private String identity = "";

    /** The format of log lines. */
    enum LogFormat {
        TEXT,
        JSON
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Logging.use(logFormat);
        Logger log = LoggerFactory.getLogger(OperatorCommand.class);
        if (image == null || image.isEmpty()) {
            log.error("the operator needs to know its own image: set --image or MATRIARCH_IMAGE");
            return 2;
        }
        Build build = Build.running();
        Telemetry telemetry = new Telemetry();
        telemetry.version(build.text());
        KubernetesClient client = client(telemetry);
        AtomicReference<@Nullable Controllers> controllers = new AtomicReference<>();
        CountDownLatch ended = new CountDownLatch(1);
        OperatorIdentity operator = new OperatorIdentity(image, build.text());
        Runnable start = () -> {
            try {
                Controllers started = new Controllers(client, InstantSource.system(), operator, watched(), telemetry);
                started.start();
                controllers.set(started);
                log.info("watching {}", watched().isEmpty() ? "all namespaces" : watched());
            } catch (RuntimeException e) {
                log.error("cannot start: {}", e.getMessage(), e);
                Runtime.getRuntime().halt(1);
            }
        };
        Leadership leadership = new Leadership(
                client,
                namespace,
                identity.isEmpty() ? UUID.randomUUID().toString() : identity,
                start,
                () -> Runtime.getRuntime().halt(1));
        Endpoints endpoints = new Endpoints(
                port,
                () -> alive(controllers.get(), leadership),
                () -> ready(controllers.get(), leadership),
                telemetry::scrape);
        log.info("Matriarch {} with image {}, port {}", operator.version(), image, endpoints.port());
        build.trouble().ifPresent(log::error);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            Controllers running = controllers.get();
                            if (running != null) {
                                running.close();
                            }
                            leadership.close();
                            endpoints.close();
                            log.info("ended");
                            ended.countDown();
                        },
                        "shutdown"));
        if (leaderElection) {
            leadership.begin();
        } else {
            start.run();
        }
        ended.await();
        return 0;
    }

    private Set<String> watched() {
        return namespaces.stream().filter(n -> !n.isBlank()).collect(java.util.stream.Collectors.toUnmodifiableSet());
    }

    private boolean alive(@Nullable Controllers controllers, Leadership leadership) {
        return (!leaderElection || leadership.alive()) && (controllers == null || controllers.healthy());
    }

    /** A replica that does not lead is ready as well: ready to take over. */
    private boolean ready(@Nullable Controllers controllers, Leadership leadership) {
        boolean working = controllers != null && controllers.started() && controllers.healthy();
        return leaderElection ? leadership.alive() && (!leadership.leads() || working) : working;
    }

    private static KubernetesClient client(Telemetry telemetry) {
        Config config = new ConfigBuilder()
                .withRequestTimeout(REQUEST_TIMEOUT_MILLIS)
                .withRequestRetryBackoffLimit(RETRIES)
                .build();
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withKubernetesSerialization(Unreadable.serialization())
                .withHttpClientBuilderConsumer(
                        builder -> builder.addOrReplaceInterceptor("telemetry", telemetry.interceptor()))
                .build();
    }
}
