package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.instance.ha.LeaseView;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The Lease and the pods, as an API server keeps them: slow, failing, losing answers, but each write atomic. */
final class ApiServer {
    private final World world;
    private @Nullable LeaseView lease = new LeaseView("100", "", ClusterLease.vacant());
    private long version = 100;
    private long downUntil;
    private Away away = Away.SILENT;
    private @Nullable Fate fate;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private final Deque<LeaseView> former = new ArrayDeque<>();
    private final Map<String, Set<String>> ended = new HashMap<>();

    ApiServer(World world) {
        this.world = world;
    }

    /** What became of a request that no connection came about for. */
    static final int NEVER_REACHED = 0;

    /** How an API server is away. */
    enum Away {
        /** Connections are refused. */
        REFUSING,
        /** Nothing is heard of what is sent. */
        SILENT,
        /** What is sent is dealt with when it goes on, however late that is. */
        FROZEN
    }

    /**
     * What becomes of the next request that gives the Lease back, or on; the API server goes away in that moment.
     *
     * @param done whether it is done, and only its answer is lost
     * @param alone whether who sent it is cut off from the API server for longer than the others
     * @param unheard whether it is cut off from whom it hands over to as well
     */
    record Fate(Away away, boolean done, long lasts, boolean alone, boolean unheard) {
        private void cut(World world, int from, ClusterLease state) {
            long until = world.now + lasts + 15_000;
            if (alone) {
                world.cut(from, World.API, until);
                world.cut(World.API, from, until);
            }
            ClusterLease.Handoff handoff = state.handoff();
            if (unheard && handoff != null) {
                world.cut(from, handoff.to(), until);
                world.cut(handoff.to(), from, until);
            }
        }
    }

    void fate(Fate next) {
        fate = next;
    }

    /** What a request came to; a Lease that is not there is null. */
    record Answer(int status, @Nullable LeaseView lease) {}

    void down(long until, Away how) {
        downUntil = Math.max(downUntil, until);
        away = how;
        if (how == Away.FROZEN) {
            world.at(until, this::thaw);
        }
    }

    private void thaw() {
        if (world.now >= downUntil) {
            while (!waiting.isEmpty()) {
                waiting.removeFirst().run();
            }
        }
    }

    void heal() {
        downUntil = 0;
        thaw();
    }

    @Nullable
    LeaseView lease() {
        return lease;
    }

    void delete() {
        lease = null;
        world.checks.vanished();
        world.tell("Lease deleted");
    }

    void get(int from, boolean cached, Consumer<Answer> answer) {
        request(
                from,
                () -> answer(from, answer, cached && !former.isEmpty() ? former.getFirst() : lease),
                () -> answer.accept(new Answer(NEVER_REACHED, null)));
    }

    void put(int from, String at, String holder, ClusterLease state, Consumer<Answer> answer) {
        Fate next = holder.isEmpty() ? fate : null;
        if (next != null && !next.done()) {
            fate = null;
            world.tell("--- a release finds the API server %s", next.away());
            down(world.now + next.lasts(), next.away());
        }
        Runnable what = () -> {
            if (next != null
                    && next.done()
                    && lease != null
                    && lease.resourceVersion().equals(at)) {
                fate = null;
                world.after(1, () -> down(world.now + next.lasts(), next.away()));
                next.cut(world, from, state);
                write(from, holder, state, lost -> world.tell("--- the answer to a release is lost"));
            } else if (lease == null) {
                reply(from, answer, new Answer(404, null));
            } else if (!lease.resourceVersion().equals(at)) {
                reply(from, answer, new Answer(409, lease));
            } else {
                write(from, holder, state, answer);
            }
        };
        if (next != null && !next.done() && next.away() == Away.FROZEN) {
            waiting.add(what);
            next.cut(world, from, state);
            return;
        }
        request(from, what, () -> answer.accept(new Answer(NEVER_REACHED, null)));
    }

    void create(int from, String holder, ClusterLease state, Consumer<Answer> answer) {
        Runnable what = () -> {
            if (lease != null) {
                reply(from, answer, new Answer(409, lease));
            } else {
                write(from, holder, state, answer);
            }
        };
        request(from, what, () -> answer.accept(new Answer(NEVER_REACHED, null)));
    }

    private void write(int from, String holder, ClusterLease state, Consumer<Answer> answer) {
        version += world.between(1, 3);
        LeaseView next = new LeaseView(Long.toString(version), holder, state);
        world.checks.lease(lease, next);
        if (lease != null) {
            former.add(lease);
            if (former.size() > 5) {
                former.removeFirst();
            }
        }
        lease = next;
        world.tell(
                "Lease %s: %s epoch %d %s tli %d sync %s",
                next.resourceVersion(), holder, state.epoch(), state.phase(), state.timeline(), state.sync());
        reply(from, answer, new Answer(200, next));
    }

    private void answer(int from, Consumer<Answer> answer, @Nullable LeaseView found) {
        reply(from, answer, new Answer(found == null ? 404 : 200, found));
    }

    /** @param refused told when it certainly is not done and never will be */
    private void request(int from, Runnable what, Runnable refused) {
        if (world.now < downUntil && away == Away.REFUSING && !world.cut(from, World.API)) {
            world.send(World.API, from, refused);
            return;
        }
        world.send(from, World.API, () -> {
            if (world.now < downUntil) {
                if (away == Away.FROZEN) {
                    waiting.add(what);
                }
                return;
            }
            if (!world.happens(world.plot.errors())) {
                what.run();
            }
        });
    }

    private void reply(int to, Consumer<Answer> answer, Answer what) {
        if (world.now >= downUntil && !world.happens(world.plot.errors())) {
            world.send(World.API, to, () -> answer.accept(what));
        }
    }

    /** The kubelet says that a container of a pod has ended. */
    void ended(String uid, String container) {
        ended.computeIfAbsent(uid, key -> new HashSet<>()).add(container);
    }

    void containers(int from, String uid, Consumer<Set<String>> answer) {
        Runnable what = () -> {
            Set<String> found = Set.copyOf(ended.getOrDefault(uid, Set.of()));
            if (world.now >= downUntil) {
                world.send(World.API, from, () -> answer.accept(found));
            }
        };
        request(from, what, () -> {});
    }
}
