package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Problem;
import io.matriarch.instance.facts.TimelineHistory;
import io.matriarch.instance.ha.Chore;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.Observation.Failure;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Carries jobs out on the simulated PostgreSQL, with the steps of docs/contract.md, between any two of which everything may end. */
final class Work {
    private final Agent agent;
    private final Node node;
    private final World world;
    private @Nullable Job running;
    private @Nullable Chore chore;
    private boolean cancelled;
    private @Nullable Failure failure;
    private List<Integer> slots = List.of();
    private long stops;

    Work(Agent agent) {
        this.agent = agent;
        this.node = agent.node();
        this.world = node.world;
    }

    Optional<Job> running() {
        return Optional.ofNullable(running);
    }

    Optional<Chore> chore() {
        return Optional.ofNullable(chore);
    }

    List<Failure> failures() {
        return failure == null ? List.of() : List.of(failure);
    }

    List<Integer> slots() {
        return slots;
    }

    /** A receiver was stopped: what was decided before does not follow any more. */
    void stopped() {
        stops++;
    }

    boolean makesPrimary() {
        return running instanceof Job.StartPrimary || running instanceof Job.Promote;
    }

    void cancelStart() {
        cancelled = makesPrimary();
    }

    /** The container ended in the middle. */
    void tear() {
        if (running instanceof Job.Clone || running instanceof Job.Rewind) {
            node.disk.torn = node.disk.branch != null || running instanceof Job.Clone;
        }
    }

    void begin(Job job) {
        running = job;
        cancelled = false;
        world.tell("%d: %s", node.ordinal, job);
        switch (job) {
            case Job.Inspect inspect -> then(20, 200, this::inspect);
            case Job.Measure measure ->
                then(20, 400, () -> {
                    node.disk.measured = node.server == null || !node.server.alive;
                    return true;
                });
            case Job.Initdb initdb -> then(200, 900, this::initdb);
            case Job.StartPrimary start -> startPrimary(start);
            case Job.StartReplica start -> startReplica(start);
            case Job.Follow follow -> {
                long before = stops;
                then(5, 60, () -> follow(follow, before));
            }
            case Job.Pledge pledge ->
                then(5, 30, () -> {
                    agent.promise(node.disk.promise.voted(node.disk.promise.epoch(), pledge.resourceVersion()));
                    return true;
                });
            case Job.Promote promote -> promote(promote);
            case Job.ReadHistory read -> then(10, 100, () -> history(read));
            case Job.Rewind rewind -> rewind(rewind);
            case Job.Discard discard -> discard(discard);
            case Job.Clone copy -> copy(copy);
            case Job.Synchronize names ->
                then(10, 600, () -> names(new Sync(names.acknowledgements(), names.voters())));
            case Job.Confirm confirm -> confirm(new Sync(confirm.acknowledgements(), confirm.voters()));
            case Job.HandOver handOver -> handOver(handOver.terms());
            case Job.OpenGate open ->
                then(
                        5,
                        50,
                        () -> serverDo(server -> {
                            server.gate = false;
                            world.checks.read(server);
                            agent.memory().gateOpened();
                        }));
            case Job.BeginReign reign ->
                then(
                        5,
                        50,
                        () -> serverDo(server -> {
                            server.record();
                            agent.memory().reignBegan(reign.epoch());
                        }));
            case Job.KeepSlots keep ->
                then(5, 50, () -> {
                    slots = keep.ordinals();
                    agent.memory().awaited(keep.awaited());
                    agent.slotsKept();
                    return true;
                });
            case Job.CopySlots copy ->
                then(5, 50, () -> {
                    agent.memory().slotsCopied(node.time());
                    return true;
                });
            case Job.Stop stop ->
                then(50, 500, () -> {
                    if (node.server != null) {
                        node.server.end(true);
                        node.server = null;
                    }
                    return true;
                });
            case Job.Apply apply -> then(5, 50, () -> true);
            case Job.SetPasswords set -> then(5, 50, () -> true);
        }
    }

    /** Beside whatever job there is or begins; the server may be another one when it ends. */
    void begin(Chore next) {
        chore = next;
        world.tell("%d: %s", node.ordinal, next);
        int timeline = node.disk.branch == null ? 0 : node.disk.branch.timeline();
        Server server = node.server;
        switch (next) {
            case Chore.Checkpoint checkpoint ->
                node.later(agent, world.between(50, 2_000), () -> {
                    if (server != null && server == node.server && server.runs()) {
                        agent.memory().checkpointed(timeline);
                    }
                    chore = null;
                    agent.news();
                });
        }
    }

    /** Ends the job after a while, as failed when the step says so. */
    private void then(int least, int most, BooleanSupplier step) {
        Job job = running;
        node.later(agent, world.between(least, most), () -> {
            if (running == job) {
                end(step.getAsBoolean());
            }
        });
    }

