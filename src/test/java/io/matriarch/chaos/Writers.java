package io.matriarch.chaos;

import io.matriarch.testkit.Acknowledgements;
import io.matriarch.testkit.Acknowledgements.Entry;
import io.matriarch.testkit.node.Account;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Clients that write numbered rows one after another, each over one session that is made anew when it fails, and note what was acknowledged, by whom
 * and when. A row without an acknowledgement is not written again: nobody knows whether it is there.
 */
final class Writers implements AutoCloseable {
    static final String TABLE = "CREATE TABLE IF NOT EXISTS ledger (writer int, n int, PRIMARY KEY (writer, n))";
    private static final int INSIDE = 100;
    private static final long PAUSE_MILLIS = 5;
    private static final long PAUSE_AFTER_FAILURE_MILLIS = 50;

    private final Account account;
    private final Queue<Entry> entries = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger numbers = new AtomicInteger();
    private volatile boolean over;

    Writers(Account account) {
        this.account = account;
    }

    /** @param hosts asked before each connection, as in a URL */
    void begin(Supplier<String> hosts) {
        start(numbers.getAndIncrement(), hosts);
    }

    /** A client on the very machine of a member, which no cut of the network separates from it; how long others wait is not told by it. */
    void beginInside(String address) {
        start(INSIDE + numbers.getAndIncrement(), () -> address);
    }

    private void start(int writer, Supplier<String> hosts) {
        threads.add(Thread.ofPlatform().daemon().name("writer " + writer).start(() -> write(writer, hosts)));
    }

    private void write(int writer, Supplier<String> hosts) {
        int row = 0;
        while (!over) {
            try (Connection connection = account.connect(hosts.get(), 2, 3);
                    Statement statement = connection.createStatement()) {
                while (!over) {
                    row++;
                    try (ResultSet answer = statement.executeQuery(
                            "INSERT INTO ledger VALUES (%d, %d) RETURNING ".formatted(writer, row)
                                    + "substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8), host(inet_server_addr())")) {
                        answer.next();
                        entries.add(new Entry(
                                writer,
                                row,
                                Integer.parseInt(answer.getString(1), 16),
                                answer.getString(2),
                                System.nanoTime() / 1000));
                    }
                    Thread.sleep(PAUSE_MILLIS);
                }
            } catch (SQLException | RuntimeException e) {
                pause();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static void pause() {
        java.util.concurrent.locks.LockSupport.parkNanos(PAUSE_AFTER_FAILURE_MILLIS * 1_000_000);
    }

    /** So far, of all. */
    Acknowledgements acknowledged() {
        return new Acknowledgements(List.copyOf(entries));
    }

    /** Only of those that are not inside. */
    static Acknowledgements outside(Acknowledgements all) {
        return all.of(writer -> writer < INSIDE);
    }

    /** Whether rows are acknowledged that were written after a moment, to somebody who is not inside. */
    boolean acknowledgedSince(long nanoTime) {
        long since = nanoTime / 1000;
        return entries.stream().anyMatch(entry -> entry.writer() < INSIDE && entry.at() > since);
    }

    /** Ends them; all that was acknowledged is noted. */
    @Override
    public void close() {
        over = true;
        for (Thread thread : threads) {
            try {
                thread.join(20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            if (thread.isAlive()) {
                throw new IllegalStateException(thread.getName() + " does not end");
            }
        }
    }
}
