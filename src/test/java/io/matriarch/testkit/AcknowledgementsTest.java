package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.matriarch.testkit.Acknowledgements.Entry;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The checks of what clients were told find what they are for. */
class AcknowledgementsTest {
    @Test
    void whatIsNotThereIsMissing() {
        Acknowledgements all = of(new Entry(0, 1, 1, "a", 10), new Entry(1, 1, 1, "a", 20));
        assertThat(all.missing(List.of("0 1", "1 1", "1 2"))).isEmpty();
        assertThat(all.missing(List.of("0 1"))).containsExactly(new Entry(1, 1, 1, "a", 20));
    }

    @Test
    void theLongestTimeWithoutOneIsTheOutage() {
        assertThat(of(new Entry(0, 3, 1, "a", 9_000), new Entry(0, 1, 1, "a", 0), new Entry(0, 2, 1, "a", 2_000))
                        .outage())
                .isEqualTo(7);
    }

    @Test
    void anOldPrimaryThatAcknowledgesAfterItsSuccessorIsFound() {
        assertThatThrownBy(
                        () -> of(new Entry(0, 1, 1, "a", 10), new Entry(0, 2, 2, "b", 20), new Entry(1, 1, 1, "a", 30))
                                .reignsDoNotInterleave())
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("timeline");
        assertThatCode(() -> of(new Entry(0, 1, 1, "a", 10), new Entry(0, 2, 2, "b", 20), new Entry(1, 1, 3, "a", 30))
                        .reignsDoNotInterleave())
                .doesNotThrowAnyException();
    }

    @Test
    void anOldPrimaryMayComeBackForAMomentOnlyWhereThatIsSaid() {
        Entry before = new Entry(0, 1, 1, "a", 1_000);
        Entry next = new Entry(0, 2, 2, "b", 10_000);
        Entry late = new Entry(1, 1, 1, "a", 20_000);
        assertThatCode(() -> of(before, next, late, new Entry(1, 2, 1, "a", 900_000))
                        .reignsInterleaveForAMomentAtMost(1_000))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> of(before, next, late, new Entry(1, 2, 1, "a", 1_100_000))
                        .reignsInterleaveForAMomentAtMost(1_000))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("after a successor");
    }

    @Test
    void twoServersOnOneTimelineAreFound() {
        assertThatThrownBy(
                        () -> of(new Entry(0, 1, 1, "a", 10), new Entry(0, 2, 1, "b", 20), new Entry(0, 3, 1, "a", 30))
                                .reignsDoNotInterleave())
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("1 a");
        // The pod came back with another address.
        assertThatCode(() -> of(new Entry(0, 1, 1, "a", 10), new Entry(0, 2, 1, "b", 20))
                        .reignsDoNotInterleave())
                .doesNotThrowAnyException();
    }

    @Test
    void onlyTheEndOfATimelineMayBeMissing() {
        Acknowledgements all = of(
                new Entry(0, 1, 1, "a", 1_000_000),
                new Entry(0, 2, 1, "a", 5_000_000),
                new Entry(0, 3, 1, "a", 6_000_000),
                new Entry(0, 4, 2, "b", 9_000_000));
        assertThatCode(() -> all.onlyEndsAreMissing(List.of("0 1", "0 4"), 3_000))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> all.onlyEndsAreMissing(List.of("0 4"), 3_000)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> all.onlyEndsAreMissing(List.of("0 1", "0 3", "0 4"), 3_000))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("written after it");
    }

    private static Acknowledgements of(Entry... entries) {
        return new Acknowledgements(List.of(entries));
    }
}
