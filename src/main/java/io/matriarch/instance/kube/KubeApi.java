package io.matriarch.instance.kube;

import io.matriarch.instance.json.Json;
import io.matriarch.instance.json.Node;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Access to the API server with the JDK's own HTTP client: a general client library would cost each database pod some 20 MB of memory. It reads
 * the service account's token anew for each request, because the kubelet replaces it.
 */
public final class KubeApi {
    private static final Duration WATCH = Duration.ofSeconds(10);
    /**
     * Shorter than the patience of any request, so that a connection that is not established can be distinguished from an answer that does not
     * come.
     */
    private static final Duration CONNECT = Duration.ofMillis(900);

    static final String MERGE_PATCH = "application/merge-patch+json";

    private final URI server;
    private final Path token;
    private final HttpClient client;

    /**
     * @param server such as {@code https://10.96.0.1:443}
     * @param folder with {@code token} and {@code ca.crt}, as the kubelet mounts them
     */
    public KubeApi(URI server, Path folder) throws IOException {
        this.server = server;
        this.token = folder.resolve("token");
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT);
        Path authority = folder.resolve("ca.crt");
        if (server.getScheme().equals("https")) {
            builder.sslContext(io.matriarch.instance.net.Tls.trusting(authority));
        }
        this.client = builder.build();
    }

    /** No connection was established: the request has not reached the API server, and never will. */
    public static final class Unreachable extends IOException {
        private static final long serialVersionUID = 1;

        Unreachable(Throwable cause) {
            super(String.valueOf(cause), cause);
        }
    }

    /** An answer of the API server, whatever its status code. */
    public record Answer(int status, Node body) {
        public boolean ok() {
            return status >= 200 && status < 300;
        }

        /** The API server's message, for a log line. */
        public String message() {
            return status + " " + body.path("message").asText();
        }
    }

    /**
     * Sends one request.
     *
     * @throws Unreachable if it was not sent
     * @throws IOException if no answer came within {@code patience}: the API server is away, and the request may or may not have been carried out
     */
    public Answer request(
            String method,
            String path,
            @Nullable String contentType,
            @Nullable Map<String, Object> body,
            Duration patience)
            throws IOException {
        HttpRequest.Builder request = base(path)
                .timeout(patience)
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(Json.bytes(body)));
        if (contentType != null) {
            request.header("Content-Type", contentType);
        }
        HttpResponse<byte[]> response = await(request.build(), patience);
        byte[] bytes = response.body();
        Node answer = bytes.length == 0 || bytes[0] != '{' ? Node.MISSING : Json.tree(bytes);
        return new Answer(response.statusCode(), answer);
    }

    Answer get(String path, Duration patience) throws IOException {
        return request("GET", path, null, null, patience);
    }

    /** A stream of watch events, one JSON object per line. The caller closes it. */
    InputStream watch(String path) throws IOException {
        HttpResponse<InputStream> response = send(base(path).timeout(WATCH).build(), BodyHandlers.ofInputStream());
        if (response.statusCode() != 200) {
            response.body().close();
            throw new IOException("watch of " + path + " answered " + response.statusCode());
        }
        return response.body();
    }

    private HttpRequest.Builder base(String path) throws IOException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(server.resolve(path)).header("Accept", "application/json");
        if (Files.exists(token)) {
            request.header("Authorization", "Bearer " + Files.readString(token).strip());
        }
        return request;
    }

    /** The request's own timeout ends with the headers; this also limits the wait for an answer that stops half-way. */
    private HttpResponse<byte[]> await(HttpRequest request, Duration patience) throws IOException {
        CompletableFuture<HttpResponse<byte[]>> answer = client.sendAsync(request, BodyHandlers.ofByteArray());
        try {
            return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (TimeoutException e) {
            throw new IOException("no answer within " + patience, e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
                // The client repeats a PUT after a connection that was not established, and only then; a connection
                // that broke later fails in another way.
                throw new Unreachable(cause);
            }
            throw new IOException(String.valueOf(e.getCause()), e);
        } finally {
            answer.cancel(true);
        }
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) throws IOException {
        try {
            return client.send(request, handler);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** A key of a ConfigMap or Secret, decoded; empty if the object or the key does not exist. */
    public Optional<String> value(String namespace, String resource, String name, String key) throws IOException {
        Answer answer = get("/api/v1/namespaces/%s/%s/%s".formatted(namespace, resource, name), Duration.ofSeconds(5));
        if (answer.status() == 404) {
            return Optional.empty();
        }
        if (!answer.ok()) {
            throw new IOException(answer.message());
        }
        return value(answer.body(), key);
    }

    /** A key of a ConfigMap or Secret that was read before. */
    public static Optional<String> value(Node object, String key) {
        Node value = object.path("data").path(key);
        if (value.isMissing()) {
            return Optional.empty();
        }
        boolean secret = object.path("kind").asText().equals("Secret");
        return Optional.of(
                secret
                        ? new String(
                                java.util.Base64.getDecoder().decode(value.asText()),
                                java.nio.charset.StandardCharsets.UTF_8)
                        : value.asText());
    }
}
