package io.matriarch.instance;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Ports;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.fence.BootClock;
import io.matriarch.instance.fence.FuseDeadline;
import io.matriarch.instance.fence.Guard;
import io.matriarch.instance.fence.Pauses;
import io.matriarch.instance.fence.Suspension;
import io.matriarch.instance.ha.Chore;
import io.matriarch.instance.ha.Failsafe;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.ha.Timers;
import io.matriarch.instance.ha.Voter;
import io.matriarch.instance.kube.KubeApi;
import io.matriarch.instance.kube.LeaseApi;
import io.matriarch.instance.kube.PodReporter;
import io.matriarch.instance.kube.Pods;
import io.matriarch.instance.lease.ContainerIdentity;
import io.matriarch.instance.lease.FailsafeRounds;
import io.matriarch.instance.lease.LeaseKeeper;
import io.matriarch.instance.lease.Promises;
import io.matriarch.instance.loop.Agent;
import io.matriarch.instance.loop.Documents;
import io.matriarch.instance.loop.FailoverJobs;
import io.matriarch.instance.loop.Failures;
import io.matriarch.instance.loop.Jobs;
import io.matriarch.instance.loop.Lane;
import io.matriarch.instance.loop.Lookout;
import io.matriarch.instance.loop.News;
import io.matriarch.instance.loop.Prober;
import io.matriarch.instance.loop.Upstream;
import io.matriarch.instance.loop.Worker;
import io.matriarch.instance.net.AgentServer;
import io.matriarch.instance.net.MetricsText;
import io.matriarch.instance.net.PeerClient;
import io.matriarch.instance.peers.Answers;
import io.matriarch.instance.peers.Deposition;
import io.matriarch.instance.peers.Greetings;
import io.matriarch.instance.peers.Once;
import io.matriarch.instance.peers.Questions;
import io.matriarch.instance.postgres.Layout;
import io.matriarch.instance.postgres.LocalPostgres;
import io.matriarch.instance.postgres.PromiseFile;
import io.matriarch.instance.postgres.Replication;
import io.matriarch.instance.postgres.ServerEvents;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;

/** The parts of an agent, put together. Nothing runs before {@link #start}. */
final class Wiring {
    /** How long before the end of the pod's grace period a shutdown must end. */
    private static final Duration SLACK = Duration.ofSeconds(10);

