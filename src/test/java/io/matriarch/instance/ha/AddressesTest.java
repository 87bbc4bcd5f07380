package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.json.Node;
import io.matriarch.instance.postgres.Postgres.Sender;
import io.matriarch.instance.postgres.Postgres.ServerState;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import io.matriarch.instance.postgres.Postgres.Wal;
import io.matriarch.instance.postgres.PromiseFile.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Where members are asked for their promises. Seen in the playground without iptables: connections came from 127.0.0.1, so nobody was reached
 * while the API server was away, and the primary stopped; a service mesh does the same.
 */
class AddressesTest {
    private static final Duration NOW = Duration.ofSeconds(1000);
    private static final String SYSTEM = "7300000000000000001";
    private static final String PROXY = "127.0.0.6";

    private String proxy = PROXY;
    private final Me me = new Me("orders-0", 0, "uid-0", "inc", "10.0.0.10", "1");
    private final Memory memory = new Memory(NOW.minusSeconds(100), Promise.NONE, new Failsafe(me));

    @Test
    void membersAreWhereTheirPodsAreAndNotWhereTheirConnectionsComeFrom() {
        assertThat(decide(1, 2).asks()).containsExactly(new Ask.Addresses(List.of(1, 2)));
        assertThat(addresses(1, 2)).containsExactlyInAnyOrderEntriesOf(Map.of(0, "10.0.0.10", 1, PROXY, 2, PROXY));

        memory.located(1, "10.0.0.11");
        assertThat(decide(1, 2).asks()).containsExactly(new Ask.Addresses(List.of(2)));
        assertThat(addresses(1, 2))
                .containsExactlyInAnyOrderEntriesOf(Map.of(0, "10.0.0.10", 1, "10.0.0.11", 2, PROXY));

        memory.located(2, "10.0.0.12");
        assertThat(decide(1, 2).asks()).isEmpty();
    }

    @Test
    void whoComesAgainMayComeFromAnotherPod() {
        decide(1, 2);
        memory.located(1, "10.0.0.11");
        memory.located(2, "10.0.0.12");
        assertThat(decide(2).asks()).isEmpty();
        assertThat(decide(1, 2).asks()).containsExactly(new Ask.Addresses(List.of(1)));
    }

    /** Addresses of pods are given anew: one member that answers in two places promises once. */
    @Test
    void aPromiseCountsForNobodyButItsGiver() {
        ClusterLease state = serving();
        Failsafe failsafe = new Failsafe(me);
        Failsafe.Round round = failsafe.due(
                        new LeaseView("7", me.identity(), state, Node.MISSING), NOW.minusSeconds(5), NOW)
                .orElseThrow();
        failsafe.answered(round, 2, new Peer.FailsafeAnswer(true, null, 1, false, 2), NOW);
        failsafe.answered(round, 1, new Peer.FailsafeAnswer(true, null, 1, false, 2), NOW);
        assertThat(failsafe.proof()).isEmpty();
        failsafe.answered(round, 1, new Peer.FailsafeAnswer(true, null, 1, false, 1), NOW);
        assertThat(failsafe.proof()).contains(NOW);
    }

    @Test
    void aConnectionFromElsewhereMayBeAnotherPods() {
        decide(1, 2);
        memory.located(1, "10.0.0.11");
        memory.located(2, "10.0.0.12");
        proxy = "10.0.0.99";
        assertThat(decide(1, 2).asks()).containsExactly(new Ask.Addresses(List.of(1, 2)));
    }

    private Map<Integer, String> addresses(int... senders) {
        return ((LeaseWish.Keep) decide(senders).lease()).state().addresses();
    }

    private Decision decide(int... ordinals) {
        List<Sender> senders = new ArrayList<>();
        List<Integer> streaming = new ArrayList<>();
        for (int ordinal : ordinals) {
            senders.add(new Sender(ordinal, proxy, true, 900, 900));
            streaming.add(ordinal);
        }
        ServerState server = new ServerState(
                true,
                true,
                false,
                false,
                false,
                1,
                "17.6",
                "r",
                null,
                List.of(),
                streaming,
                null,
                new Wal(900, 0, false, "", 0, 0, senders));
        memory.server(server, 1, NOW);
        ClusterLease state = serving();
        return new Protocol(me, Timers.DEFAULT)
                .decide(new Observation(
                        NOW,
                        Optional.of(settings()),
                        Optional.of(new LeaseView("7", me.identity(), state, Node.MISSING)),
                        NOW.minusSeconds(1),
                        Optional.of(NOW.minusSeconds(1)),
                        Optional.empty(),
                        NOW,
                        Optional.of(new VolumeState(
                                VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 1, "0/3000060", null)),
                        server,
                        null,
                        Optional.empty(),
                        List.of(),
                        List.of(1, 2),
                        NOW.minusSeconds(5),
                        false,
                        false,
                        memory.knowledge()));
    }

    private static Settings settings() {
        return new Settings(
                1,
                "uid",
                3,
                "r",
                Map.of(),
                List.of(),
                new BootstrapOrder(BootstrapAction.Initdb, 0, null, null),
                new Settings.Initdb("app", "app", "UTF8", "C", true, List.of(), List.of()),
                "orders-app",
                null,
                null,
                null,
                List.of(),
                List.of());
    }

    private static ClusterLease serving() {
        return new ClusterLease(
                1,
                1,
                Phase.Serving,
                "10.0.0.10",
                1,
                SYSTEM,
                List.of(0, 1, 2),
                List.of(new Reign(1, 1, "0/0", "orders-0")));
    }
}
