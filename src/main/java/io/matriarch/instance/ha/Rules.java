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
 * The rules that acknowledged commits depend on, each by its name, so that a test can take away any one of them and show that it is needed
 * (docs/internals/protocol.md 13). There is one set of them in a pod.
 */
class Rules {
    static final Rules SAFE = new Rules();

    /** How many voters must have stopped receiving: any so many contain one that has each acknowledged commit. */
    int quorum(Sync sync) {
        return sync.quorum();
    }

    /** Who is to be promoted: a longer timeline is not better than a newer one (docs/internals/postgresql.md 17). */
    Comparator<Peer.Vote> best() {
        return Comparator.comparingInt(Peer.Vote::timeline)
                .thenComparingLong(vote -> vote.lsn() == null ? 0 : Lsn.parse(vote.lsn()))
                .thenComparing(vote -> !vote.delayed());
    }

    /** The number of a new reign's timeline: one that no reign had before, nor its own data has. */
    int timeline(ClusterLease former, int own) {
        return Math.max(Timelines.newest(former), own) + 1;
    }

    /** Whether this member's WAL is known to end where another timeline left its own, or before: it goes on there. */
    boolean within(long end, long fork) {
        return end > 0 && end <= fork;
    }

    /** Only a vote that told the true end of its WAL counts. */
    boolean counts(Peer.Vote vote) {
        return vote.granted() && vote.exhausted();
    }

    /** The resourceVersion that the Lease must still have to be taken: the one the votes were given at. */
    String takenAt(Peer.VoteRequest request, LeaseView present) {
        return request.resourceVersion();
    }

    /**
     * Whether a member may receive: not while a candidate may still win with its vote. A Lease newer than the vote means that nobody can.
     *
     * @param resourceVersion of the Lease, as its holder has it
     */
    boolean mayReceive(Promise promise, String resourceVersion) {
        return promise.resourceVersion() == null || newer(resourceVersion, promise.resourceVersion());
    }

    /** Whether a voter's disk may have forgotten a vote: then it receives nothing before a renewal. */
    boolean mayHaveForgotten(Promise promise, ClusterLease lease, int ordinal) {
        return promise.resourceVersion() == null
                && Optional.ofNullable(lease.sync())
                        .filter(sync -> sync.voters().contains(ordinal))
                        .isPresent();
    }

    /** Whether all the others said that nobody was the primary after this member. */
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

    /** What the Lease must say before the names change: with the new voters, and W not higher than wanted (docs/internals/protocol.md 7). */
    Sync wider(Sync target, Sync lease) {
        SortedSet<Integer> voters = new TreeSet<>(lease.voters());
        voters.addAll(target.voters());
        return new Sync(Math.min(target.acknowledgements(), lease.acknowledgements()), List.copyOf(voters));
    }

    /** Whether it is certain that the Lease says what was wished for, and that nothing else can still be written. */
    boolean certain(Optional<Duration> settled, Optional<Duration> proof) {
        return settled.isPresent()
                && proof.filter(sent -> sent.compareTo(settled.get()) > 0).isPresent();
    }

    /**
     * Whether a holder that meant to leave has proved its right since: by a renewal, after which nothing older can be written, or by promises
     * that nothing older counts.
     */
    boolean stayed(Optional<Duration> leaving, Optional<Duration> proof) {
        return leaving.isEmpty()
                || proof.filter(sent -> sent.compareTo(leaving.get()) > 0).isPresent();
    }

    /** Whether everybody to whom the Lease may have been given on has promised not to take it: such a one needs nobody's vote but its own. */
    boolean promised(Set<Integer> heirs, List<Integer> accepted) {
        return accepted.containsAll(heirs);
    }

    /** Whether what is said to have been handed over may be taken without the others' votes: not from a holder that has said since that it stays. */
    boolean handed(Promise promise, ClusterLease lease) {
        return promise.stayed() < lease.epoch();
    }

    /** Whether a promise to a holder that stays forbids to take a vacancy for one that the holder itself is said to have made. */
    boolean stays(Vacancy vacancy) {
        return vacancy == Vacancy.Released || vacancy == Vacancy.HandingOver;
    }

    /** Whether clients wait, after a crash, until enough replicas have what it made visible (docs/internals/postgresql.md 13). */
    boolean gated(@Nullable Sync sync) {
        return sync != null && sync.acknowledgements() > 0;
    }

    /** Whether commits acknowledged under these names are safe with a Lease that says this (docs/internals/protocol.md 7). */
    boolean safe(Sync names, @Nullable Sync lease) {
        if (lease == null || lease.acknowledgements() == 0) {
            return true;
        }
        long strangers = names.voters().stream()
                .filter(voter -> !lease.voters().contains(voter))
                .count();
        return names.acknowledgements() - strangers >= lease.acknowledgements();
    }

    /** Whether the Lease has run out: not renewed for as long as it lasts, on this member's own clock. */
    boolean expired(Duration seen, Duration now, Duration lease) {
        return now.minus(seen).compareTo(lease) >= 0;
    }

    /** Vacancies that only a clock tells of; the others are facts about the holder, whatever was promised to it before. */
    boolean byTime(Vacancy vacancy) {
        return switch (vacancy) {
            case Expired, Missing, Forced -> true;
            case Released, HandingOver, Terminated -> false;
        };
    }

    /** Whether data may be thrown away for a copy of the primary's: only when nothing in it can be missing there. */
    boolean mayDiscard(long lsn, int timeline, ClusterLease lease) {
        return timeline < lease.timeline()
                || lsn <= Optional.ofNullable(lease.lsn()).map(Lsn::parse).orElse(0L);
    }

    /**
     * Whether a resourceVersion is newer than another one of the same object. Kubernetes compares them as decimal numbers (API concepts,
     * "Resource versions"); whatever is no number is never newer, which costs time and no commit.
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
