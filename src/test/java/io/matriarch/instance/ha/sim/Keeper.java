package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Failsafe;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Timers;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The thread that talks to the API server about the Lease, as docs/contract.md has it: one request at a time, and failsafe rounds. */
final class Keeper {
    private final Agent agent;
    private final Node node;
    private final World world;
    private LeaseWish wish = new LeaseWish.Watch();
    private Duration provenAfter = Duration.ZERO;
    private @Nullable LeaseView lease;
    private Duration seen = Duration.ZERO;
    private Optional<Duration> proof = Optional.empty();
    private long asked = -10_000;
    private boolean busy;
    private boolean mayBeGiven;
    private @Nullable ClusterLease given;
    private boolean away;
    private int request;
    private int successes;
    private long answered = -100_000;

    Keeper(Agent agent) {
        this.agent = agent;
        this.node = agent.node();
        this.world = node.world;
    }

    Optional<LeaseView> lease() {
        return Optional.ofNullable(lease);
    }

    Duration seen() {
        return seen;
    }

    Optional<Duration> proof() {
        return proof.filter(sent -> sent.compareTo(agent.awake()) > 0);
    }

    boolean apiAnswers() {
        return node.clock() - answered < 5_000;
    }

    void wish(LeaseWish next, Duration after) {
        wish = next;
        provenAfter = after;
    }

    void turn() {
        rounds();
        if (!busy) {
            ask();
        }
        node.later(agent, world.between(40, 160), this::turn);
    }

    private boolean elapsed(long millis) {
        return node.clock() - asked >= millis;
    }

    private void ask() {
        LeaseView mine = lease != null && lease.holder().equals(agent.me().identity()) ? lease : null;
        long pace = away ? 500 : 200;
        switch (wish) {
            case LeaseWish.Take take -> {
                LeaseView present = world.api.lease();
                if (node.flawed(Parts.Flaw.TAKEN_AT_ANY_VERSION) && present != null && elapsed(pace)) {
                    put(present.resourceVersion(), agent.me().identity(), take.state());
                } else if (lease != null && lease.resourceVersion().equals(take.resourceVersion()) && elapsed(pace)) {
                    put(take.resourceVersion(), agent.me().identity(), take.state());
                } else {
                    look(400);
                }
            }
            case LeaseWish.Create create -> {
                if (lease == null && elapsed(pace)) {
                    create(create.state());
                } else {
                    look(400);
                }
            }
            case LeaseWish.Keep keep -> {
                if (mine == null) {
                    look(400);
                } else {
                    boolean urgent = keep.urgent(mine.state())
                            || proof.filter(sent -> sent.compareTo(provenAfter) > 0)
                                    .isEmpty();
                    long renew = agent.timers().renew().toMillis();
                    if (elapsed(away ? 500 : urgent ? 200 : renew)) {
                        lowerFuse(mine.state(), keep.state());
                        put(mine.resourceVersion(), agent.me().identity(), keep.state());
                    }
                }
            }
            case LeaseWish.Release release -> {
                if (mine == null) {
                    look(400);
                } else if (elapsed(pace)) {
                    put(mine.resourceVersion(), "", release.state());
                }
            }
            case LeaseWish.Watch watch -> look(lease != null && lease.state().phase() == Phase.Serving ? 2_000 : 400);
        }
    }

    /** A faster profile is obeyed before anybody may know of it. */
    private void lowerFuse(ClusterLease present, ClusterLease next) {
        boolean faster = Timers.of(next).fuse().compareTo(Timers.of(present).fuse()) < 0;
        if (faster && node.deadline > 0 && proof.isPresent()) {
            node.arm(Math.min(
                    node.deadline, proof.get().plus(agent.fuse(Timers.of(next))).toMillis()));
        }
    }

    private void look(long every) {
        if (elapsed(every)) {
            int mine = begin();
            world.api.get(
                    node.ordinal,
                    node.flawed(Parts.Flaw.CACHED_LEASE),
                    answer -> done(mine, () -> {
                        if (answer.status() == ApiServer.NEVER_REACHED) {
                            silent();
                        } else {
                            learn(answer.lease(), null);
                        }
                    }));
        }
    }

    private int begin() {
        asked = node.clock();
        busy = true;
        int mine = ++request;
        node.later(agent, 1_500, () -> done(mine, this::silent));
        return mine;
    }

    private void silent() {
        away = true;
        agent.memory().silent(node.time());
        if (node.flawed(Parts.Flaw.SILENCE_IS_NEVER_SENT)) {
            agent.memory().stayed();
        }
        agent.news();
    }

