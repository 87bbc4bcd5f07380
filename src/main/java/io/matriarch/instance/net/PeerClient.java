package io.matriarch.instance.net;

import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Ports;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks another member, at its pod's address. Each call, including headers and body, ends within the patience, with an answer or an IOException;
 * after an exception, the other member may or may not have carried out the request.
 */
public final class PeerClient {

    private final HttpClient client;
    private final int port;
    private final Duration patience;

    /**
     * @param certificate folder of the mounted Secret that members present to each other
     * @param patience for a complete answer
     */
    public PeerClient(Path certificate, Duration patience) throws IOException {
        this(certificate, Ports.AGENT, patience);
    }

    PeerClient(Path certificate, int port, Duration patience) throws IOException {
        this.port = port;
        this.patience = patience;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(patience)
                .sslContext(Tls.ofMember(certificate))
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
    }

    public Peer.FailsafeAnswer failsafe(String address, Peer.Failsafe question) throws IOException {
        return Json.read(ask("POST", address, Peer.FAILSAFE, question), Peer.FailsafeAnswer.class);
    }

    public Peer.Vote vote(String address, Peer.VoteRequest question) throws IOException {
        return Json.read(ask("POST", address, Peer.VOTE, question), Peer.Vote.class);
    }

    public void nominate(String address, Peer.Nomination nomination) throws IOException {
        ask("POST", address, Peer.NOMINATE, nomination);
    }

    public void news(String address, Peer.News news) throws IOException {
        ask("POST", address, Peer.NEWS, news);
    }

    public Peer.PositionAnswer position(String address) throws IOException {
        return Json.read(ask("GET", address, Peer.POSITION, null), Peer.PositionAnswer.class);
    }

    public void catchUp(String address, Peer.CatchUp catchUp) throws IOException {
        ask("POST", address, Peer.CATCH_UP, catchUp);
    }

    public void handOver(String address, Peer.HandOver handOver) throws IOException {
        ask("POST", address, Peer.HANDOVER, handOver);
    }

    /** Opens a connection, so that the next question need not wait for a TLS handshake. */
    public void greet(String address) throws IOException {
        ask("GET", address, "/live", null);
    }

    private byte[] ask(String method, String address, String path, @Nullable Object body) throws IOException {
        URI uri = URI.create("https://" + (address.contains(":") ? "[" + address + "]" : address) + ":" + port + path);
        HttpRequest request = HttpRequest.newBuilder(uri)
                .timeout(patience)
                .header("Content-Type", "application/json")
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(Json.bytes(body)))
                .build();
        CompletableFuture<HttpResponse<byte[]>> answer = client.sendAsync(request, BodyHandlers.ofByteArray());
        try {
            HttpResponse<byte[]> response = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            if (response.statusCode() / 100 != 2) {
                throw new IOException("%s%s answered %d".formatted(address, path, response.statusCode()));
            }
            return response.body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (TimeoutException e) {
            throw new IOException("%s%s did not answer within %s".formatted(address, path, patience), e);
        } catch (ExecutionException e) {
            throw new IOException(address + path + ": " + e.getCause(), e);
        } finally {
            answer.cancel(true);
        }
    }
}
