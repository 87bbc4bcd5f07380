package io.matriarch.instance.net;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent's HTTPS. {@code /startup}, {@code /live} and {@code /ready} answer the kubelet, and {@code /metrics} answers any scraper.
 * {@code /status} answers callers that present a certificate of the cluster's own authority; {@link PeerHandlers} answer the other members'
 * questions. None of them contacts the API server.
 */
public final class AgentServer {
    private static final Logger LOG = LoggerFactory.getLogger(AgentServer.class);

    /** What the agent knows about itself at any moment. */
    public interface Member {
        /** Whether the loop is running; otherwise a restart may help. */
        boolean alive();

        /** Whether clients may be sent here; if not, why. */
        Readiness readiness();

        MemberReport report();
    }

    /** This member's answers to other members, who wait a second for each. */
    public interface Peers {
        Peer.FailsafeAnswer failsafe(Peer.Failsafe question);

        Peer.Vote vote(Peer.VoteRequest request);

        void nominate(Peer.Nomination nomination);

        /** Another member wrote the Lease. */
        void news(Peer.News news);

        /**
         * @throws IOException if PostgreSQL does not answer
         */
        Peer.PositionAnswer position() throws IOException;

        void handOver(Peer.HandOver handOver);

        /** Ends what delays replay; does not wait until replay has caught up. */
        void catchUp(Peer.CatchUp catchUp);
    }

    /** Whether a member is ready, and if not, why. */
    public record Readiness(boolean ready, String reason) {}

    private final Member member;
    private final Supplier<byte[]> metrics;
    private final HttpsServer server;

    public AgentServer(InetSocketAddress address, Path certificate, Member member, Supplier<byte[]> metrics)
            throws IOException {
        this.member = member;
        this.metrics = metrics;
        this.server = HttpsServer.create(address, 64);
        SSLContext context = Tls.ofMember(certificate);
        server.setHttpsConfigurator(new HttpsConfigurator(context) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters wanted = getSSLContext().getDefaultSSLParameters();
                wanted.setWantClientAuth(true);
                parameters.setSSLParameters(wanted);
            }
        });
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext(
                "/startup", guarded(exchange -> answer(exchange, member.alive(), "the agent's loop does not turn")));
        server.createContext(
                "/live", guarded(exchange -> answer(exchange, member.alive(), "the agent's loop does not turn")));
        server.createContext("/ready", guarded(this::ready));
        server.createContext("/status", guarded(this::status));
        server.createContext(
                "/metrics",
                guarded(exchange ->
                        send(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", this.metrics.get())));
    }

    /** Starts to answer the other members' questions as well. */
    public void answer(Peers peers) {
        PeerHandlers.of(peers).forEach((path, handler) -> server.createContext(path, guarded(handler)));
    }

    /** The address that the server listens on. */
    InetSocketAddress address() {
        return server.getAddress();
    }

    public void start() {
        server.start();
    }

    public void stop() {
        server.stop(0);
    }

    private void ready(HttpExchange exchange) throws IOException {
        Readiness readiness = member.readiness();
        answer(exchange, readiness.ready(), readiness.reason());
    }

    private void status(HttpExchange exchange) throws IOException {
        if (commonName(exchange).isEmpty()) {
            send(exchange, 401, "text/plain", text("present a client certificate of this cluster's authority"));
            return;
        }
        send(exchange, 200, "application/json", Json.bytes(member.report()));
    }

    /** The common name in the certificate that the caller presented. */
    static Optional<String> commonName(HttpExchange exchange) {
        try {
            String name = ((HttpsExchange) exchange)
                    .getSSLSession()
                    .getPeerPrincipal()
                    .getName();
            return Optional.of(name.replaceFirst("(?i)^CN=([^,]*).*$", "$1"));
        } catch (SSLPeerUnverifiedException e) {
            return Optional.empty();
        }
    }

    private static void answer(HttpExchange exchange, boolean good, String reason) throws IOException {
        send(exchange, good ? 200 : 503, "text/plain", text(good ? "ok" : reason));
    }

    static byte[] text(String line) {
        return (line + "\n").getBytes(StandardCharsets.UTF_8);
    }

    static void send(HttpExchange exchange, int code, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(code, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private static HttpHandler guarded(HttpHandler handler) {
        return exchange -> {
            try (exchange) {
                handler.handle(exchange);
            } catch (RuntimeException e) {
                LOG.warn("answering {}", exchange.getRequestURI(), e);
                exchange.sendResponseHeaders(500, -1);
            }
        };
    }
}
