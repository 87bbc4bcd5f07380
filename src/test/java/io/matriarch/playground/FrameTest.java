package io.matriarch.playground;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameTest {
    private static Condition condition(String type, String status, String message) {
        return new ConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withReason("Because")
                .withMessage(message)
                .build();
    }

    @Test
    void theKeysAndWhatTheLastOneDidAreOnTheSmallestScreen() {
        String note = "no such thing: " + "word ".repeat(30) + "end";
        List<String> lines = new Frame(
                        IntStream.range(0, 60).mapToObj(i -> "line " + i).toList(), List.of("keys: + - q", note))
                .lines(24, 80);
        assertThat(lines).hasSizeLessThan(24).contains("line 0", "keys: + - q");
        assertThat(lines).allMatch(line -> Text.shown(line) <= 80);
        assertThat(String.join(" ", lines)).endsWith("end");
    }

    @Test
    void emptyLinesGoWhenThereIsNoRoom() {
        List<String> lines = new Frame(List.of("a", "", "b", "", "c"), List.of("keys")).lines(5, 80);
        assertThat(lines).containsExactly("a", "b", "c", "keys");
    }

    @ParameterizedTest
    @CsvSource({
        "Ready, True, Good",
        "Ready, False, Bad",
        "Ready, Unknown, Open",
        "ReplicationHealthy, True, Good",
        "VolumesHealthy, False, Bad",
        "ConfigurationAccepted, True, Good",
        "SynchronousReplication, True, Good",
        "Reconciling, True, Open",
        "Stalled, True, Bad",
        "Stalled, False, Good",
        "PendingRestart, True, Open",
        "UpgradePending, False, Good"
    })
    void aConditionIsColouredByWhatItMeans(String type, String status, Verdict verdict) {
        assertThat(Verdict.of(condition(type, status, ""))).isEqualTo(verdict);
    }

    @Test
    void whatIsWrongIsSaidToItsEnd() {
        String cure = "raise spec.storage.size";
        List<String> lines = Verdict.lines(
                List.of(
                        condition("Ready", "True", "3 of 3 members serve"),
                        condition("VolumesHealthy", "False", "the volume is full ".repeat(6) + cure)),
                80);
        assertThat(lines).allMatch(line -> Text.shown(line) <= 80);
        assertThat(String.join(" ", lines).replaceAll("\\s+", " ")).contains(cure, "Ready=True");
    }
}
