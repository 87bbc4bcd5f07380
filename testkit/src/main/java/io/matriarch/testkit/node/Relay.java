package io.matriarch.testkit.node;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Accepts TCP connections and connects each to a target. It can be cut: then nothing passes, in neither direction, and nobody is told. */
final class Relay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
    private static final int CONNECT_MILLIS = 3000;
    private static final int BUFFER = 32 * 1024;

    private final Supplier<Optional<InetSocketAddress>> target;
    private final ServerSocket server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile boolean cut;
    private volatile boolean closed;

    /** @param port 0 for any */
    Relay(InetAddress address, int port, Supplier<Optional<InetSocketAddress>> target) throws IOException {
        this.target = target;
        this.server = new ServerSocket();
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress(address, port), 256);
        Thread.ofVirtual().name("relay " + server.getLocalSocketAddress()).start(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    void cut(boolean on) {
        cut = on;
    }

    /** Refuses new connections from now on; those that are open stay. */
    void stopListening() throws IOException {
        server.close();
    }

    /** Whether no connection is open. */
    boolean idle() {
        return open.isEmpty();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> serve(client));
            } catch (IOException e) {
                LOG.debug("relay: {}", e.getMessage());
            }
        }
    }

    private void serve(Socket client) {
        open.add(client);
        passable();
        Optional<InetSocketAddress> chosen = target.get();
        Socket backend = new Socket();
        open.add(backend);
        try {
            if (chosen.isEmpty()) {
                reset(client);
                return;
            }
            client.setTcpNoDelay(true);
            backend.setTcpNoDelay(true);
            backend.connect(chosen.get(), CONNECT_MILLIS);
            Thread back = Thread.ofVirtual().start(() -> copy(backend, client));
            copy(client, backend);
            back.join();
        } catch (IOException e) {
            reset(client);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            close(client);
            close(backend);
            open.remove(client);
            open.remove(backend);
        }
    }

    private void copy(Socket from, Socket to) {
        byte[] buffer = new byte[BUFFER];
        try {
            for (int count = from.getInputStream().read(buffer);
                    count >= 0;
                    count = from.getInputStream().read(buffer)) {
                passable();
                to.getOutputStream().write(buffer, 0, count);
                to.getOutputStream().flush();
            }
            passable();
            to.shutdownOutput();
        } catch (IOException e) {
            reset(from);
            reset(to);
        }
    }

    private void passable() {
        while (cut && !closed) {
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** As when the other side's program is killed or refuses. */
    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            LOG.debug("already closed", e);
        }
        close(socket);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing", e);
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        server.close();
        open.forEach(Relay::close);
    }
}
