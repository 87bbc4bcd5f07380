package io.matriarch.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RoundTest {
    private static final Duration NOW = Duration.ofSeconds(1000);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Test
    void oneThatHangsHoldsNobodyUp() {
        CountDownLatch hanging = new CountDownLatch(1);
        AtomicInteger news = new AtomicInteger();
        Round<String> round = Round.begin(
                Map.of(0, "fine", 1, "broken", 2, "hangs"),
                address -> {
                    if (address.equals("broken")) {
                        throw new IOException("no route");
                    }
                    if (address.equals("hangs")) {
                        try {
                            hanging.await();
                        } catch (InterruptedException e) {
                            throw new IOException(e);
                        }
                    }
                    return "I am " + address;
                },
                NOW,
                news::incrementAndGet);
        await().atMost(PATIENCE).until(() -> news.get() == 2);
        assertThat(round.began()).isEqualTo(NOW);
        assertThat(round.answers()).isEqualTo(Map.of(0, "I am fine"));
        assertThat(round.silent()).containsExactly(1);
        assertThat(round.over()).isFalse();

        hanging.countDown();
        await().atMost(PATIENCE).until(round::over);
        assertThat(round.answers()).containsOnlyKeys(0, 2);
    }

    @Test
    void aRoundWithNobodyIsOver() {
        assertThat(Round.begin(Map.of(), address -> address, NOW, () -> {}).over())
                .isTrue();
    }
}
