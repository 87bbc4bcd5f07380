package io.matriarch.instance.lease;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** An API server that knows one Lease, and fails as it is told to. */
final class LeaseServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String COLLECTION = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";

    private final HttpServer server;
    private @Nullable ObjectNode lease;
    private long version = 100;
    private boolean away;
    private boolean losingAnswers;
    private int writes;
    private int requests;

    LeaseServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
        lease("", ClusterLease.vacant());
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Somebody writes the Lease. */
    synchronized void lease(String holder, ClusterLease state) throws IOException {
        ObjectNode next = JSON.createObjectNode();
        next.put("kind", "Lease");
        ObjectNode metadata = next.putObject("metadata");
        metadata.put("name", "orders").put("resourceVersion", Long.toString(++version));
        metadata.putObject("annotations").put(Labels.LEASE, JSON.writeValueAsString(state));
        next.putObject("spec").put("holderIdentity", holder);
        lease = next;
    }

    synchronized void delete() {
        lease = null;
    }

    /** It answers nothing at all. */
    synchronized void away(boolean now) {
        away = now;
    }

    /** It does what it is asked, and the answer is lost. */
    synchronized void losingAnswers(boolean now) {
        losingAnswers = now;
    }

    synchronized int writes() {
        return writes;
    }

    synchronized int requests() {
        return requests;
    }

    synchronized String holder() {
        return lease == null
                ? "nobody: deleted"
                : lease.path("spec").path("holderIdentity").asText("");
    }

    synchronized ClusterLease state() throws IOException {
        if (lease == null) {
            throw new IOException("deleted");
        }
        return JSON.readValue(
                lease.path("metadata").path("annotations").path(Labels.LEASE).asText(), ClusterLease.class);
    }

    private synchronized void answer(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        requests++;
        if (away) {
            exchange.close();
            return;
        }
        int code = 200;
        ObjectNode former = lease;
        switch (exchange.getRequestMethod()) {
            case "GET" -> code = former == null ? 404 : 200;
            case "PUT" -> {
                ObjectNode wanted = (ObjectNode) JSON.readTree(body);
                if (former == null) {
                    code = 404;
                } else if (!version(wanted).equals(version(former))) {
                    code = 409;
                } else {
                    write(wanted);
                }
            }
            case "POST" -> {
                code = former == null ? 201 : 409;
                if (former == null) {
                    write((ObjectNode) JSON.readTree(body));
                }
            }
            default -> code = 405;
        }
        ObjectNode now = lease;
        byte[] answer = now == null || code >= 400 ? "{}".getBytes() : JSON.writeValueAsBytes(now);
        if (losingAnswers && !exchange.getRequestMethod().equals("GET")) {
            exchange.close();
            return;
        }
        exchange.sendResponseHeaders(code, answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }

    private void write(ObjectNode wanted) {
        writes++;
        wanted.withObjectProperty("metadata").put("resourceVersion", Long.toString(++version));
        lease = wanted;
    }

    private static String version(ObjectNode object) {
        return object.path("metadata").path("resourceVersion").asText();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
