package io.matriarch.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.ReplicationMode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the spec leaves out, and what a number of members on the way makes of it. */
class AvailabilityTest {
    private static PostgresClusterSpec spec(String fields) throws IOException {
        ObjectNode manifest = Clusters.manifest("minimal");
        ((ObjectNode) manifest.get("spec")).setAll((ObjectNode) Clusters.YAML.readTree(fields));
        return Clusters.rendering(manifest).spec();
    }

    @ParameterizedTest
    @CsvSource({
        "1, Async, 0",
        "2, Async, 0",
        "3, Quorum, 1",
        "4, Quorum, 2",
        "5, Quorum, 2",
        "6, Quorum, 3",
        "9, Quorum, 4"
    })
    void halfOfThreeAndMoreAcknowledge(int members, ReplicationMode mode, int acknowledgements) throws IOException {
        Settings.Replication replication = Availability.replication(spec("{}"), members);
        assertThat(replication.mode()).isEqualTo(mode);
        assertThat(replication.acknowledgements()).isEqualTo(acknowledgements);
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "2, 1", "3, 2", "4, 3", "5, 3"})
    void whatIsAskedForIsApproached(int members, int acknowledgements) throws IOException {
        assertThat(Availability.replication(spec("replication: {acknowledgements: 3}"), members))
                .isEqualTo(new Settings.Replication(
                        ReplicationMode.Quorum, acknowledgements, Settings.WhenUnavailable.Block));
    }

    @Test
    void twoMembersAreSynchronousWhenAsked() throws IOException {
        assertThat(Availability.replication(spec("replication: {mode: Quorum, whenUnavailable: Degrade}"), 2))
                .isEqualTo(new Settings.Replication(ReplicationMode.Quorum, 1, Settings.WhenUnavailable.Degrade));
        assertThat(Availability.replication(spec("replication: {mode: Async}"), 5)
                        .acknowledgements())
                .isZero();
    }

    @Test
    void fencedMembersAreThoseThatThereAre() throws IOException {
        assertThat(Availability.fenced(spec("fencedInstances: [2, 0]"), 3)).containsExactly(0, 2);
        assertThat(Availability.fenced(spec("fencedInstances: [2, 0]"), 2)).containsExactly(0);
        assertThat(Availability.fenced(spec("fencedInstances: ['*']"), 3)).containsExactly(0, 1, 2);
        assertThat(Availability.fenced(spec("{}"), 3)).isEmpty();
    }
}
