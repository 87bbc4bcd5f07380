package io.matriarch.instance.ha;

import static io.matriarch.instance.ha.Seen.NOW;
import static io.matriarch.instance.ha.Seen.SYSTEM;
import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Where members are asked for their promises. Seen in the playground without iptables: connections came from 127.0.0.1, so nobody was reached
 * while the API server was away, and the primary stopped; a service mesh does the same.
 */
class AddressesTest {
    private static final String PROXY = "127.0.0.6";

    private String proxy = PROXY;
    private final Seen seen = Seen.by(0);
    private final Me me = seen.me();
    private final Memory memory = seen.memory();

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
        Failsafe.Round round = failsafe.due(Seen.view(me.identity(), state), NOW.minusSeconds(5), NOW)
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

    private Decision decide(int... members) {
        return seen.lease(me.identity(), serving())
                .leaseSeen(1)
                .proof(1)
                .serverGone(NOW)
                .volume(new VolumeState(VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 1, "0/3000060", null))
                .server(Seen.primary(Arrays.stream(members)
                        .mapToObj(member -> new Sender(member, proxy, true, 900, 900))
                        .toArray(Sender[]::new)))
                .slots(1, 2)
                .decide();
    }

    private static ClusterLease serving() {
        return Seen.lease(1, Phase.Serving, 1, List.of(0, 1, 2), new Reign(1, 1, "0/0", "orders-0"));
    }
}
