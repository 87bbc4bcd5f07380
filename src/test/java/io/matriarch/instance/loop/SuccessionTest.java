package io.matriarch.instance.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.RoleChange;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Peer.Vacancy;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.ha.Observation;
import io.matriarch.instance.ha.Seen;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a new primary tells of how it came into office. */
class SuccessionTest {
    private final Me me = Seen.me(1);
    private final Seen seen = Seen.by(1);
    private final Memory memory = seen.memory();
    private final Succession succession = new Succession(me.identity(), me.pod());

    @Test
    void aLeaseThatRanOutIsSaidToHaveRunOut() throws IOException {
        assertThat(elected(Vacancy.Expired)).startsWith("orders-0 did not renew the Lease: ");
    }

    @Test
    void aContainerThatItsFuseEndedDidNotRenewEither() throws IOException {
        memory.ended(Set.of("c-0"), Set.of("c-0"));
        assertThat(elected(Vacancy.Terminated)).startsWith("orders-0 did not renew the Lease: ");
    }

    @Test
    void aContainerThatEndedOtherwiseIsNotBlamed() throws IOException {
        memory.ended(Set.of("c-0"), Set.of());
        assertThat(elected(Vacancy.Terminated)).startsWith("1 voted");
    }

    private String elected(Vacancy vacancy) throws IOException {
        Peer.VoteRequest request = new Peer.VoteRequest(4, "7", 1, vacancy);
        memory.asking(request, Seen.NOW);
        memory.voted(request, new Peer.Vote(true, null, 1, 1, "0/384", true, false, 4));
        succession.told(seen("orders-0/uid-0/inc", 3, "c-0", "orders-0"), MemberReport.none());
        MemberReport primary = Json.read("{\"role\": \"Primary\"}".getBytes(), MemberReport.class);
        RoleChange change = succession
                .told(seen(me.identity(), 4, null, "orders-1"), primary)
                .change();
        return Objects.requireNonNull(change).message();
    }

    private Observation seen(String holder, long epoch, @Nullable String container, String last) throws IOException {
        String lease = """
                {"v": 1, "epoch": %d, "phase": "%s", "timeline": 1, "systemIdentifier": "7300000000000000001", "members": [0, 1, 2],
                 "history": [{"epoch": %d, "timeline": 1, "switchLsn": "0/0", "holder": "%s"}]%s}
                """.formatted(
                epoch, Phase.Serving, epoch, last, container == null ? "" : ", \"containerId\": \"" + container + "\"");
        ClusterLease state = Json.read(lease.getBytes(), ClusterLease.class);
        return seen.lease(holder, state).observe();
    }
}