    private void done(int which, Runnable what) {
        node.whenAwake(agent, () -> {
            if (busy && request == which) {
                busy = false;
                what.run();
            }
        });
    }

    private void put(String at, String holder, ClusterLease state) {
        Duration sent = node.time();
        boolean before = mayBeGiven;
        if (holder.isEmpty()) {
            mayBeGiven = true;
            given = state;
            agent.memory().leaves(state, sent);
        }
        int mine = begin();
        world.api.put(
                node.ordinal,
                at,
                holder,
                state,
                answer -> done(mine, () -> {
                    if (answer.status() == ApiServer.NEVER_REACHED) {
                        refused(holder, before);
                    } else {
                        written(answer, holder, sent);
                    }
                }));
    }

    /** No connection came about. */
    private void refused(String holder, boolean before) {
        if (holder.isEmpty()) {
            mayBeGiven = before;
            agent.memory().stayed();
        }
        silent();
    }

    private void create(ClusterLease state) {
        Duration sent = node.time();
        int mine = begin();
        world.api.create(
                node.ordinal,
                agent.me().identity(),
                state,
                answer -> done(mine, () -> {
                    if (answer.status() == ApiServer.NEVER_REACHED) {
                        silent();
                    } else {
                        written(answer, agent.me().identity(), sent);
                    }
                }));
    }

    /** Given back by this member, which stayed by the others' promises since: taken back at the version that gave it back. */
    private boolean takesBack(LeaseView found, String holder) {
        boolean runs = node.deadline > node.clock() && provenAfter.isZero();
        if (runs
                && wish instanceof LeaseWish.Keep keep
                && !holder.isEmpty()
                && found.holder().isEmpty()
                && found.state().equals(given)) {
            put(found.resourceVersion(), holder, keep.state());
            return true;
        }
        return false;
    }

    private void written(ApiServer.Answer answer, String holder, Duration sent) {
        if (answer.status() != 200) {
            boolean recreate = answer.status() == 404
                    && !holder.isEmpty()
                    && !mayBeGiven
                    && proof().filter(last -> sent.minus(last).toMillis() < 7_000)
                            .isPresent();
            if (answer.lease() != null && takesBack(answer.lease(), holder)) {
                return;
            }
            learn(answer.lease(), null);
            if (recreate && wish instanceof LeaseWish.Keep keep) {
                create(keep.state());
            }
            return;
        }
        mayBeGiven = false;
        if (holder.isEmpty()) {
            agent.disarm();
            learn(answer.lease(), null);
            proof = Optional.empty();
            agent.released();
        } else {
            learn(answer.lease(), sent);
            successes++;
            if (!node.flawed(Parts.Flaw.UNARMED_FUSE) || successes > 1) {
                agent.arm(sent);
            }
            node.proven(sent.toMillis());
        }
    }

    private void learn(@Nullable LeaseView found, @Nullable Duration proven) {
        away = false;
        answered = node.clock();
        agent.memory().lease(found != null, node.time());
        if (found != null
                && lease != null
                && found.resourceVersion().compareTo(lease.resourceVersion()) < 0
                && found.resourceVersion().length() <= lease.resourceVersion().length()
                && !node.flawed(Parts.Flaw.CACHED_LEASE)) {
            return;
        }
        boolean different = found == null
                ? lease != null
                : lease == null || !found.resourceVersion().equals(lease.resourceVersion());
        lease = found;
        if (different) {
            seen = node.time();
            agent.remember(found);
            agent.news();
        }
        if (proven != null) {
            proof = Optional.of(proven);
        }
    }

    private void rounds() {
        if (lease == null || proof.isEmpty()) {
            return;
        }
        Failsafe failsafe = agent.failsafe();
        Optional<Failsafe.Round> round = failsafe.due(lease, proof.get(), node.time());
        round.ifPresent(sent -> {
            proven();
            for (int to : sent.to()) {
                world.send(
                        node.ordinal,
                        to,
                        () -> world.nodes
                                .get(to)
                                .asked(target -> target.failsafe(
                                        sent.request(),
                                        answer -> world.send(
                                                to,
                                                node.ordinal,
                                                () -> node.whenAwake(agent, () -> {
                                                    failsafe.answered(sent, to, answer, node.time());
                                                    proven();
                                                })))));
            }
        });
    }

    /** A failsafe round may have been a proof. */
    private void proven() {
        agent.failsafe().proof().ifPresent(proven -> {
            if (agent.serverMayRun()) {
                agent.arm(proven);
            }
            node.proven(proven.toMillis());
        });
    }
}
