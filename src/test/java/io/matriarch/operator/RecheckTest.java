package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.matriarch.api.PostgresCluster;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RecheckTest {
    private static final Instant NOON = Instant.parse("2026-11-28T12:00:00Z");

    private final Recheck recheck = new Recheck();

    private static PostgresCluster cluster(long generation) {
        PostgresCluster cluster = new PostgresCluster();
        cluster.setMetadata(
                new ObjectMetaBuilder().withUid("u").withGeneration(generation).build());
        return cluster;
    }

    @Test
    void whatIsWrongForLongIsLookedAtMoreRarely() {
        assertThat(Recheck.pause(Duration.ofSeconds(1), Duration.ofSeconds(2))).isEqualTo(Duration.ofSeconds(1));
        assertThat(Recheck.pause(Duration.ofSeconds(1), Duration.ofSeconds(50))).isEqualTo(Duration.ofSeconds(10));
        assertThat(Recheck.pause(Duration.ofSeconds(1), Duration.ofHours(9))).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void aNewSpecEndsTheBackOff() {
        recheck.changed(cluster(1), NOON);
        assertThat(recheck.changed(cluster(1), NOON.plusSeconds(600))).isBefore(NOON);
        Instant corrected = NOON.plusSeconds(700);
        assertThat(recheck.changed(cluster(2), corrected)).isEqualTo(corrected);
        assertThat(recheck.changed(cluster(2), corrected.plusSeconds(5))).isEqualTo(corrected);
    }
}
