package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPHeader;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.IntSupplier;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** Asks one probe of one run of a container again and again, as the kubelet does; tells each verdict that its thresholds allow. */
final class Prober implements AutoCloseable {
    private static final SSLContext ANYONE = trustAnyone();

    private static final Duration STILL = Duration.ofMillis(50);

    private final Probe probe;
    private final Container container;
    private final String podAddress;
    private final Exec exec;
    private final BiConsumer<Boolean, String> verdict;
    private final IntSupplier stops;
    private final Thread thread;

    /** Runs a command in the container; its exit code, or empty when it took too long. */
    interface Exec {
        Optional<Integer> run(List<String> command, Duration patience) throws IOException, InterruptedException;
    }

    /**
     * Begins to ask.
     *
     * @param verdict gets whether the probe holds, and if not, why
     * @param stops how often the kubelet has stopped and gone on: odd while it stands still. What was asked across that is forgotten
     */
    Prober(
            Probe probe,
            Container container,
            String podAddress,
            Exec exec,
            BiConsumer<Boolean, String> verdict,
            IntSupplier stops) {
        this.probe = probe;
        this.container = container;
        this.podAddress = podAddress;
        this.exec = exec;
        this.verdict = verdict;
        this.stops = stops;
        this.thread = Thread.ofVirtual().name("probe of " + container.getName()).start(this::run);
    }

    private void run() {
        int held = 0;
        int failed = 0;
        try {
            Thread.sleep(seconds(probe.getInitialDelaySeconds(), 0));
            while (true) {
                int before = stops.getAsInt();
                Optional<String> failure = before % 2 == 0 ? ask() : Optional.empty();
                if (before % 2 == 1 || before != stops.getAsInt()) {
                    held = 0;
                    failed = 0;
                    Thread.sleep(STILL);
                    continue;
                }
                held = failure.isEmpty() ? held + 1 : 0;
                failed = failure.isEmpty() ? 0 : failed + 1;
                if (held >= Objects.requireNonNullElse(probe.getSuccessThreshold(), 1)) {
                    verdict.accept(true, "");
                } else if (failed >= Objects.requireNonNullElse(probe.getFailureThreshold(), 3)) {
                    verdict.accept(false, failure.orElse(""));
                }
                Thread.sleep(seconds(probe.getPeriodSeconds(), 10));
            }
        } catch (InterruptedException e) {
            // the run it belongs to has ended
        }
    }

    private static Duration seconds(@org.jspecify.annotations.Nullable Integer given, int standard) {
        return Duration.ofSeconds(given == null ? standard : given);
    }

    private Optional<String> ask() throws InterruptedException {
        Duration patience = seconds(probe.getTimeoutSeconds(), 1);
        try {
            if (probe.getExec() != null) {
                Optional<Integer> code = exec.run(probe.getExec().getCommand(), patience);
                return code.isEmpty()
                        ? Optional.of("command timed out after " + patience.toSeconds() + "s")
                        : code.get() == 0 ? Optional.empty() : Optional.of("command exited with " + code.get());
            }
            if (probe.getTcpSocket() != null) {
                connect(probe.getTcpSocket().getPort(), patience);
                return Optional.empty();
            }
            return get(patience);
        } catch (IOException e) {
            return Optional.of(e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    private void connect(IntOrString port, Duration patience) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(podAddress, number(port)), (int) patience.toMillis());
        }
    }

    private Optional<String> get(Duration patience) throws IOException {
        var wanted = probe.getHttpGet();
        String scheme = Optional.ofNullable(wanted.getScheme()).orElse("HTTP").toLowerCase(java.util.Locale.ROOT);
        String host = Optional.ofNullable(wanted.getHost())
                .filter(given -> !given.isEmpty())
                .orElse(podAddress);
        String path = Optional.ofNullable(wanted.getPath()).orElse("/");
        URI address = URI.create("%s://%s:%d%s"
                .formatted(scheme, host, number(wanted.getPort()), path.startsWith("/") ? path : "/" + path));
        var connection = (java.net.HttpURLConnection) address.toURL().openConnection();
        try {
            if (connection instanceof HttpsURLConnection secure) {
                secure.setSSLSocketFactory(ANYONE.getSocketFactory());
                secure.setHostnameVerifier((name, session) -> true);
            }
            connection.setConnectTimeout((int) patience.toMillis());
            connection.setReadTimeout((int) patience.toMillis());
            connection.setRequestProperty("User-Agent", "kube-probe/1.34");
            connection.setRequestProperty("Connection", "close");
            for (HTTPHeader header : wanted.getHttpHeaders()) {
                connection.setRequestProperty(header.getName(), header.getValue());
            }
            int code = connection.getResponseCode();
            return code >= 200 && code < 400
                    ? Optional.empty()
                    : Optional.of("HTTP probe failed with statuscode: " + code);
        } finally {
            connection.disconnect();
        }
    }

    private int number(IntOrString port) throws IOException {
        if (port.getIntVal() != null) {
            return port.getIntVal();
        }
        for (ContainerPort declared : container.getPorts()) {
            if (port.getStrVal().equals(declared.getName())) {
                return declared.getContainerPort();
            }
        }
        throw new IOException("couldn't find port: " + port.getStrVal());
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    /** The kubelet does not verify certificates of probes. */
    private static SSLContext trustAnyone() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Anyone()}, new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Anyone extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
