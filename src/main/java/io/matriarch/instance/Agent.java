package io.matriarch.instance;

import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.ha.Decision;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.Observation;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.ha.Timers;
import io.matriarch.instance.kube.PodReporter;
import io.matriarch.instance.net.AgentServer;
import io.matriarch.instance.net.AgentServer.Readiness;
import io.matriarch.instance.postgres.Postgres;
import io.matriarch.instance.postgres.Postgres.ServerState;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import io.matriarch.instance.postgres.PostgresException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop: look, decide, act. What takes long runs beside it ({@link Worker}), the Lease is kept beside it ({@link LeaseKeeper}), and a
 * third thread does nothing but stop a PostgreSQL that may not go on ({@link Guard}), so that no hang of one holds up another.
 */
final class Agent implements AgentServer.Member {
    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);
    private static final Duration LOOK = Duration.ofSeconds(2);
    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final Duration BUSY = Duration.ofMillis(100);
    private static final Duration CERTIFICATES = Duration.ofSeconds(10);
    private static final Duration STUCK = Duration.ofSeconds(30);
    private static final Duration CATCH_UP = Duration.ofSeconds(10);

    private final Postgres postgres;
    private final Documents documents;
    private final Jobs jobs;
    private final Worker worker;
    private final LeaseKeeper lease;
    private final Protocol protocol;
    private final PodReporter reporter;
    private final BootClock clock;
    private final Timers timers;
    private final News news;
    private final Failures failures = new Failures();
    private final Guard guard;
    private volatile boolean stopping;
    private volatile Duration turned = Duration.ZERO;
    private volatile Readiness readiness = new Readiness(false, "starting");
    private volatile MemberReport report = MemberReport.none();
    private boolean serverWas;
    private Duration serverGone = Duration.ZERO;
    private Duration slotsKept = Duration.ZERO;
    private Duration accepting = Duration.ZERO;
    private Duration certificatesSeen = Duration.ZERO;
    private boolean wasReceiving;

    Agent(
            Postgres postgres,
            Documents documents,
            Jobs jobs,
            LeaseKeeper lease,
            Protocol protocol,
            PodReporter reporter,
            BootClock clock,
            Timers timers,
            FuseDeadline fuse,
            News news) {
        this.postgres = postgres;
        this.documents = documents;
        this.jobs = jobs;
        this.worker = new Worker(jobs, news::tell);
        this.lease = lease;
        this.protocol = protocol;
        this.reporter = reporter;
        this.clock = clock;
        this.timers = timers;
        this.news = news;
        this.guard = new Guard(
                postgres,
                worker,
                lease::snapshot,
                new Suspension(clock::now, Suspension::monotonic),
                protocol,
                fuse,
                clock::now,
                news::tell);
    }

    /** Something happened: look now. */
    static final class News {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition told = lock.newCondition();
        private boolean any;

        void tell() {
            lock.lock();
            try {
                any = true;
                told.signalAll();
            } finally {
                lock.unlock();
            }
        }

        private void await(Duration longest) throws InterruptedException {
            lock.lock();
            try {
                if (!any) {
                    told.await(longest.toMillis(), TimeUnit.MILLISECONDS);
                }
                any = false;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Asks the loop to end: PostgreSQL is stopped, the Lease given back. */
    void stop() {
        stopping = true;
        news.tell();
    }

    /** Turns until {@link #stop} was asked for and nothing is left to do. */
    void run() throws InterruptedException {
        guard.start();
        boolean over = false;
        while (!over) {
            Duration pause = BUSY;
            try {
                Observation seen = observe();
                over = act(seen);
                boolean settled = worker.running().isEmpty()
                        && (seen.server().accepting() || seen.lease().isEmpty());
                pause = settled ? IDLE : BUSY;
            } catch (RuntimeException e) {
                // Guard and fuse go on; when this does not pass, /live fails and the kubelet starts anew.
                LOG.error("a turn of the loop failed", e);
            }
            if (!over) {
                news.await(pause);
            }
        }
        LOG.info("nothing left to do: good-bye");
    }

    /** Returns whether nothing is left to do. */
    private boolean act(Observation seen) {
        Decision decision = protocol.decide(seen);
        lease.wish(decision.lease(), seen.server().process() ? Duration.ZERO : serverGone);
        // A replica is not started before the guard is done with the primary that this member was.
        decision.job()
                .filter(job ->
                        !(job instanceof Job.StartReplica) || worker.primary().isEmpty())
                .ifPresent(worker::begin);
        if (stopping) {
            worker.running().filter(Agent::mayBeCutShort).ifPresent(worker::cancel);
        }
        tell(seen, decision.report());
        refreshCertificates(seen);
        turned = clock.now();
        return decision.exit();
    }

    /** What takes long and is done again from its beginning, or goes on where it was, after the next start. */
    private static boolean mayBeCutShort(Job job) {
        return job instanceof Job.Initdb || job instanceof Job.Clone || Failures.starts(job);
    }

    /** Mounted certificates are renewed long before they end; replicas need the new ones as much as the primary does. */
    private void refreshCertificates(Observation seen) {
        if (seen.server().accepting() && seen.now().minus(certificatesSeen).compareTo(CERTIFICATES) >= 0) {
            certificatesSeen = seen.now();
            try {
                postgres.refreshCertificates();
            } catch (PostgresException e) {
                LOG.warn("{}", e.getMessage());
            }
        }
    }

    private Observation observe() {
        // The job first and the server after it: a start that ends in between must not look like one that never began.
        Optional<Job> running = worker.running();
        worker.take().ifPresent(done -> note(done, clock.now()));
        boolean making = running.filter(job -> job instanceof Job.Initdb || job instanceof Job.Clone)
                .isPresent();
        ServerState server = making ? ServerState.none() : postgres.observe(LOOK);
        Duration now = clock.now();
        if (serverWas && !server.process()) {
            serverGone = now;
            boolean byItself = !guard.tookAHand() && !stopping;
            if (byItself && running.map(Agent::leavesTheServerAlone).orElse(true)) {
                died(server, now);
            }
        }
        serverWas = server.process();
        accepting = server.accepting() ? (accepting.isZero() ? now : accepting) : Duration.ZERO;
        failures.serving(server.accepting() ? now.minus(accepting) : Duration.ZERO);
        wasReceiving = server.accepting() && (wasReceiving || server.receiving());
        LeaseKeeper.Snapshot known = lease.snapshot();
        known.lease().ifPresent(view -> documents.leaseSeen(view.state()));
        Optional<VolumeState> volume = making ? Optional.empty() : jobs.volume();
        return new Observation(
                now,
                documents.settings(),
                known.lease(),
                known.seen(),
                known.proof(),
                documents.remembered(),
                serverGone,
                volume,
                server,
                jobs.following(),
                running,
                failures.list(),
                jobs.slots(),
                slotsKept,
                jobs.passwordsWanted(),
                stopping);
    }

    private void note(Worker.Done done, Duration now) {
        Optional<Problem> problem = done.problem();
        if (done.job() instanceof Job.Inspect && problem.isEmpty()) {
            problem = jobs.volume().map(VolumeState::problem);
        }
        failures.ended(done.job(), problem, now, revision());
        boolean started = Failures.starts(done.job()) && problem.isEmpty();
        if (started) {
            guard.tookAHand();
        }
        if (Failures.starts(done.job()) && problem.isPresent() || done.job() instanceof Job.Stop) {
            serverGone = now;
        }
        if (done.job() instanceof Job.KeepSlots) {
            slotsKept = now;
        }
    }

    private static boolean leavesTheServerAlone(Job job) {
        return !Failures.starts(job) && !(job instanceof Job.Stop) && !(job instanceof Job.Discard);
    }

    private void died(ServerState server, Duration now) {
        String words = server.exit() == null ? "its log says why" : server.exit();
        LOG.error("PostgreSQL ended by itself: {}", words);
        Job start = worker.primary().orElseGet(() -> new Job.StartReplica(jobs.following()));
        failures.died(start, words, now, revision());
    }

    private @Nullable String revision() {
        return documents.settings().map(Settings::toString).orElse(null);
    }

    private void tell(Observation seen, MemberReport next) {
        report = next;
        String role = switch (next.role()) {
            case Primary ->
                seen.lease().map(view -> view.state().phase() == Phase.Serving).orElse(false)
                        ? Labels.PRIMARY
                        : Labels.UNHEALTHY;
            case Replica -> Labels.REPLICA;
            case None -> Labels.UNHEALTHY;
        };
        reporter.publish(role, next);
        readiness = readiness(seen, next, role);
    }

    private Readiness readiness(Observation seen, MemberReport now, String role) {
        if (seen.stopping()) {
            return new Readiness(false, "stopping");
        }
        return switch (now.role()) {
            case Primary -> {
                boolean proven = seen.proof()
                        .map(proof -> seen.now().minus(proof).compareTo(timers.stop()) < 0)
                        .orElse(false);
                if (!proven || !role.equals(Labels.PRIMARY)) {
                    yield new Readiness(false, "a primary that cannot prove that it holds the Lease");
                }
                yield new Readiness(reporter.shows(role), "the pod's label is not written yet");
            }
            case Replica ->
                new Readiness(
                        wasReceiving || seen.now().minus(accepting).compareTo(CATCH_UP) > 0,
                        "a replica that does not stream yet");
            case None ->
                new Readiness(
                        false,
                        now.problem() == null
                                ? now.state().toString()
                                : now.problem().message());
        };
    }

    @Override
    public boolean alive() {
        return clock.now().minus(turned).compareTo(STUCK) < 0;
    }

    @Override
    public Readiness readiness() {
        return readiness;
    }

    @Override
    public MemberReport report() {
        return report;
    }
}