    /** How long to wait for a complete answer of another member. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final Agent agent;
    private final AgentServer server;
    private final Runnable start;

    private Wiring(Agent agent, AgentServer server, Runnable start) {
        this.agent = agent;
        this.server = server;
        this.start = start;
    }

    Agent agent() {
        return agent;
    }

    AgentServer server() {
        return server;
    }

    void start() {
        start.run();
    }

    static Wiring of(AgentOptions options, Me me, Layout layout) throws IOException {
        Names names = new Names(options.cluster());
        KubeApi api = new KubeApi(options.apiServer(), options.serviceAccount());
        BootClock clock = new BootClock();
        FuseDeadline fuse = new FuseDeadline(options.run());
        Pauses pauses = new Pauses(Guard.PAUSE, Pauses::pressure);
        fuse.disarm();
        News news = new News();

        // What is decided, and from what.
        Protocol protocol = new Protocol(me, Timers.DEFAULT);
        Failsafe failsafe = new Failsafe(me);
        PromiseFile disk = new PromiseFile(layout.state());
        Promise promised = disk.read();
        Memory memory = new Memory(clock.now(), promised, failsafe);
        Promises promises = new Promises(disk, memory);

        // The API server and the other members.
        PeerClient peers = new PeerClient(options.replicationCertificate(), PATIENCE);
        Greetings greetings = new Greetings(me, names, peers, new Once(clock::now, news::tell));
        LeaseKeeper lease = new LeaseKeeper(
                new LeaseApi(api, options.namespace(), names.lease(), Timers.DEFAULT.request()),
                me.identity(),
                protocol::timers,
                clock,
                fuse,
                pauses,
                events(memory, news, greetings));

        Documents documents = new Documents(
                api,
                options.namespace(),
                names,
                layout.state(),
                promises,
                Optional.ofNullable(promised.lease()),
                news::tell);
        Supplier<Optional<LeaseView>> known = () -> lease.snapshot().lease();
        Function<Integer, Optional<String>> address = ordinal -> known.get()
                .map(LeaseView::state)
                .or(documents::remembered)
                .map(state -> state.addresses().get(ordinal));
        Pods pods = new Pods(api, options.namespace(), Timers.DEFAULT.request());

        // PostgreSQL.
        LocalPostgres postgres = new LocalPostgres(layout, new ServerEvents() {
            @Override
            public void ended() {
                news.tell();
                greet();
            }

            @Override
            public void receiverEnded() {
                lease.hurry();
                news.tell();
                greet();
            }

            private void greet() {
                lease.snapshot().lease().ifPresent(greetings::greet);
            }
        });
        Replication replication = postgres.replication();
        Upstream upstream = new Upstream(replication);

        // What carries out the decisions.
        Duration stopping = Duration.ofSeconds(options.grace()).minus(SLACK);
        FailoverJobs failover =
                new FailoverJobs(postgres, replication, memory, promises, peers, address, clock::now, stopping);
        Jobs jobs = new Jobs(
                postgres, replication, failover, upstream, memory, documents, api, me, options.namespace(), stopping);
        Worker worker = new Worker(jobs, () -> fuse.armed().compareTo(clock.now()) > 0, news::tell);
        Lane<Chore> chores = new Lane<>("chore", jobs::carryOut, news::tell);
        Guard guard = new Guard(
                postgres,
                worker,
                lease::snapshot,
                failsafe::proof,
                new Suspension(clock::now, Suspension::monotonic),
                protocol,
                fuse,
                clock::now,
                news::tell,
                pauses);
        Failures failures = new Failures();
        Lookout lookout = new Lookout(
                me,
                postgres,
                documents,
                jobs,
                worker,
                chores,
                lease,
                guard,
                upstream,
                failures,
                memory,
                clock::now,
                news);

        // Questions of other members, and to them.
        Answers answers = new Answers(
                me, new Voter(me), memory, promises, replication, lookout::look, clock::now, lease::apiAnswers, () -> {
                    lease.hurry();
                    news.tell();
                });
        Questions questions = new Questions(
                me, names, memory, peers, pods, answers, address, clock::now, new Once(clock::now, news::tell));
        Semaphore labelled = new Semaphore(0);
        PodReporter reporter = new PodReporter(api, options.namespace(), options.pod(), role -> {
            if (role.equals(Labels.PRIMARY)) {
                labelled.release();
            }
        });
        Agent agent = new Agent(
                me, postgres, documents, lookout, failures, jobs, worker, chores, lease, protocol, memory, upstream,
                questions, greetings, guard, reporter, clock, news);
        FailsafeRounds rounds = new FailsafeRounds(
                failsafe,
                peers,
                lease::snapshot,
                address,
                protocol,
                fuse,
                () -> worker.primary().isPresent(),
                clock::now);
        Prober prober = new Prober(replication, memory, agent::leads, clock::now, news::tell);
        ContainerIdentity container = new ContainerIdentity(pods, me, options.run(), memory, news::tell);
        Deposition deposition = new Deposition(pods, names, me, labelled, reporter::wrote, known);

        AgentMetrics metrics = new AgentMetrics(postgres, agent, lease);
        AgentServer server = new AgentServer(
                new InetSocketAddress(options.address(), Ports.AGENT),
                options.serverCertificate(),
                agent,
                () -> MetricsText.of(metrics.collect()));
        server.answer(answers);
        return new Wiring(agent, server, () -> {
            server.start();
            documents.start();
            lease.start();
            reporter.start();
            rounds.start();
            prober.start();
            container.start();
            deposition.start();
        });
    }

    private static LeaseKeeper.Events events(Memory memory, News news, Greetings greetings) {
        return new LeaseKeeper.Events() {
            @Override
            public void news() {
                news.tell();
            }

            @Override
            public void there(boolean lease, Duration now) {
                memory.lease(lease, now);
            }

            @Override
            public void turned(LeaseView written) {
                greetings.tell(written.state());
            }

            @Override
            public void silent(Duration now) {
                memory.silent(now);
                news.tell();
            }

            @Override
            public void leaves(ClusterLease state, Duration now) {
                memory.leaves(state, now);
            }

            @Override
            public void stayed() {
                memory.stayed();
                news.tell();
            }

            @Override
            public void released(Duration now) {
                if (!news.stopping()) {
                    memory.stepped(now);
                }
            }
        };
    }
}
