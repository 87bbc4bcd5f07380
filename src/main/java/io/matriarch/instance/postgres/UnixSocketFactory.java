package io.matriarch.instance.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Connects pgjdbc to PostgreSQL's Unix socket, where the agent needs no password (peer authentication). pgjdbc creates this class by name, with
 * the socket's path as argument. Reads honor {@code setSoTimeout}, so that a frozen server blocks no thread.
 */
public final class UnixSocketFactory extends SocketFactory {
    private final Path path;

    public UnixSocketFactory(String path) {
        this.path = Path.of(path);
    }

    @Override
    public Socket createSocket() {
        return new UnixSocket(path);
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
        return connected();
    }

    private Socket connected() throws IOException {
        Socket socket = createSocket();
        socket.connect(UnixDomainSocketAddress.of(path), 0);
        return socket;
    }

    private static final class UnixSocket extends Socket {
        private final Path path;
        private @Nullable SocketChannel channel;
        private @Nullable Selector selector;
        private int timeoutMillis;
        private boolean closed;

        UnixSocket(Path path) {
            this.path = path;
        }

        @Override
        public void connect(SocketAddress ignored, int timeout) throws IOException {
            SocketChannel connected = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                connected.configureBlocking(false);
                if (!connected.connect(UnixDomainSocketAddress.of(path))) {
                    // A frozen postmaster accepts no connection, and a blocking connect would wait for it for ever.
                    throw new SocketTimeoutException("PostgreSQL's queue of new connections is full");
                }
            } catch (IOException e) {
                connected.close();
                throw e;
            }
            Selector waiting = Selector.open();
            connected.register(waiting, SelectionKey.OP_READ);
            channel = connected;
            selector = waiting;
        }

        private SocketChannel channel() throws IOException {
            SocketChannel open = channel;
            if (open == null || closed) {
                throw new IOException("the connection is closed");
            }
            return open;
        }

        private boolean await(int operation) throws IOException {
            Selector waiting = selector;
            SelectionKey key = waiting == null ? null : channel().keyFor(waiting);
            if (waiting == null || key == null) {
                throw new IOException("the connection is closed");
            }
            key.interestOps(operation);
            int ready = waiting.select(timeoutMillis);
            waiting.selectedKeys().clear();
            return ready > 0;
        }

        @Override
        public InputStream getInputStream() {
            return new InputStream() {
                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
                    int count = channel().read(buffer);
                    while (count == 0) {
                        if (!await(SelectionKey.OP_READ)) {
                            throw new SocketTimeoutException(
                                    "PostgreSQL did not answer within " + timeoutMillis + " ms");
                        }
                        count = channel().read(buffer);
                    }
                    return count;
                }
            };
        }

        @Override
        public OutputStream getOutputStream() {
            return new OutputStream() {
                @Override
                public void write(int value) throws IOException {
                    write(new byte[] {(byte) value}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
                    while (buffer.hasRemaining()) {
                        if (channel().write(buffer) == 0 && !await(SelectionKey.OP_WRITE)) {
                            throw new SocketTimeoutException("PostgreSQL did not read within " + timeoutMillis + " ms");
                        }
                    }
                }
            };
        }

        @Override
        public synchronized void close() throws IOException {
            closed = true;
            if (channel != null) {
                channel.close();
            }
            if (selector != null) {
                selector.close();
            }
        }

        @Override
        public boolean isClosed() {
            return closed;
        }

        @Override
        public boolean isConnected() {
            return channel != null;
        }

        @Override
        public void setSoTimeout(int millis) {
            timeoutMillis = millis;
        }

        @Override
        public int getSoTimeout() {
            return timeoutMillis;
        }

        @Override
        public void setTcpNoDelay(boolean on) {
            // a Unix socket has no such delay
        }

        @Override
        public void setKeepAlive(boolean on) {
            // nor a peer that can vanish
        }

        @Override
        public void setReceiveBufferSize(int size) {
            // the kernel's default fits
        }

        @Override
        public void setSendBufferSize(int size) {
            // the kernel's default fits
        }

        @Override
        public int getSendBufferSize() {
            return 8192;
        }

        @Override
        public int getReceiveBufferSize() {
            return 8192;
        }
    }
}
