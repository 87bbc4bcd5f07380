package io.matriarch.instance;

import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Ports;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.ha.Timers;
import io.matriarch.instance.kube.KubeApi;
import io.matriarch.instance.kube.LeaseApi;
import io.matriarch.instance.kube.PodReporter;
import io.matriarch.instance.net.AgentServer;
import io.matriarch.instance.net.MetricsText;
import io.matriarch.instance.postgres.Layout;
import io.matriarch.instance.postgres.LocalPostgres;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The agent of one member: starts, follows, fences PostgreSQL. Every option comes from the pod's environment (docs/contract.md). */
@Command(
        name = "instance",
        description = "Runs the PostgreSQL of one member, in its pod.",
        mixinStandardHelpOptions = true)
public final class InstanceCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(InstanceCommand.class);
    private static final Duration SLACK = Duration.ofSeconds(10);

    @Option(
            names = "--namespace",
            required = true,
            defaultValue = "${env:MATRIARCH_NAMESPACE}",
            description = "Namespace of the cluster.")
    private String namespace = "";

    @Option(
            names = "--cluster",
            required = true,
            defaultValue = "${env:MATRIARCH_CLUSTER}",
            description = "Name of the PostgresCluster.")
    private String cluster = "";

    @Option(names = "--pod", required = true, defaultValue = "${env:MATRIARCH_POD}", description = "Name of this pod.")
    private String pod = "";

    @Option(
            names = "--pod-uid",
            required = true,
            defaultValue = "${env:MATRIARCH_POD_UID}",
            description = "UID of this pod.")
    private String podUid = "";

    @Option(
            names = "--pod-ip",
            required = true,
            defaultValue = "${env:MATRIARCH_POD_IP}",
            description = "Address of this pod.")
    private String address = "";

    @Option(
            names = "--data",
            required = true,
            defaultValue = "${env:MATRIARCH_DATA}",
            description = "Mount of the data volume.")
    private Path data = Path.of("");

    @Option(
            names = "--wal",
            defaultValue = "${env:MATRIARCH_WAL}",
            description = "Mount of the WAL volume, if there is one.")
    private @Nullable Path wal;

    @Option(
            names = "--run",
            required = true,
            defaultValue = "${env:MATRIARCH_RUN}",
            description = "A folder in memory, shared with the fuse.")
    private Path run = Path.of("");

    @Option(
            names = "--socket",
            required = true,
            defaultValue = "${env:MATRIARCH_SOCKET}",
            description = "Folder of PostgreSQL's socket.")
    private Path socket = Path.of("");

    @Option(
            names = "--server-certificate",
            required = true,
            defaultValue = "${env:MATRIARCH_SERVER_CERTIFICATE}",
            description = "Mounted Secret with the server's certificate.")
    private Path serverCertificate = Path.of("");

    @Option(
            names = "--replication-certificate",
            required = true,
            defaultValue = "${env:MATRIARCH_REPLICATION_CERTIFICATE}",
            description = "Mounted Secret with the client certificate that replicates.")
    private Path replicationCertificate = Path.of("");

    @Option(
            names = "--listen",
            defaultValue = "${env:MATRIARCH_LISTEN:-*}",
            description = "listen_addresses of PostgreSQL.")
    private String listen = "*";

    @Option(
            names = "--grace",
            defaultValue = "${env:MATRIARCH_GRACE:-120}",
            description = "Seconds that the pod has to end.")
    private long grace = 120;

    @Option(
            names = "--api-server",
            defaultValue = "${env:MATRIARCH_API_SERVER}",
            description = "URL of the API server; in a pod the kubelet's variables say it.")
    private @Nullable URI apiServer;

    @Option(
            names = "--service-account",
            defaultValue = "${env:MATRIARCH_SERVICE_ACCOUNT:-/var/run/secrets/kubernetes.io/serviceaccount}",
            description = "Folder with the service account's token and ca.crt.")
    private Path serviceAccount = Path.of("");

    @Override
    public Integer call() throws IOException, InterruptedException {
        AgentLog.configure(namespace + "/" + cluster);
        Me me = new Me(
                pod,
                Names.ordinal(pod),
                podUid,
                HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt()),
                address,
                io.matriarch.Main.version());
        LOG.info("agent {} of {}/{}, incarnation {}", me.version(), namespace, pod, me.incarnation());
        Files.createDirectories(run);
        Layout layout = new Layout(
                namespace,
                cluster,
                pod,
                data,
                wal,
                run,
                socket,
                serverCertificate,
                replicationCertificate,
                listen,
                Ports.POSTGRES);
        KubeApi api = new KubeApi(apiServer(), serviceAccount);
        Timers timers = Timers.DEFAULT;
        BootClock clock = new BootClock();
        FuseDeadline fuse = new FuseDeadline(run);
        fuse.disarm();
        Agent.News news = new Agent.News();
        LocalPostgres postgres = new LocalPostgres(layout);
        Documents documents = new Documents(api, namespace, new Names(cluster), layout.state(), news::tell);
        Jobs jobs = new Jobs(
                postgres, documents, api, namespace, Duration.ofSeconds(grace).minus(SLACK));
        LeaseKeeper lease = new LeaseKeeper(
                new LeaseApi(api, namespace, new Names(cluster).lease(), timers.request()),
                me.identity(),
                timers,
                clock,
                fuse,
                news::tell);
        PodReporter reporter = new PodReporter(api, namespace, pod);
        Agent agent = new Agent(
                postgres, documents, jobs, lease, new Protocol(me, timers), reporter, clock, timers, fuse, news);
        AgentMetrics metrics = new AgentMetrics(postgres, agent, lease);
        AgentServer server = new AgentServer(
                new InetSocketAddress(address, Ports.AGENT),
                serverCertificate,
                agent,
                () -> MetricsText.of(metrics.collect()));
        CountDownLatch ended = new CountDownLatch(1);
        endOnSignal(agent, ended);
        server.start();
        documents.start();
        lease.start();
        reporter.start();
        try {
            agent.run();
        } finally {
            ended.countDown();
        }
        server.stop();
        return 0;
    }

    private URI apiServer() {
        if (apiServer != null && !apiServer.toString().isEmpty()) {
            return apiServer;
        }
        String host = System.getenv("KUBERNETES_SERVICE_HOST");
        String port = System.getenv("KUBERNETES_SERVICE_PORT");
        if (host == null || port == null) {
            throw new IllegalStateException(
                    "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --api-server");
        }
        return URI.create("https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port);
    }

    /** SIGTERM: stop cleanly; the process ends when the loop has. Not by joining its thread, which ends in System.exit and waits for us. */
    private void endOnSignal(Agent agent, CountDownLatch ended) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            agent.stop();
            try {
                if (!ended.await(grace, TimeUnit.SECONDS)) {
                    LOG.error("the agent did not end within {} s", grace);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
    }
}
