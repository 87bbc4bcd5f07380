package io.matriarch.instance.loop;

import io.matriarch.instance.facts.Pulse;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.postgres.Replication;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks the pulse of a primary every few seconds: with a hung disk, queries are still answered, and only a commit reveals it
 * (docs/internals/postgresql.md 2).
 */
public final class Prober {
    private static final Logger LOG = LoggerFactory.getLogger(Prober.class);
    private static final Duration EVERY = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Replication replication;
    private final Memory memory;
    private final BooleanSupplier primary;
    private final Supplier<Duration> now;
    private final Runnable news;

    /**
     * @param primary whether a primary serves here and nothing is stopping it
     */
    public Prober(
            Replication replication, Memory memory, BooleanSupplier primary, Supplier<Duration> now, Runnable news) {
        this.replication = replication;
        this.memory = memory;
        this.primary = primary;
        this.now = now;
        this.news = news;
    }

    public void start() {
        Thread.ofVirtual().name("prober").start(this::run);
    }

    private void run() {
        boolean good = true;
        while (true) {
            try {
                Thread.sleep(good ? EVERY : Duration.ofMillis(200));
            } catch (InterruptedException e) {
                return;
            }
            good = true;
            if (primary.getAsBoolean()) {
                Pulse pulse = replication.probe(PATIENCE);
                if (primary.getAsBoolean()) {
                    good = pulse == Pulse.Good;
                    memory.pulse(pulse, now.get());
                }
                if (!good) {
                    LOG.warn("a probe of the primary failed: {}", pulse);
                    news.run();
                }
            }
        }
    }
}
