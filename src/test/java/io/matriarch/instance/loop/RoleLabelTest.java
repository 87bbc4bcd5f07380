package io.matriarch.instance.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RoleLabelTest {
    private final Me me = new Me("orders-0", 0, "uid", "1", "10.0.0.1", "test");
    private final RoleLabel label = new RoleLabel(me);

    @Test
    void aPrimaryThatEndedLeavesItsLabelToItsSuccessor() {
        assertThat(at(0, Role.Primary, me.identity(), Phase.Serving, "orders-0"))
                .contains(Labels.PRIMARY);
        assertThat(at(1, Role.None, me.identity(), Phase.Serving, "orders-0")).isEmpty();
        assertThat(at(2, Role.None, "", Phase.Released, "orders-0")).isEmpty();
        assertThat(at(3, Role.None, "orders-1/uid/1", Phase.Serving, "orders-1"))
                .as("taken when the successor has its own")
                .isEmpty();
        assertThat(at(4, Role.Replica, "orders-1/uid/1", Phase.Serving, "orders-1"))
                .contains(Labels.REPLICA);
    }

    @Test
    void notForEver() {
        assertThat(at(0, Role.None, "", Phase.Released, "orders-0")).isEmpty();
        assertThat(at(9, Role.None, "", Phase.Released, "orders-0")).isEmpty();
        assertThat(at(10, Role.None, "", Phase.Released, "orders-0")).contains(Labels.UNHEALTHY);
        assertThat(at(11, Role.Primary, me.identity(), Phase.Serving, "orders-0"))
                .contains(Labels.PRIMARY);
        assertThat(at(12, Role.None, "", Phase.Released, "orders-0")).isEmpty();
    }

    @Test
    void anAgentThatHasJustBegunLeavesTheLabelUntilItKnowsTheLease() {
        assertThat(label.of(Role.None, false, Optional.empty(), Duration.ofSeconds(0)))
                .isEmpty();
        assertThat(at(1, Role.None, me.identity(), Phase.Serving, "orders-0")).isEmpty();
        assertThat(at(10, Role.None, me.identity(), Phase.Serving, "orders-0")).contains(Labels.UNHEALTHY);

        RoleLabel another = new RoleLabel(me);
        assertThat(another.of(Role.None, false, Optional.empty(), Duration.ZERO))
                .isEmpty();
        assertThat(another.of(
                        Role.None, false, lease("orders-1/uid/1", Phase.Serving, "orders-1"), Duration.ofSeconds(1)))
                .contains(Labels.UNHEALTHY);
    }

    /** It runs, and has the data of a reign that is over: it may have to be turned back first. */
    @Test
    void aReplicaThatReceivesNothingYetHasNoClients() {
        assertThat(label.of(Role.Replica, false, lease("orders-1/uid/1", Phase.Serving, "orders-1"), Duration.ZERO))
                .contains(Labels.UNHEALTHY);
    }

    @Test
    void aReplicaThatEndedLosesItsLabelAtOnce() {
        assertThat(at(0, Role.None, "", Phase.Released, "orders-1")).contains(Labels.UNHEALTHY);
        assertThat(at(1, Role.None, "orders-1/uid/1", Phase.Serving, "orders-1"))
                .contains(Labels.UNHEALTHY);
    }

    @Test
    void aReignBeginsWhenTheLeaseHasItsTimeline() {
        LeaseView mine = lease(me.identity(), Phase.Serving, "orders-0").orElseThrow();
        assertThat(label.begins(mine)).isTrue();
        assertThat(label.begins(
                        lease("orders-0/uid/before", Phase.Serving, "orders-0").orElseThrow()))
                .isFalse();
        ClusterLease pending = new ClusterLease(
                ClusterLease.VERSION,
                2,
                Phase.Serving,
                null,
                1,
                "7",
                List.of(0, 1),
                List.of(new Reign(2, 2, "0/0", "orders-0")));
        assertThat(label.begins(new LeaseView("2", me.identity(), pending))).isFalse();
    }

    private Optional<String> at(int second, Role role, String holder, Phase phase, String last) {
        return label.of(role, true, lease(holder, phase, last), Duration.ofSeconds(second));
    }

    private static Optional<LeaseView> lease(String holder, Phase phase, String last) {
        ClusterLease state = new ClusterLease(
                ClusterLease.VERSION, 1, phase, null, 1, "7", List.of(0, 1), List.of(new Reign(1, 1, "0/0", last)));
        return Optional.of(new LeaseView("1", holder, state));
    }
}
