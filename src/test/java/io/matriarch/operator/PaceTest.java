package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which lines {@code kubectl get -w} shows while a cluster is being made, and that none is kept for good. */
class PaceTest {
    private static final String MEMBERS = "members: [{name: a-0, state: %s, ready: false}]";

    private Instant now = Instant.parse("2026-11-01T12:00:00Z");
    private final Pace pace = new Pace(() -> now);
    private final PostgresCluster cluster = new PostgresCluster();
    private PostgresClusterStatus stored = status("observedGeneration: 1, " + MEMBERS.formatted("Waiting"));

    @BeforeEach
    void written() {
        cluster.setMetadata(new ObjectMetaBuilder().withName("a").withUid("7").build());
        assertThat(rest(stored)).as("the first status").isZero();
        pace.written(cluster, stored);
    }

    private static PostgresClusterStatus status(String fields) {
        return Serialization.unmarshal("---\n{" + fields + "}", PostgresClusterStatus.class);
    }

    private Duration rest(PostgresClusterStatus after) {
        return pace.rest(cluster, Optional.of(stored), after);
    }

    @Test
    void aMembersStateWaitsForItsTurn() {
        PostgresClusterStatus after = status("observedGeneration: 1, " + MEMBERS.formatted("Starting"));
        now = now.plusSeconds(3);
        assertThat(rest(after)).isEqualTo(Duration.ofSeconds(7));
        now = now.plusSeconds(7);
        assertThat(rest(after)).isZero();
        now = now.plusSeconds(60);
        assertThat(rest(after)).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "observedGeneration: 2",
                "observedGeneration: 1, readyInstances: 1",
                "observedGeneration: 1, primary: a-0",
                "observedGeneration: 1, members: [{name: a-0, state: Initializing, ready: false}]",
                "observedGeneration: 1, conditions: [{type: Ready, status: 'False', reason: ImagePullFailed}]",
                "observedGeneration: 1, conditions: [{type: Stalled, status: 'True', reason: SecretMissing}]",
                "observedGeneration: 1, requests: [{id: 'switchover/1', outcome: Refused}]",
                "observedGeneration: 1, readyAt: '2026-11-01T12:00:09Z'",
            })
    void whatUsersWaitForIsWrittenAtOnce(String fields) {
        assertThat(rest(status(fields))).isZero();
    }

    @Test
    void aClusterThatWasReadyIsWrittenAtOnceFromThenOn() {
        stored = status("observedGeneration: 1, readyAt: '2026-11-01T12:00:09Z'");
        pace.written(cluster, stored);
        assertThat(rest(status(
                        "observedGeneration: 1, readyAt: '2026-11-01T12:00:09Z', " + MEMBERS.formatted("Starting"))))
                .isZero();
    }

    @Test
    void anotherClusterOfTheSameNameHasItsOwnTime() {
        cluster.getMetadata().setUid("8");
        assertThat(rest(status("observedGeneration: 1, " + MEMBERS.formatted("Starting"))))
                .isZero();
    }
}
