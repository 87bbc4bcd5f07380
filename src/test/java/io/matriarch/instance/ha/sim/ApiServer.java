package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.json.Node;
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
    private @Nullable LeaseView lease = new LeaseView("100", "", ClusterLease.vacant(), Node.MISSING);
    private long version = 100;
    private long downUntil;
    private final Deque<LeaseView> former = new ArrayDeque<>();
    private final Map<String, Set<String>> ended = new HashMap<>();

    ApiServer(World world) {
        this.world = world;
    }

    /** What a request came to; a Lease that is not there is null. */
    record Answer(int status, @Nullable LeaseView lease) {}

    void down(long until) {
        downUntil = Math.max(downUntil, until);
    }

    void heal() {
        downUntil = 0;
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
        request(from, () -> answer(from, answer, cached && !former.isEmpty() ? former.getFirst() : lease));
    }

    void put(int from, String at, String holder, ClusterLease state, Consumer<Answer> answer) {
        request(from, () -> {
            if (lease == null) {
                reply(from, answer, new Answer(404, null));
            } else if (!lease.resourceVersion().equals(at)) {
                reply(from, answer, new Answer(409, lease));
            } else {
                write(from, holder, state, answer);
            }
        });
    }

    void create(int from, String holder, ClusterLease state, Consumer<Answer> answer) {
        request(from, () -> {
            if (lease != null) {
                reply(from, answer, new Answer(409, lease));
            } else {
                write(from, holder, state, answer);
            }
        });
    }

    private void write(int from, String holder, ClusterLease state, Consumer<Answer> answer) {
        version += world.between(1, 3);
        LeaseView next = new LeaseView(Long.toString(version), holder, state, Node.MISSING);
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

    private void request(int from, Runnable what) {
        world.send(from, World.API, () -> {
            if (world.now < downUntil || world.happens(world.plot.errors())) {
                return;
            }
            what.run();
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
        request(from, () -> {
            Set<String> found = Set.copyOf(ended.getOrDefault(uid, Set.of()));
            if (world.now >= downUntil) {
                world.send(World.API, from, () -> answer.accept(found));
            }
        });
    }
}
