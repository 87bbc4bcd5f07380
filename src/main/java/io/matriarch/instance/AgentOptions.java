package io.matriarch.instance;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the pod tells its agent in environment variables (docs/contract.md, "Pod").
 *
 * @param namespace {@code MATRIARCH_NAMESPACE} of the cluster
 * @param cluster {@code MATRIARCH_CLUSTER}, the PostgresCluster's name
 * @param pod {@code MATRIARCH_POD}, the pod's name
 * @param podUid {@code MATRIARCH_POD_UID}
 * @param address {@code MATRIARCH_POD_IP}
 * @param data {@code MATRIARCH_DATA}, mount of the data volume
 * @param wal {@code MATRIARCH_WAL}, mount of the WAL volume, if there is one
 * @param run {@code MATRIARCH_RUN}, a folder in memory, shared with the fuse
 * @param socket {@code MATRIARCH_SOCKET}, folder of PostgreSQL's socket
 * @param serverCertificate {@code MATRIARCH_SERVER_CERTIFICATE}, mounted Secret
 * @param replicationCertificate {@code MATRIARCH_REPLICATION_CERTIFICATE}, mounted Secret
 * @param listen {@code MATRIARCH_LISTEN}, listen_addresses of PostgreSQL, default {@code *}
 * @param grace {@code MATRIARCH_GRACE}, seconds that the pod has to end, default 120
 * @param apiServer {@code MATRIARCH_API_SERVER}; in a pod, the kubelet's variables contain it
 * @param serviceAccount {@code MATRIARCH_SERVICE_ACCOUNT}, folder with the service account's token and ca.crt
 */
record AgentOptions(
        String namespace,
        String cluster,
        String pod,
        String podUid,
        String address,
        Path data,
        @Nullable Path wal,
        Path run,
        Path socket,
        Path serverCertificate,
        Path replicationCertificate,
        String listen,
        long grace,
        URI apiServer,
        Path serviceAccount) {
    private static final String SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

    /**
     * Reads the options.
     *
     * @throws IllegalArgumentException with the name of every variable that is missing or is not a number
     */
    static AgentOptions of(Map<String, String> environment) {
        Reader read = new Reader(environment);
        AgentOptions options = new AgentOptions(
                read.text("NAMESPACE"),
                read.text("CLUSTER"),
                read.text("POD"),
                read.text("POD_UID"),
                read.text("POD_IP"),
                Path.of(read.text("DATA")),
                read.given("WAL").map(Path::of).orElse(null),
                Path.of(read.text("RUN")),
                Path.of(read.text("SOCKET")),
                Path.of(read.text("SERVER_CERTIFICATE")),
                Path.of(read.text("REPLICATION_CERTIFICATE")),
                read.given("LISTEN").orElse("*"),
                read.seconds("GRACE", 120),
                read.apiServer(),
                Path.of(read.given("SERVICE_ACCOUNT").orElse(SERVICE_ACCOUNT)));
        read.complain();
        return options;
    }

    private static final class Reader {
        private static final String PREFIX = "MATRIARCH_";

        private final Map<String, String> environment;
        private final List<String> missing = new ArrayList<>();

        Reader(Map<String, String> environment) {
            this.environment = environment;
        }

        Optional<String> given(String name) {
            return Optional.ofNullable(environment.get(PREFIX + name)).filter(value -> !value.isEmpty());
        }

        String text(String name) {
            return given(name).orElseGet(() -> {
                missing.add(PREFIX + name);
                return "";
            });
        }

        long seconds(String name, long otherwise) {
            try {
                return given(name).map(Long::parseLong).orElse(otherwise);
            } catch (NumberFormatException e) {
                missing.add(PREFIX + name + " as a number of seconds");
                return otherwise;
            }
        }

        URI apiServer() {
            Optional<String> url = given("API_SERVER");
            if (url.isPresent()) {
                return URI.create(url.get());
            }
            String host = environment.getOrDefault("KUBERNETES_SERVICE_HOST", "");
            String port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "");
            if (host.isEmpty() || port.isEmpty()) {
                missing.add("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT (or " + PREFIX + "API_SERVER)");
            }
            return URI.create("https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port);
        }

        void complain() {
            if (!missing.isEmpty()) {
                throw new IllegalArgumentException(
                        "not in a pod of a cluster: the environment lacks " + String.join(", ", missing));
            }
        }
    }
}
