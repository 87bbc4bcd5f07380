package io.matriarch.instance.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Handoff;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.api.contract.MemberReport.RoleChange;
import io.matriarch.api.contract.MemberReport.Slot;
import io.matriarch.api.contract.MemberReport.SlotState;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.SyncState;
import io.matriarch.api.contract.MemberReport.Synchronous;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.api.contract.Settings.Failover;
import io.matriarch.api.contract.Settings.Profile;
import io.matriarch.api.contract.Settings.Replication;
import io.matriarch.api.contract.Settings.ReplicationMode;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.api.contract.Settings.SqlReference;
import io.matriarch.api.contract.Settings.WhenUnavailable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operator and agent bind the same records with two libraries: each reads what the other wrote. */
class JsonTest {
    private static final ObjectMapper OPERATOR = new ObjectMapper();

    static Stream<Object> contract() {
        return Stream.of(
                new Settings(
                        1,
                        "uid",
                        3,
                        "r",
                        Map.of("work_mem", "5MB"),
                        List.of("host all \"all\" \t all"),
                        new BootstrapOrder(BootstrapAction.Adopt, 2, "7000", 5L),
                        new Settings.Initdb(
                                "app",
                                "app",
                                "UTF8",
                                "C",
                                true,
                                List.of("SELECT 'ä'"),
                                List.of(new SqlReference(SqlReference.Kind.Secret, "s", "k"))),
                        "orders-app",
                        null,
                        new Replication(ReplicationMode.Quorum, 1, WhenUnavailable.Degrade),
                        new Failover(Profile.Fast, 1L << 34),
                        List.of(2),
                        List.of(
                                new Request(RequestKind.Switchover, "1", null),
                                new Request(RequestKind.Rebuild, "2", 1))),
                ClusterLease.vacant(),
                new ClusterLease(
                        1,
                        1L << 40,
                        Phase.HandingOver,
                        "10.0.0.1",
                        3,
                        "7000",
                        List.of(0, 1),
                        List.of(new Reign(1, 1, "0/0", "orders-0")),
                        "0/3000060",
                        "containerd://x",
                        new Handoff(1, "0/3000060", "r-1"),
                        new Sync(1, List.of(2, 0, 1)),
                        List.of(2),
                        new TreeMap<>(Map.of(0, "10.0.0.1", 1, "10.0.0.2")),
                        3,
                        Profile.Fast,
                        List.of(new Answer("r-0", Outcome.Done, "orders-0 is the primary"))),
                MemberReport.none(),
                new MemberReport(
                        1,
                        "0.1",
                        "i",
                        Role.Primary,
                        State.Running,
                        4,
                        2,
                        VolumeContent.Data,
                        "7000",
                        17,
                        "shop/orders",
                        "0/1",
                        4,
                        "17.6",
                        "r",
                        new Rejected("r2", "no"),
                        List.of("max_connections"),
                        List.of(0, 1, 2),
                        new Problem("DiskFull", "grow it"),
                        List.of(new Answer("1", Outcome.Refused, "lags")),
                        new Synchronous(SyncState.Quorum, 1, List.of(0, 1, 2)),
                        new RoleChange(4, "orders-1", "Switchover", 120, "story", 450L),
                        List.of(0, 2),
                        List.of(new Slot("cdc", SlotState.Dropped))),
                new Peer.Vote(true, null, 1, 2, "0/1", true, false, 9),
                new Peer.PositionAnswer(1, "0/1", true, Map.of(1, "0/2")));
    }

    @ParameterizedTest
    @MethodSource("contract")
    void eachReadsWhatTheOtherWrote(Object document) throws IOException {
        assertThat((Object) Json.read(OPERATOR.writeValueAsString(document), document.getClass()))
                .isEqualTo(document);
        assertThat((Object) OPERATOR.readValue(Json.text(document), document.getClass()))
                .isEqualTo(document);
        assertThat((Object) Json.read(Json.bytes(document), document.getClass()))
                .isEqualTo(document);
    }

    @Test
    void whatAnOlderVersionDidNotWriteIsAbsentAndWhatANewerOneWroteIsIgnored() throws IOException {
        ClusterLease lease = Json.read(
                "{\"v\":1,\"epoch\":2,\"phase\":\"Serving\",\"timeline\":1,\"later\":{\"x\":[1]}}", ClusterLease.class);
        assertThat(lease.members()).isEmpty();
        assertThat(lease.addresses()).isEmpty();
        assertThat(lease.checkpointTimeline()).isZero();
        assertThat(lease.sync()).isNull();
    }

    @Test
    void textThatIsNoRecordIsAnError() {
        assertThatThrownBy(() -> Json.read("{\"phase\":\"Flying\"}", ClusterLease.class))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> Json.read("{", ClusterLease.class)).isInstanceOf(IOException.class);
    }

    @Test
    void aTreeIsReadAndItsCopyChanged() throws IOException {
        Node tree = Json.tree("{\"a\":{\"b\":[{\"c\":1}],\"n\":null}}");
        assertThat(tree.path("a").path("b").elements().getFirst().path("c").asInt())
                .isEqualTo(1);
        assertThat(tree.path("a").path("n").isMissing()).isTrue();
        Map<String, Object> copy = tree.copy();
        Node.object(Node.object(copy, "a"), "new").put("x", "y");
        assertThat(Json.text(copy)).isEqualTo("{\"a\":{\"b\":[{\"c\":1}],\"new\":{\"x\":\"y\"}}}");
        assertThat(tree.path("a").path("new").isMissing()).isTrue();
    }

    @Test
    void anAnswerOfAnAgentThatDoesNotSayWhoItIsCounts() throws IOException {
        Peer.FailsafeAnswer old = Json.read(
                "{\"accepted\":true,\"epoch\":1,\"apiAnswers\":true}".getBytes(StandardCharsets.UTF_8),
                Peer.FailsafeAnswer.class);
        assertThat(old).isEqualTo(new Peer.FailsafeAnswer(true, null, 1, true, null));
    }
}