    private void end(boolean ok) {
        Job job = Objects.requireNonNull(running);
        running = null;
        if (ok) {
            failure = failure != null && failure.task().getClass() == job.getClass() ? null : failure;
        } else {
            int attempts = failure != null && failure.task().getClass() == job.getClass() ? failure.attempts() + 1 : 1;
            failure = new Failure(
                    job,
                    attempts,
                    node.time(),
                    agent.settings().toString(),
                    new Problem(job instanceof Job.Rewind ? "RewindFailed" : "Failed", "simulated"));
        }
        agent.news();
    }

    /** False when no server runs that could. */
    private boolean serverDo(Consumer<Server> what) {
        Server server = node.server;
        if (server == null || !server.runs()) {
            return false;
        }
        what.accept(server);
        return true;
    }

    /** Whether the data is about to be replaced: what becomes of it is not certain. */
    boolean replaces() {
        return running instanceof Job.Rewind || running instanceof Job.Discard || running instanceof Job.Clone;
    }

    private boolean inspect() {
        if (node.disk.torn) {
            node.disk.clear();
        }
        return true;
    }

    private boolean initdb() {
        if (cancelled) {
            return false;
        }
        node.disk.branch = new Branch(1, null, 0, node.ordinal, 1);
        node.disk.lsn = 1_000;
        node.disk.known = 1_000;
        node.disk.clean = true;
        return true;
    }

    private void startPrimary(Job.StartPrimary start) {
        agent.memory().begins();
        node.disk.timelines.put(
                start.epoch(), Objects.requireNonNull(node.disk.branch).timeline());
        node.disk.primaryEpoch = start.epoch();
        Server server = new Server(node);
        node.server = server;
        server.recovery = false;
        server.epoch = start.epoch();
        server.gate = start.behindGate();
        node.disk.standby = false;
        node.disk.clean = false;
        then(30, 800, () -> {
            if (cancelled || node.server != server || !server.alive) {
                return false;
            }
            server.accepting = true;
            world.checks.primary(server);
            server.visible = node.disk.lsn;
            if (start.behindGate()) {
                agent.memory().gated(node.disk.lsn);
            } else {
                world.checks.read(server);
            }
            server.record();
            server.writes();
            return true;
        });
    }

    private void startReplica(Job.StartReplica start) {
        agent.memory().begins();
        Server server = new Server(node);
        server.recovery = true;
        node.server = server;
        node.disk.standby = true;
        long before = stops;
        then(30, 600, () -> {
            if (node.server != server) {
                return false;
            }
            if (node.disk.rewound && start.address() == null) {
                world.checks.violated("%d waits for WAL, and is to follow nobody".formatted(node.ordinal));
            }
            node.disk.rewound = false;
            server.accepting = true;
            if (start.address() != null && stops == before) {
                server.follow(start.address());
            }
            return true;
        });
    }

    private boolean follow(Job.Follow follow, long before) {
        Server server = node.server;
        if (server == null || !server.alive || !server.recovery || stops != before) {
            return false;
        }
        boolean further = follow.upTo() > 0 && node.disk.lsn > follow.upTo();
        boolean refused = further && !node.flawed(Parts.Flaw.FOLLOWS_UNCOMPARED);
        server.follow(refused ? null : follow.address());
        return !refused;
    }

    private void promote(Job.Promote promote) {
        Server server = node.server;
        if (server == null || !server.alive) {
            then(1, 5, () -> false);
            return;
        }
        agent.memory().begins();
        Branch old = Objects.requireNonNull(node.disk.branch);
        int timeline = promote.timeline();
        node.disk.timelines.put(promote.epoch(), timeline);
        node.disk.primaryEpoch = promote.epoch();
        boolean fails = world.happens(world.plot.broken());
        then(20, 150, () -> {
            if (cancelled || fails || node.server != server || !server.alive) {
                return false;
            }
            if (server.recovery) {
                server.stopReceiving();
                Branch next = new Branch(timeline, old, node.disk.lsn, node.ordinal, promote.epoch());
                node.disk.branch = next;
                node.disk.standby = false;
                node.disk.clean = false;
                server.recovery = false;
                server.epoch = promote.epoch();
                server.record();
                agent.memory().history(next.history());
                world.checks.primary(server);
                server.writes();
            }
            return true;
        });
    }

    private @Nullable Server primaryAt(String address) {
        int there = Node.ordinal(address);
        Server server = world.nodes.get(there).server;
        boolean reached = !world.cut(node.ordinal, there) && !world.cut(there, node.ordinal);
        return reached && server != null && server.runs() && server.primary() ? server : null;
    }

    private boolean history(Job.ReadHistory read) {
        Server primary = primaryAt(read.address());
        if (primary == null) {
            return false;
        }
        TimelineHistory history = Objects.requireNonNull(primary.disk.branch).history();
        if (history.timeline() != read.timeline()) {
            return false;
        }
        agent.memory().history(history);
        return true;
    }

