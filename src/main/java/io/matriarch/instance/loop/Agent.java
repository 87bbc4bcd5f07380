package io.matriarch.instance.loop;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.fence.BootClock;
import io.matriarch.instance.fence.Guard;
import io.matriarch.instance.ha.Chore;
import io.matriarch.instance.ha.Decision;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.ha.Observation;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.kube.PodReporter;
import io.matriarch.instance.lease.LeaseKeeper;
import io.matriarch.instance.net.AgentServer;
import io.matriarch.instance.net.AgentServer.Readiness;
import io.matriarch.instance.peers.Greetings;
import io.matriarch.instance.peers.Questions;
import io.matriarch.instance.postgres.Postgres;
import io.matriarch.instance.postgres.PostgresException;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop: look, decide, act. Long tasks run beside it ({@link Worker}), another thread keeps the Lease ({@link LeaseKeeper}), and a third one
 * does nothing but stop a PostgreSQL that must not continue ({@link Guard}), so that none of them hangs because another one does.
 */
public final class Agent implements AgentServer.Member {
    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);
    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final Duration BUSY = Duration.ofMillis(50);
    /** Pause while waiting for other members; their news wakes the loop anyway. */
    private static final Duration LOOKING = Duration.ofMillis(100);

    private static final Duration CERTIFICATES = Duration.ofSeconds(10);
    private static final Duration STUCK = Duration.ofSeconds(30);
    private static final Duration CATCH_UP = Duration.ofSeconds(10);

    private final Postgres postgres;
    private final Documents documents;
    private final Lookout lookout;
    private final Jobs jobs;
    private final Worker worker;
    private final Lane<Chore> chores;
    private final LeaseKeeper lease;
    private final Protocol protocol;
    private final Memory memory;
    private final Upstream upstream;
    private final Questions questions;
    private final Greetings greetings;
    private final PodReporter reporter;
    private final BootClock clock;
    private final News news;
    private final Guard guard;
    private final Succession succession;
    private final RoleLabel label;
    private final Failures failures;
    private volatile Duration turned = Duration.ZERO;
    private volatile Readiness readiness = new Readiness(false, "starting");
    private volatile MemberReport report = MemberReport.none();
    private boolean serverWas;
    private Duration accepting = Duration.ZERO;
    private Duration certificatesSeen = Duration.ZERO;
    private boolean wasReceiving;
    /** The job that has just ended had to end PostgreSQL. */
    private boolean endedByJob;

    public Agent(
            Me me,
            Postgres postgres,
            Documents documents,
            Lookout lookout,
            Failures failures,
            Jobs jobs,
            Worker worker,
            Lane<Chore> chores,
            LeaseKeeper lease,
            Protocol protocol,
            Memory memory,
            Upstream upstream,
            Questions questions,
            Greetings greetings,
            Guard guard,
            PodReporter reporter,
            BootClock clock,
            News news) {
        this.succession = new Succession(me.identity(), me.pod());
        this.label = new RoleLabel(me);
        this.postgres = postgres;
        this.documents = documents;
        this.lookout = lookout;
        this.failures = failures;
        this.jobs = jobs;
        this.worker = worker;
        this.chores = chores;
        this.lease = lease;
        this.protocol = protocol;
        this.memory = memory;
        this.upstream = upstream;
        this.questions = questions;
        this.greetings = greetings;
        this.guard = guard;
        this.reporter = reporter;
        this.clock = clock;
        this.news = news;
    }

    /** Tells the loop to end: it stops PostgreSQL and gives the Lease back. */
    public void stop() {
        news.stop();
    }

    /** Runs the loop until this pod must end and nothing is left to do. */
    public void run() throws InterruptedException {
        guard.start();
        IdleHeap heap = new IdleHeap(System.nanoTime(), Runtime.getRuntime()::totalMemory, System::gc);
        boolean over = false;
        while (!over) {
            Duration pause = BUSY;
            try {
                Observation seen = observe();
                Decision decision = protocol.decide(seen);
                memory.decided(seen, decision);
                act(seen, decision);
                over = decision.exit();
                boolean settled = settled(seen, decision);
                if (!seen.server().accepting()) {
                    heap.busy(System.nanoTime());
                } else if (settled) {
                    heap.quiet(System.nanoTime());
                }
                pause = settled ? IDLE : decision.lease() instanceof LeaseWish.Watch ? LOOKING : BUSY;
            } catch (RuntimeException e) {
                // Guard and fuse keep working. If the error persists, /live fails and the kubelet restarts the
                // container.
                LOG.error("a turn of the loop failed", e);
            }
            if (!over) {
                news.await(pause);
            }
        }
        LOG.info("nothing left to do: good-bye");
    }

    /** Whether nothing is under way that may change in a moment without any news. */
    private boolean settled(Observation seen, Decision decision) {
        boolean serves = seen.lease()
                .filter(view ->
                        view.state().phase() == Phase.Serving && !view.holder().isEmpty())
                .isPresent();
        return worker.running().isEmpty()
                && decision.asks().isEmpty()
                && decision.kill().isEmpty()
                && (seen.lease().isEmpty() || seen.server().accepting() && serves);
    }

    private void act(Observation seen, Decision decision) {
        LeaseWish wish = decision.lease();
        // The Lease is given back only when nothing is left that could write.
        if (!(wish instanceof LeaseWish.Release) || guard.end()) {
            lease.wish(wish, seen.server().process() || handsOver(seen) ? Duration.ZERO : lookout.serverGone());
        }
        decision.kill().ifPresent(guard::kill);
        // A replica is not started before the guard is done with the primary that this member was. A primary is not
        // started if a write that gives up the Lease was sent since this was decided.
        decision.job()
                .filter(job ->
                        !(job instanceof Job.StartsReplica) || worker.primary().isEmpty())
                .filter(job -> !(job instanceof Job.StartsPrimary)
                        || memory.leaving().equals(seen.knowledge().leaving()))
                .ifPresent(job -> {
                    if (job instanceof Job.HandOver) {
                        // Greet before the shutdown begins: after that, each handshake is time without a primary.
                        seen.lease().ifPresent(greetings::greet);
                    }
                    upstream.decided();
                    worker.begin(job);
                });
        decision.chore().ifPresent(chores::begin);
        if (news.stopping()) {
            worker.running().filter(Job::mayBeCutShort).ifPresent(worker::cancel);
            chores.running().ifPresent(chores::cancel);
        }
        decision.asks().forEach(questions::ask);
        tell(seen, decision.report());
        refreshCertificates(seen);
        turned = clock.now();
    }

    /** Whether this member hands over: then nothing is started, and no renewal must get in the way of the hand-over of the Lease. */
    private static boolean handsOver(Observation seen) {
        return seen.knowledge().own().handedOver() > 0
                || seen.running().filter(job -> job instanceof Job.HandOver).isPresent();
    }

    /** Mounted certificates are renewed long before they expire; replicas need the new ones as much as the primary does. */
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

    /** What to decide on; records everything that has changed since the last turn. */
    private Observation observe() {
        upstream.looked();
        // Read the job first and the server after it: a start that ends in between must not look as if it had never
        // begun.
        Optional<Job> running = worker.running();
        Optional<Chore> chore = chores.running();
        worker.take().ifPresent(done -> note(done, clock.now()));
        chores.take().ifPresent(done -> failures.ended(done.task(), done.problem(), clock.now(), revision()));
        ServerState server = lookout.server(running);
        Duration now = clock.now();
        if (serverWas && !server.process()) {
            lookout.serverGone(now);
            jobs.serverEnded();
            boolean byItself = !guard.tookAHand() && !news.stopping() && !endedByJob;
            if (byItself && running.map(Job::leavesTheServerAlone).orElse(true)) {
                died(server, now);
            }
        }
        serverWas = server.process();
        endedByJob = false;
        accepting = server.accepting() ? (accepting.isZero() ? now : accepting) : Duration.ZERO;
        failures.serving(server.accepting() ? now.minus(accepting) : Duration.ZERO);
        wasReceiving = server.accepting() && (wasReceiving || server.receiving());
        Optional<LeaseView> view = lease.snapshot().lease();
        view.ifPresent(known -> documents.leaseSeen(known.state()));
        memory.server(
                server,
                view.map(known -> known.state().sync())
                        .map(ClusterLease.Sync::acknowledgements)
                        .orElse(0),
                now);
        return lookout.look(running, chore, server);
    }

    private void note(Lane.Done<Job> done, Duration now) {
        Optional<Problem> problem = done.problem();
        if ((done.task() instanceof Job.Inspect || done.task() instanceof Job.Measure) && problem.isEmpty()) {
            problem = jobs.volume().map(VolumeState::problem);
        }
        failures.ended(done.task(), problem, now, revision());
        boolean started = done.task().starts() && problem.isEmpty();
        if (started) {
            guard.tookAHand();
        }
        if (done.task().starts() && problem.isPresent() || done.task() instanceof Job.Stop) {
            lookout.serverGone(now);
        }
        endedByJob = !done.task().leavesTheServerAlone() && !done.task().starts();
        if (done.task() instanceof Job.KeepSlots) {
            lookout.slotsKept(now);
        }
    }

    private void died(ServerState server, Duration now) {
        String words = server.exit() == null ? "its log says why" : server.exit();
        LOG.error("PostgreSQL ended by itself: {}", words);
        Job start = worker.primary().orElseGet(() -> new Job.StartReplica(upstream.address()));
        failures.died(start, words, now, revision());
    }

    private @Nullable String revision() {
        return documents.settings().map(Settings::toString).orElse(null);
    }

    private void tell(Observation seen, MemberReport decided) {
        MemberReport next = succession.told(seen, decided);
        report = next;
        Optional<String> role = label.of(next.role(), hasCaughtUp(seen), seen.lease(), seen.now());
        if (!takesOffice(seen, next)) {
            reporter.publish(role, next);
        } else if (seen.lease().filter(label::begins).isPresent()) {
            reporter.label(Labels.PRIMARY);
        }
        readiness = readiness(seen, next, role);
    }

    /** A primary that has yet to write down its reign: it reports that in a moment, and its state until then is not worth a report. */
    private static boolean takesOffice(Observation seen, MemberReport next) {
        ServerState server = seen.server();
        return next.role() == MemberReport.Role.None
                && next.problem() == null
                && server.accepting()
                && !server.inRecovery()
                && seen.knowledge().own().gate() == 0
                && seen.failures().stream().noneMatch(failure -> failure.task() instanceof Job.BeginReign)
                && !seen.stopping();
    }

    /** Whether a replica has received something, or has had the time to do so. */
    private boolean hasCaughtUp(Observation seen) {
        return wasReceiving
                || seen.server().accepting() && seen.now().minus(accepting).compareTo(CATCH_UP) > 0;
    }

    private Readiness readiness(Observation seen, MemberReport now, Optional<String> role) {
        if (seen.stopping()) {
            return new Readiness(false, "stopping");
        }
        return switch (now.role()) {
            case Primary -> {
                boolean proven = Stream.concat(seen.proof().stream(), seen.knowledge().failsafe().stream())
                        .anyMatch(proof -> seen.now()
                                        .minus(proof)
                                        .compareTo(protocol.timers(seen.lease()).stop())
                                < 0);
                if (!proven || !role.equals(Optional.of(Labels.PRIMARY))) {
                    yield new Readiness(false, "a primary that cannot prove that it holds the Lease");
                }
                yield new Readiness(reporter.shows(Labels.PRIMARY), "the pod's label is not written yet");
            }
            case Replica -> new Readiness(hasCaughtUp(seen), "a replica that does not stream yet");
            case None ->
                new Readiness(
                        false,
                        now.problem() == null
                                ? now.state().toString()
                                : now.problem().message());
        };
    }

    /** Whether, as of the last turn, a primary serves here and nothing is stopping it. */
    public boolean leads() {
        return report.role() == MemberReport.Role.Primary
                && !news.stopping()
                && worker.running().map(Job::leavesTheServerAlone).orElse(true);
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
