package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Peer.Vacancy;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.ha.sim.Parts;
import io.matriarch.instance.ha.sim.Parts.Flaw;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A rule of the protocol, or of carrying it out, that is left out or wrong. Those about votes are tried without clocks, which would hide them. */
enum Mutation {
    ONE_VOTE_TOO_FEW(new Timeless() {
        @Override
        int quorum(Sync sync) {
            return Math.max(1, super.quorum(sync) - 1);
        }
    }),
    TIMELINE_NOT_COMPARED(new Timeless() {
        @Override
        Comparator<Peer.Vote> best() {
            return Comparator.comparingLong((Peer.Vote vote) -> vote.lsn() == null ? 0 : Lsn.parse(vote.lsn()))
                    .thenComparing(vote -> -vote.ordinal());
        }
    }),
    VOTE_FORGOTTEN_AT_ANY_VERSION(new Timeless() {
        @Override
        boolean mayReceive(Promise promise, String resourceVersion) {
            return true;
        }
    }),
    FAILSAFE_WITHOUT_PROMISES(new Rules() {
        @Override
        boolean proves(List<Integer> accepted, ClusterLease lease, int ordinal) {
            return true;
        }
    }),
    CLOCKS_NOT_ASKED(new Timeless(), true),
    NAMES_BEFORE_LEASE(new Timeless() {
        @Override
        Sync wider(Sync target, Sync lease) {
            return lease;
        }

        @Override
        boolean safe(Sync names, @Nullable Sync lease) {
            return true;
        }
    }),
    RELAXED_BEFORE_IT_IS_CERTAIN(new Timeless() {
        @Override
        boolean certain(Optional<Duration> settled, Optional<Duration> proof) {
            return true;
        }
    }),
    NO_GATE_AFTER_A_CRASH(new Rules() {
        @Override
        boolean gated(@Nullable Sync sync) {
            return false;
        }
    }),
    TIMELINE_BY_COUNTING(new Rules() {
        @Override
        int timeline(ClusterLease former, int own) {
            return own + 1;
        }
    }),
    LEASE_MADE_AGAIN_UNASKED(new Rules() {
        @Override
        boolean agree(Collection<Integer> others, List<Peer.Vote> votes) {
            return true;
        }
    }),
    RELEASE_FORGOTTEN(new Rules() {
        @Override
        boolean stayed(Optional<Duration> leaving, Optional<Duration> proof) {
            return true;
        }
    }),
    PROMISE_HOLDS_NO_RELEASE(new Rules() {
        @Override
        boolean stays(Vacancy vacancy) {
            return false;
        }
    }),
    HEIR_NOT_ASKED(new Timeless() {
        @Override
        boolean promised(Set<Integer> heirs, List<Integer> accepted) {
            return true;
        }
    }),
    HANDED_OVER_BY_WHO_STAYED(new Timeless() {
        @Override
        boolean handed(Promise promise, ClusterLease lease) {
            return true;
        }
    }),
    SILENCE_IS_NEVER_SENT(Flaw.SILENCE_IS_NEVER_SENT),
    TAKEN_AT_ANY_VERSION(new Timeless(), Flaw.TAKEN_AT_ANY_VERSION),
    RECEIVER_GOES_ON(new Timeless(), Flaw.RECEIVER_GOES_ON),
    PROMISE_NOT_SYNCED(new Timeless(), Flaw.PROMISE_NOT_SYNCED),
    LATE_FUSE(Flaw.LATE_FUSE),
    UNARMED_FUSE(Flaw.UNARMED_FUSE),
    CLONE_FROM_STANDBY(Flaw.CLONE_FROM_STANDBY),
    WALL_CLOCK(Flaw.WALL_CLOCK),
    CACHED_LEASE(Flaw.CACHED_LEASE),
    NAMES_FORGOTTEN(Flaw.NAMES_FORGOTTEN),
    HASTY_CONFIRM(new Timeless(), Flaw.HASTY_CONFIRM),
    POSITION_FIRST(new Timeless(), Flaw.POSITION_FIRST),
    NOT_EXHAUSTED(new Timeless(), Flaw.NOT_EXHAUSTED),
    FOLLOWS_WITH_MORE(
            new Timeless() {
                @Override
                boolean within(long end, long fork) {
                    return true;
                }
            },
            Flaw.FOLLOWS_UNCOMPARED);

    /**
     * Members that trust no clock: any Lease is vacant that was not renewed for a moment. Two primaries at a time are the rule then, and yet
     * nothing that was acknowledged may be lost, by votes and resourceVersions alone.
     */
    static class Timeless extends Rules {
        @Override
        boolean expired(Duration seen, Duration now, Duration lease) {
            return super.expired(seen, now, lease.dividedBy(5));
        }

        @Override
        boolean byTime(Vacancy vacancy) {
            return false;
        }

        @Override
        boolean stays(Vacancy vacancy) {
            return false;
        }
    }

    /** The protocol as it is, without clocks. */
    static final Parts TIMELESS = parts(new Timeless(), Set.of(), false);

    private final Parts parts;

    Mutation(Rules rules) {
        this.parts = parts(rules, Set.of(), true);
    }

    Mutation(Timeless rules) {
        this.parts = parts(rules, Set.of(), false);
    }

    Mutation(Timeless rules, boolean clocked) {
        this.parts = parts(rules, Set.of(), clocked);
    }

    Mutation(Flaw flaw) {
        this.parts = parts(Rules.SAFE, Set.of(flaw), true);
    }

    Mutation(Timeless rules, Flaw flaw) {
        this.parts = parts(rules, Set.of(flaw), false);
    }

    Parts parts() {
        return parts;
    }

    private static Parts parts(Rules rules, Set<Flaw> flaws, boolean clocked) {
        return new Parts() {
            @Override
            public Protocol protocol(Me me) {
                return new Protocol(me, Timers.DEFAULT, rules);
            }

            @Override
            public Voter voter(Me me) {
                return new Voter(me, rules);
            }

            @Override
            public Failsafe failsafe(Me me) {
                return new Failsafe(me, rules);
            }

            @Override
            public Set<Flaw> flaws() {
                return flaws;
            }

            @Override
            public boolean clocked() {
                return clocked;
            }
        };
    }
}