    private void rewind(Job.Rewind rewind) {
        if (node.server != null) {
            node.server.end(true);
            node.server = null;
        }
        then(100, 1_500, () -> {
            Server primary = primaryAt(rewind.address());
            Branch ours = Objects.requireNonNull(node.disk.branch);
            if (primary == null || Objects.requireNonNull(primary.disk.branch).timeline() != rewind.timeline()) {
                return false;
            }
            if (world.happens(world.plot.broken())) {
                node.disk.torn = true;
                return false;
            }
            Branch theirs = Objects.requireNonNull(primary.disk.branch);
            if (theirs.numbered(ours.timeline()) != ours) {
                world.checks.violated("I3: %d is rewound from %s to %s, which does not come from it"
                        .formatted(node.ordinal, ours, theirs));
            }
            world.checks.replaced(node, primary);
            node.disk.branch = theirs;
            node.disk.lsn = primary.disk.lsn;
            node.disk.known = primary.disk.lsn;
            node.disk.clean = true;
            node.disk.standby = true;
            node.disk.rewound = true;
            node.disk.measured = false;
            node.disk.timelines.values().removeIf(number -> number >= theirs.timeline());
            return true;
        });
    }

    private void discard(Job.Discard discard) {
        if (node.server != null) {
            node.server.end(true);
            node.server = null;
        }
        then(20, 200, () -> {
            if (discard.request() == null) {
                world.checks.discarded(node);
            }
            agent.promise(node.disk.promise.rebuilding(discard.request()));
            node.disk.clear();
            return true;
        });
    }

    private void copy(Job.Clone copy) {
        String address = copy.address();
        Server from = node.flawed(Parts.Flaw.CLONE_FROM_STANDBY) ? anyReplica() : primaryAt(address);
        if (from == null) {
            then(50, 500, () -> false);
            return;
        }
        then(300, 4_000, () -> {
            if (!from.runs()) {
                return false;
            }
            node.disk.branch = from.disk.branch;
            node.disk.lsn = from.disk.lsn;
            node.disk.known = from.disk.lsn;
            node.disk.clean = true;
            node.disk.standby = true;
            return true;
        });
    }

    private @Nullable Server anyReplica() {
        return world.nodes.stream()
                .map(other -> other.server)
                .filter(server -> server != null && server.runs() && server.accepting && server.recovery)
                .findFirst()
                .orElse(null);
    }

    private boolean names(Sync names) {
        Server server = node.server;
        if (server != null && server.alive) {
            if (!server.runs()) {
                agent.memory().synchronizingUnknown();
                return false;
            }
            if (!server.recovery || !node.flawed(Parts.Flaw.NAMES_FORGOTTEN)) {
                server.names(names);
            }
        } else if (!node.flawed(Parts.Flaw.NAMES_FORGOTTEN)) {
            node.disk.names = names;
        }
        agent.memory().synchronizing(names);
        return true;
    }

    private void confirm(Sync names) {
        Server server = node.server;
        long lsn = server == null ? 0 : server.record();
        long until = world.now + 3_000;
        awaitFlushed(names, lsn, until);
    }

    private void awaitFlushed(Sync names, long lsn, long until) {
        then(20, 100, () -> {
            Server server = node.server;
            if (server == null || !server.runs() || world.now > until) {
                return false;
            }
            if (!node.flawed(Parts.Flaw.HASTY_CONFIRM)
                    && server.flushedBy(names.acknowledgements(), names.voters()) < lsn) {
                return false;
            }
            agent.memory().confirmed(names);
            return true;
        });
    }

    private void handOver(Job.Terms terms) {
        Server server = node.server;
        if (!terms.insists() && world.happens(0.2)) {
            // Replay lags: then nothing is begun.
            then(100, 3_000, () -> false);
            return;
        }
        if (server == null || !server.primary()) {
            then(1, 5, () -> false);
            return;
        }
        server.stopping = true;
        then(100, 900, () -> {
            if (node.server != server || !server.runs()) {
                killIfThere(server);
                return false;
            }
            long end = node.disk.lsn;
            node.disk.lsn += 10;
            for (Node other : world.nodes) {
                boolean connected = other.server != null
                        && !other.detachedFrom(server)
                        && other.server.runs()
                        && !world.cut(node.ordinal, other.ordinal);
                if (connected && other.disk.branch == node.disk.branch && world.happens(0.95)) {
                    other.disk.lsn = node.disk.lsn;
                }
            }
            server.end(true);
            node.server = null;
            agent.memory().handedOver(end, node.time());
            return true;
        });
    }

    private void killIfThere(Server server) {
        if (node.server == server) {
            server.end(false);
            node.server = null;
        }
    }
}
