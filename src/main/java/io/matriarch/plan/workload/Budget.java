package io.matriarch.plan.workload;

import java.util.Optional;
import java.util.Set;

/**
 * The disruption budget: which member may be taken down, or away, as things stand. It is the only place that decides this, and it decides on plain
 * numbers. A new kind of disruption is a new row here.
 */
public final class Budget {
    private Budget() {}

    /** What is done to a member. */
    public enum Disruption {
        /** It leaves for good, with one member fewer. */
        Leave,
        /** Its data is cleared away and cloned again. */
        Rebuild,
        /** Its pod is of no use as it is, and another one is made in its place. */
        Replace,
        /** It has left, and its claims are deleted. */
        Forget
    }

    /** What stands against a disruption. */
    public enum Obstacle {
        /** Nobody leads. */
        NoLeader,
        /** The member leads. */
        Leads,
        /** The member holds the lead, or held it last: it may have what no other one has. */
        Holds,
        /** Commits would wait: too few others follow. */
        TooFewFollow,
        /** Nobody could take over. */
        NoSuccessor,
        /** The user keeps the member stopped. */
        Fenced,
        /** Somebody still counts the member as one. */
        StillMember
    }

    /**
     * How things stand. Members are named by their ordinals.
     *
     * @param pods how many pods there shall be now
     * @param wanted how many members the user wants
     * @param leader the member that leads
     * @param holder the member that holds the lead, or held it last
     * @param claimants members that say of themselves that they lead
     * @param leading members that lead, or may be leading unheard
     * @param running members in whose pods the application may be running
     * @param following members that follow and could take over
     * @param fenced members that the user keeps stopped
     * @param known members that somebody counts as such: the leader, the Lease, those who vote
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

        /** Whether a member leads, says so, or was the last to lead. */
        public boolean leads(int member) {
            return claimants.contains(member) || is(holder, member);
        }

        private static boolean is(Optional<Integer> who, int member) {
            return who.filter(m -> m == member).isPresent();
        }
    }

    /** What stands against a disruption of a member; empty when it is allowed. */
    public static Optional<Obstacle> obstacle(Standing s, int member, Disruption disruption) {
        return switch (disruption) {
            case Leave -> leave(s, member);
            case Rebuild -> rebuild(s, member);
            case Replace -> replace(s, member);
            case Forget -> forget(s, member);
        };
    }

    /** Only the highest ordinal leaves: those that remain are the lower ones. */
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

    /** A member that does not follow is no loss while it is cloned. */
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
     * Nothing is lost with a pod in which nothing runs. Where only a sidecar is broken the application may run: then somebody else must lead, or,
     * for the one that leads, be ready to take over when it is told to end.
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

    /** Until a leader that has given the member up serves, and a replica follows it if there shall be one, this may be the best copy. */
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
