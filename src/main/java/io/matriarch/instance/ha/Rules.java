package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Peer.Vacancy;
import io.matriarch.instance.facts.Promise;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The rules that acknowledged commits depend on. Each has its own method, so that a test can take away any one of them and show that it is needed
 * (docs/internals/protocol.md 13). All parts of an agent share one instance.
 */
class Rules {
    static final Rules SAFE = new Rules();

    /** How many voters must have stopped receiving: any set of that size contains, for each acknowledged commit, a voter that has it. */
    int quorum(Sync sync) {
        return sync.quorum();
    }

    /**
     * The order in which members are promoted, the best last: a longer timeline is not better than a newer one (docs/internals/postgresql.md 17).
     */
    Comparator<Peer.Vote> best() {
        return Comparator.comparingInt(Peer.Vote::timeline)
                .thenComparingLong(vote -> vote.lsn() == null ? 0 : Lsn.parse(vote.lsn()))
                .thenComparing(vote -> !vote.delayed());
    }

    /** The number of a new reign's timeline: a number that no former reign and not its own data has. */
    int timeline(ClusterLease former, int own) {
        return Math.max(Timelines.newest(former), own) + 1;
    }

    /** Whether this member's WAL is known to end at or before the point where the other timeline forked: then it can continue on that timeline. */
    boolean within(long end, long fork) {
        return end > 0 && end <= fork;
    }

    /** A vote counts only if it reports the true end of the voter's WAL. */
    boolean counts(Peer.Vote vote) {
        return vote.granted() && vote.exhausted();
    }

    /** The resourceVersion that the Lease must still have when it is taken: the one at which the votes were given. */
    String takenAt(Peer.VoteRequest request, LeaseView present) {
        return request.resourceVersion();
    }

    /**
     * Whether a member may receive: not while a candidate may still win with this member's vote. If the Lease is newer than the vote, no candidate
     * can.
     *
     * @param resourceVersion of the Lease, as its holder has it
     */
    boolean mayReceive(Promise promise, String resourceVersion) {
        return promise.resourceVersion() == null || newer(resourceVersion, promise.resourceVersion());
    }

    /** Whether a voter's disk may have forgotten a vote: then it receives nothing until the Lease is renewed. */
    boolean mayHaveForgotten(Promise promise, ClusterLease lease, int ordinal) {
        return promise.resourceVersion() == null
                && Optional.ofNullable(lease.sync())
                        .filter(sync -> sync.voters().contains(ordinal))
                        .isPresent();
    }

    /** Whether all the other members said that there was no primary after this member. */
    boolean agree(Collection<Integer> others, List<Peer.Vote> votes) {
        return others.stream()
                .allMatch(other -> votes.stream().anyMatch(vote -> vote.ordinal() == other && vote.granted()));
    }

    /** Whether a failsafe round proves that nobody else can be elected (docs/internals/protocol.md 5). */
    boolean proves(List<Integer> accepted, ClusterLease lease, int ordinal) {
        Sync sync = lease.sync();
        if (sync == null || sync.acknowledgements() == 0) {
            return lease.members().stream().allMatch(member -> member == ordinal || accepted.contains(member));
        }
        long rest = sync.voters().stream()
                .filter(voter -> voter != ordinal && !accepted.contains(voter))
                .count();
        return rest < quorum(sync);
    }

    /**
     * What the Lease must say before the names change: it includes the new voters, and its W is not higher than the target's
     * (docs/internals/protocol.md 7).
     */
    Sync wider(Sync target, Sync lease) {
        SortedSet<Integer> voters = new TreeSet<>(lease.voters());
        voters.addAll(target.voters());
        return new Sync(Math.min(target.acknowledgements(), lease.acknowledgements()), List.copyOf(voters));
    }

    /** Whether it is certain that the Lease says what this member wished for, and that no other content can still be written. */
    boolean certain(Optional<Duration> settled, Optional<Duration> proof) {
        return settled.isPresent()
                && proof.filter(sent -> sent.compareTo(settled.get()) > 0).isPresent();
    }

    /**
     * Whether a holder that meant to leave has proved its right since: by a renewal, after which no older write can succeed, or by promises that
     * older writes count for nothing.
     */
    boolean stayed(Optional<Duration> leaving, Optional<Duration> proof) {
        return leaving.isEmpty()
                || proof.filter(sent -> sent.compareTo(leaving.get()) > 0).isPresent();
    }

    /** Whether every member to which the Lease may have been handed has promised not to take it: such a member needs no vote but its own. */
    boolean promised(Set<Integer> heirs, List<Integer> accepted) {
        return accepted.containsAll(heirs);
    }

    /**
     * Whether a Lease that is said to have been handed over may be taken without the others' votes: not if the holder has since said that it
     * stays.
     */
    boolean handed(Promise promise, ClusterLease lease) {
        return promise.stayed() < lease.epoch();
    }

    /**
     * Whether a promise to a holder that stays forbids a vote for this vacancy: it does if the vacancy is one that the holder itself is said to
     * have created.
     */
    boolean stays(Vacancy vacancy) {
        return vacancy == Vacancy.Released || vacancy == Vacancy.HandingOver;
    }

    /** Whether clients wait, after a crash, until enough replicas have what it made visible (docs/internals/postgresql.md 13). */
    boolean gated(@Nullable Sync sync) {
        return sync != null && sync.acknowledgements() > 0;
    }

    /** Whether commits acknowledged under these names are safe while the Lease says this (docs/internals/protocol.md 7). */
    boolean safe(Sync names, @Nullable Sync lease) {
        if (lease == null || lease.acknowledgements() == 0) {
            return true;
        }
        long strangers = names.voters().stream()
                .filter(voter -> !lease.voters().contains(voter))
                .count();
        return names.acknowledgements() - strangers >= lease.acknowledgements();
    }

    /** Whether the Lease has run out: it was not renewed for as long as it lasts, on this member's own clock. */
    boolean expired(Duration seen, Duration now, Duration lease) {
        return now.minus(seen).compareTo(lease) >= 0;
    }

    /** Whether only a clock tells of this vacancy; the other vacancies are facts about the holder, whatever was promised to it before. */
    boolean byTime(Vacancy vacancy) {
        return switch (vacancy) {
            case Expired, Missing, Forced -> true;
            case Released, HandingOver, Terminated -> false;
        };
    }

    /** Whether data may be discarded for a copy of the primary's: only if the primary cannot lack anything in it. */
    boolean mayDiscard(long lsn, int timeline, ClusterLease lease) {
        return timeline < lease.timeline()
                || lsn <= Optional.ofNullable(lease.lsn()).map(Lsn::parse).orElse(0L);
    }

    /**
     * Whether a resourceVersion is newer than another one of the same object. Kubernetes compares them as decimal numbers (API concepts, "Resource
     * versions"). A version that is not a number is never newer; that costs time, but no commit.
     */
    boolean newer(String version, String than) {
        if (!number(version) || !number(than)) {
            return false;
        }
        return version.length() != than.length() ? version.length() > than.length() : version.compareTo(than) > 0;
    }

    private static boolean number(String text) {
        return !text.isEmpty()
                && text.chars().allMatch(c -> c >= '0' && c <= '9')
                && (text.length() == 1 || text.charAt(0) != '0');
    }
}
