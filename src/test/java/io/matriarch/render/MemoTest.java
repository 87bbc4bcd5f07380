package io.matriarch.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoTest {
    private final AtomicInteger asked = new AtomicInteger();
    private final Memo<Integer> memo = new Memo<>(2);

    private int answer(String... question) {
        return memo.of(List.of(question), asked::incrementAndGet);
    }

    @Test
    void theSameQuestionIsAnsweredOnce() {
        assertThat(answer("a", "bc")).isEqualTo(1);
        assertThat(answer("a", "bc")).isEqualTo(1);
        assertThat(answer("ab", "c")).as("the same letters, other parts").isEqualTo(2);
    }

    @Test
    void whatWasAskedLongestAgoIsForgottenFirst() {
        answer("1");
        answer("2");
        answer("1");
        answer("3");
        assertThat(answer("1")).as("asked again since").isEqualTo(1);
        assertThat(answer("2")).as("forgotten").isEqualTo(4);
    }
}
