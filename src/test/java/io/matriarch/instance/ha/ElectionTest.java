package io.matriarch.instance.ha;

import static io.matriarch.instance.ha.Seen.END;
import static io.matriarch.instance.ha.Seen.NOW;
import static io.matriarch.instance.ha.Seen.SYSTEM;
import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.facts.Past;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What the replica 2 of three does while another one is elected, and right after. */
class ElectionTest {
    private final Seen seen = Seen.by(2, Promise.NONE.voted(4, "7"));
    private final Memory memory = seen.memory();
    private boolean receiving;

    private boolean stands(Decision decision) {
        return decision.asks().stream().anyMatch(ask -> ask instanceof Ask.Votes);
    }

    @Test
    void whoGaveItsVoteWaitsForTheOther() {
        assertThat(stands(vacant())).isTrue();
        memory.granted(new Peer.VoteRequest(4, "7", 1, Peer.Vacancy.Released), NOW.minusMillis(500));
        assertThat(stands(vacant())).isFalse();
        memory.nominated(NOW);
        assertThat(stands(vacant()))
                .as("the other found that this one has more")
                .isTrue();
    }

    @Test
    void andNotForEver() {
        memory.granted(new Peer.VoteRequest(4, "7", 1, Peer.Vacancy.Released), NOW.minusMillis(1500));
        assertThat(stands(vacant())).isTrue();
    }

    @Test
    void aVoteAtAnotherLeaseIsHistory() {
        memory.granted(new Peer.VoteRequest(4, "6", 1, Peer.Vacancy.Released), NOW.minusMillis(500));
        assertThat(stands(vacant())).isTrue();
    }

    @Test
    void whoAsksAlreadyGoesOn() {
        memory.asking(new Peer.VoteRequest(4, "7", 2, Peer.Vacancy.Released), NOW.minusSeconds(10));
        memory.granted(new Peer.VoteRequest(4, "7", 1, Peer.Vacancy.Released), NOW.minusMillis(500));
        assertThat(stands(vacant())).isTrue();
    }

    @Test
    void ofEqualsTheOneThatStandsIsElected() {
        assertThat(elected("0/384").lease()).isInstanceOf(LeaseWish.Take.class);
    }

    @Test
    void whoHasMoreIsToldToStand() {
        assertThat(elected("0/385").asks()).anyMatch(ask -> ask instanceof Ask.Nominate nominate && nominate.to() == 1);
    }

    /** Member 1 votes, too, and has this. */
    private Decision elected(String lsn) {
        Peer.VoteRequest request = new Peer.VoteRequest(4, "7", 2, Peer.Vacancy.Released);
        memory.asking(request, NOW.minusMillis(200));
        memory.voted(request, new Peer.Vote(true, null, 2, 1, "0/384", true, false, 4));
        memory.voted(request, new Peer.Vote(true, null, 1, 1, lsn, true, false, 4));
        return vacant();
    }

    @Test
    void theLeaseSaysWhereTheNewTimelineForkedOff() {
        assertThat(serving("0/384", 1).job()).contains(new Job.Follow("10.0.0.11", 1, END));
        assertThat(serving("0/383", 1).job())
                .as("this one has a byte that the new timeline left out")
                .contains(new Job.ReadHistory("10.0.0.11", 2));
        assertThat(serving("0/384", 0).job())
                .as("of which it is not known what it forked off")
                .contains(new Job.ReadHistory("10.0.0.11", 2));
    }

    /** A connection tells the primary a position, and that one counts on whatever timeline. */
    @Test
    void whoStillReceivesFromTheFormerPrimaryIsComparedToo() {
        receiving = true;
        assertThat(serving("0/383", 1).job()).contains(new Job.ReadHistory("10.0.0.11", 2));
        assertThat(serving("0/384", 1).job()).contains(new Job.Follow("10.0.0.11", 1, END));
    }

    @Test
    void whoHasNoMoreThanTheElectedOneConnectsBeforeThatOneIsPromoted() {
        assertThat(promoting("0/384", 1).job()).contains(new Job.Follow("10.0.0.11", 1, END));
        assertThat(promoting("0/383", 1).job()).isEmpty();
        assertThat(promoting("0/384", 3).job())
                .as("the elected one's data is of another reign")
                .isEmpty();
        assertThat(promoting("0/0", 0).job())
                .as("an agent of a former release was elected")
                .isEmpty();
    }

    private Decision vacant() {
        return decide("7", "", lease(3, 1, Phase.Released, new Reign(3, 1, "0/0", "orders-0")));
    }

    private Decision serving(String switchLsn, int from) {
        return reigning(2, switchLsn, from);
    }

    /** The Lease is taken, and the timeline that it gives has not begun. */
    private Decision promoting(String end, int from) {
        return reigning(1, end, from);
    }

    private Decision reigning(int timeline, String switchLsn, int from) {
        return decide(
                "8",
                "orders-1/uid-1/inc",
                lease(
                        4,
                        timeline,
                        Phase.Serving,
                        new Reign(3, 1, "0/0", "orders-0"),
                        new Reign(4, 2, switchLsn, "orders-1", from)));
    }

    private static ClusterLease lease(long epoch, int timeline, Phase phase, Reign... history) {
        return Leases.of(Seen.lease(epoch, phase, timeline, List.of(0, 1, 2), history))
                .sync(Seen.anyOfThree())
                .draft();
    }

    private Decision decide(String version, String holder, ClusterLease state) {
        Past replicas = new Past(true, false, new TreeMap<>());
        return seen.lease(version, holder, state)
                .leaseSeen(NOW.minusMillis(700))
                .serverGone(NOW)
                .volume(new VolumeState(VolumeContent.Data, SYSTEM, 17, "shop/orders", 1, 0, "0/60", null, replicas))
                .server(Seen.replica(receiving))
                .decide();
    }
}
