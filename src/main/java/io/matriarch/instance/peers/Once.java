package io.matriarch.instance.peers;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks each question on a thread of its own. Does not ask a question again while it is under way, nor before its pause is over. */
public final class Once {
    private static final Logger LOG = LoggerFactory.getLogger(Once.class);

    private final Supplier<Duration> now;
    private final Runnable news;
    /** When each question may be asked again. */
    private final Map<String, Duration> busy = new HashMap<>();

    /**
     * @param news run when a question has ended, answered or not
     */
    public Once(Supplier<Duration> now, Runnable news) {
        this.now = now;
        this.news = news;
    }

    interface Step {
        void run() throws IOException;
    }

    void ask(String what, Duration pause, Step step) {
        synchronized (busy) {
            Duration free = busy.get(what);
            if (free != null && now.get().compareTo(free) < 0) {
                return;
            }
            busy.values().removeIf(until -> until.compareTo(now.get()) < 0);
            busy.put(what, Duration.ofDays(36_500));
        }
        Thread.ofVirtual().name("ask").start(() -> {
            try {
                step.run();
            } catch (IOException | RuntimeException e) {
                LOG.debug("{}: {}", what, Objects.toString(e.getMessage(), e.toString()));
            } finally {
                synchronized (busy) {
                    busy.put(what, now.get().plus(pause));
                }
                news.run();
            }
        });
    }
}
