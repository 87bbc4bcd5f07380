package io.matriarch.instance.postgres;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * A walsender of our own, which alone tells the timeline that a replica replays (manual, "Streaming Replication Protocol", IDENTIFY_SYSTEM). It is
 * connected beside other work, as that takes a process: whoever needs it in a failover asks for it first and for its answer last.
 */
final class Walsender implements AutoCloseable {
    private static final Executor BESIDE =
            task -> Thread.ofVirtual().name("walsender").start(task);

    private final CompletableFuture<Sql> connection;

    private Walsender(CompletableFuture<Sql> connection) {
        this.connection = connection;
    }

    /** Begins to connect; an answer later must come within {@code timeout} too. */
    static Walsender connect(Layout layout, Duration timeout) {
        return new Walsender(CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return Sql.openReplication(layout, timeout);
                    } catch (SQLException e) {
                        throw new CompletionException(e);
                    }
                },
                BESIDE));
    }

    /** The timeline that is replayed, or written, at the moment of the call. */
    int timeline() throws SQLException {
        try {
            return connection.join().one("IDENTIFY_SYSTEM", row -> row.getInt(2));
        } catch (CompletionException | CancellationException e) {
            throw e.getCause() instanceof SQLException failed ? failed : new SQLException(e);
        }
    }

    @Override
    public void close() {
        connection.thenAccept(Sql::close);
    }
}
