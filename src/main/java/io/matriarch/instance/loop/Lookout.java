package io.matriarch.instance.loop;

import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.fence.Guard;
import io.matriarch.instance.ha.Chore;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.LeaseSnapshot;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.ha.Observation;
import io.matriarch.instance.lease.LeaseKeeper;
import io.matriarch.instance.postgres.Postgres;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Observes everything that a decision is made from at one moment: for the loop, and for the answers to other members. */
public final class Lookout {
    private static final Duration LOOK = Duration.ofSeconds(2);

    private final String identity;
    private final Postgres postgres;
    private final Documents documents;
    private final Jobs jobs;
    private final Worker worker;
    private final Lane<Chore> chores;
    private final LeaseKeeper lease;
    private final Guard guard;
    private final Upstream upstream;
    private final Failures failures;
    private final Memory memory;
    private final Supplier<Duration> now;
    private final News news;
    private volatile Duration serverGone = Duration.ZERO;
    private volatile Duration slotsKept = Duration.ZERO;

    public Lookout(
            Me me,
            Postgres postgres,
            Documents documents,
            Jobs jobs,
            Worker worker,
            Lane<Chore> chores,
            LeaseKeeper lease,
            Guard guard,
            Upstream upstream,
            Failures failures,
            Memory memory,
            Supplier<Duration> now,
            News news) {
        this.identity = me.identity();
        this.postgres = postgres;
        this.documents = documents;
        this.jobs = jobs;
        this.worker = worker;
        this.chores = chores;
        this.lease = lease;
        this.guard = guard;
        this.upstream = upstream;
        this.failures = failures;
        this.memory = memory;
        this.now = now;
        this.news = news;
    }

    /** When PostgreSQL was last seen to have ended. */
    Duration serverGone() {
        return serverGone;
    }

    void serverGone(Duration at) {
        serverGone = at;
    }

    void slotsKept(Duration at) {
        slotsKept = at;
    }

    /** The state of the server, as far as it may be queried while this job runs. */
    ServerState server(Optional<Job> running) {
        return running.filter(Job::changesTheData).isPresent() ? ServerState.none() : postgres.observe(LOOK);
    }

    /** The present observation; may be called from any thread. */
    public Observation look() {
        Optional<Job> running = worker.running();
        return look(running, chores.running(), server(running));
    }

    Observation look(Optional<Job> running, Optional<Chore> chore, ServerState server) {
        boolean replacing = running.filter(Job::changesTheData).isPresent();
        LeaseSnapshot known = lease.snapshot();
        boolean mine =
                known.lease().filter(view -> view.holder().equals(identity)).isPresent();
        // The volume is inspected again before this member follows another one. After a primary ended, what is known of
        // its volume still holds, and its disk may hang.
        boolean unknown = replacing || !mine && jobs.stale() && !server.process() && running.isEmpty();
        return new Observation(
                now.get(),
                documents.settings(),
                known.lease(),
                known.seen(),
                known.proof().filter(sent -> sent.compareTo(guard.awake()) > 0),
                documents.remembered(),
                serverGone,
                unknown ? Optional.empty() : jobs.volume(),
                server,
                upstream.address(),
                running,
                chore,
                failures.list(),
                jobs.slots(),
                slotsKept,
                jobs.passwordsWanted(),
                news.stopping(),
                memory.knowledge());
    }
}
