package io.matriarch.plan.workload;

import java.util.Optional;
import java.util.Set;

/**
 * The disruption budget: which member may be taken down or removed at present. Only this class decides that, and it decides from plain numbers. A
 * new kind of disruption is a new row here.
 */
public final class Budget {
    private Budget() {}

    /** What is done to a member. */
    public enum Disruption {
        /** It leaves for good, with one member fewer. */
        Leave,
        /** Its data is deleted and cloned again. */
        Rebuild,
        /** Its pod is useless as it is, and another one is created in its place. */
        Replace,
        /** It has left, and its claims are deleted. */
        Forget
    }

    /** What prevents a disruption. */
    public enum Obstacle {
        /** No member leads. */
        NoLeader,
        /** The member leads. */
        Leads,
        /** The member holds the lead, or held it last: it may have data that no other member has. */
        Holds,
        /** Commits would wait, because too few other members follow. */
        TooFewFollow,
        /** No member could take over. */
        NoSuccessor,
        /** The user keeps the member stopped. */
        Fenced,
        /** The leader, the Lease or the voters still count the member as one. */
        StillMember
    }

    /**
     * The standing of all members, which are named by their ordinals.
     *
     * @param pods how many pods there must be now
     * @param wanted how many members the user wants
     * @param leader the member that leads
     * @param holder the member that holds the lead, or held it last
     * @param claimants members that report that they lead
     * @param leading members that lead, or may be leading unseen
     * @param running members in whose pods the application may be running
     * @param following members that follow and could take over
     * @param fenced members that the user keeps stopped
     * @param known members that the leader, the Lease or the voters count as members
     * @param needed how many followers each commit waits for
     * @param neededWithOneFewer the same once there is one member fewer
     * @param waits whether commits wait when fewer than {@code needed} follow
     */
    public record Standing(
            int pods,
            int wanted,
            Optional<Integer> leader,
            Optional<Integer> holder,
            Set<Integer> claimants,
            Set<Integer> leading,
            Set<Integer> running,
            Set<Integer> following,
            Set<Integer> fenced,
            Set<Integer> known,
            int needed,
            int neededWithOneFewer,
            boolean waits) {
        public Standing {
            claimants = Set.copyOf(claimants);
            leading = Set.copyOf(leading);
            running = Set.copyOf(running);
            following = Set.copyOf(following);
            fenced = Set.copyOf(fenced);
            known = Set.copyOf(known);
        }

        /** Whether a member reports that it leads, or holds the lead, or held it last. */
        public boolean leads(int member) {
            return claimants.contains(member) || is(holder, member);
        }

        private static boolean is(Optional<Integer> who, int member) {
            return who.filter(m -> m == member).isPresent();
        }
    }

    /** What prevents a disruption of a member; empty when the disruption is allowed. */
    public static Optional<Obstacle> obstacle(Standing s, int member, Disruption disruption) {
        return switch (disruption) {
            case Leave -> leave(s, member);
            case Rebuild -> rebuild(s, member);
            case Replace -> replace(s, member);
            case Forget -> forget(s, member);
        };
    }

    /** The member that leaves is the one with the highest ordinal: only lower ones remain. */
    private static Optional<Obstacle> leave(Standing s, int member) {
        if (s.leader().isEmpty()) {
            return Optional.of(Obstacle.NoLeader);
        }
        if (Standing.is(s.leader(), member) || Standing.is(s.holder(), member)) {
            return Optional.of(Obstacle.Leads);
        }
        long remain = s.following().stream().filter(m -> m < member).count();
        return remain >= s.neededWithOneFewer() ? Optional.empty() : Optional.of(Obstacle.TooFewFollow);
    }

    /** Cloning a member that does not follow costs no acknowledgement. */
    private static Optional<Obstacle> rebuild(Standing s, int member) {
        if (Standing.is(s.leader(), member)) {
            return Optional.of(Obstacle.Leads);
        }
        if (Standing.is(s.holder(), member)) {
            return Optional.of(Obstacle.Holds);
        }
        if (s.leader().isEmpty()) {
            return Optional.of(Obstacle.NoLeader);
        }
        long others = s.following().stream().filter(m -> m != member).count();
        return s.waits() && s.following().contains(member) && others < s.needed()
                ? Optional.of(Obstacle.TooFewFollow)
                : Optional.empty();
    }

    /**
     * A pod in which nothing runs can be replaced without loss. If only a sidecar is broken, the application may be running: then another member
     * must lead, or, if this member leads, another one must be ready to take over when this one is told to end.
     */
    private static Optional<Obstacle> replace(Standing s, int member) {
        if (!s.running().contains(member) || s.pods() == 1) {
            return Optional.empty();
        }
        if (s.fenced().contains(member)) {
            return Optional.of(Obstacle.Fenced);
        }
        if (s.leads(member)) {
            return s.following().isEmpty() ? Optional.of(Obstacle.NoSuccessor) : Optional.empty();
        }
        return s.leading().isEmpty() ? Optional.of(Obstacle.NoLeader) : Optional.empty();
    }

    /**
     * This may be the best copy until a leader serves that no longer counts the member, and, if there must be replicas, one of them follows it.
     */
    private static Optional<Obstacle> forget(Standing s, int member) {
        if (s.leader().isEmpty() || !s.leader().equals(s.holder())) {
            return Optional.of(Obstacle.NoLeader);
        }
        if (Standing.is(s.holder(), member)) {
            return Optional.of(Obstacle.Holds);
        }
        if (s.known().contains(member)) {
            return Optional.of(Obstacle.StillMember);
        }
        return s.wanted() != 1 && s.following().isEmpty() ? Optional.of(Obstacle.NoSuccessor) : Optional.empty();
    }
}
