package io.matriarch.instance.loop;

import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.SqlReference;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Chore;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.kube.KubeApi;
import io.matriarch.instance.postgres.Layout;
import io.matriarch.instance.postgres.Postgres;
import io.matriarch.instance.postgres.PostgresException;
import io.matriarch.instance.postgres.Replication;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out jobs, and remembers their results. */
public final class Jobs implements Lane.Work<Job> {
    private static final Logger LOG = LoggerFactory.getLogger(Jobs.class);

    private final Postgres postgres;
    private final Replication replication;
    private final FailoverJobs failover;
    private final Upstream upstream;
    private final Memory memory;
    private final Documents documents;
    private final KubeApi api;
    private final Me me;
    private final String namespace;
    private final Duration stopping;
    private volatile Optional<VolumeState> volume = Optional.empty();
    private volatile boolean stale;
    private volatile List<Integer> slots = List.of();
    private volatile Map<String, String> passwordsSet = Map.of();
    private volatile boolean superuserSet;

    public Jobs(
            Postgres postgres,
            Replication replication,
            FailoverJobs failover,
            Upstream upstream,
            Memory memory,
            Documents documents,
            KubeApi api,
            Me me,
            String namespace,
            Duration stopping) {
        this.postgres = postgres;
        this.replication = replication;
        this.failover = failover;
        this.upstream = upstream;
        this.memory = memory;
        this.documents = documents;
        this.api = api;
        this.me = me;
        this.namespace = namespace;
        this.stopping = stopping;
    }

    /** What is on the volume, as it was last inspected. */
    Optional<VolumeState> volume() {
        return volume;
    }

    /** Whether a server has run on the volume since then. */
    boolean stale() {
        return stale;
    }

    List<Integer> slots() {
        return slots;
    }

    /** Whether a role may have a password other than the one in its Secret. */
    boolean passwordsWanted() {
        boolean superuser = documents
                .settings()
                .map(settings -> settings.superuserSecret() != null)
                .orElse(false);
        return !documents.passwords().equals(passwordsSet) || superuser != superuserSet;
    }

    @Override
    public void carryOut(Job job) throws PostgresException {
        Settings settings = documents.settings().orElseThrow();
        switch (job) {
            case Job.Inspect inspect -> {
                look();
                documents.keepCopies();
            }
            case Job.Measure measure -> {
                volume = Optional.of(postgres.measure());
                stale = false;
            }
            case Job.Initdb initdb -> {
                volume = Optional.empty();
                postgres.initdb(settings, applicationPassword(settings), postInitSql(settings));
            }
            case Job.Clone clone -> {
                volume = Optional.empty();
                postgres.cloneFrom(settings, clone.address(), clone.systemIdentifier());
            }
            case Job.Discard discard -> {
                volume = Optional.empty();
                failover.discard(discard);
            }
            case Job.Rewind rewind -> {
                volume = Optional.empty();
                failover.rewind(settings, rewind);
            }
            case Job.StartPrimary start -> {
                leads();
                failover.startPrimary(settings, start);
                look();
            }
            case Job.Promote promote -> {
                leads();
                failover.promote(promote);
                // On a thread of its own while the reign begins: nothing waits for this inspection.
                Thread.ofVirtual().name("look").start(this::lookAgain);
            }
            case Job.StartReplica start -> {
                stale = true;
                long stops = upstream.decidedAt();
                memory.begins();
                postgres.startReplica(settings, start.address());
                upstream.is(start.address(), stops);
                failover.userSlots();
                look();
            }
            case Job.Follow follow -> {
                long stops = upstream.decidedAt();
                upstream.is(null, stops);
                if (replication.follow(follow.address(), follow.timeline(), follow.upTo(), stops)) {
                    upstream.is(follow.address(), stops);
                }
            }
            case Job.Pledge pledge ->
                failover.promise(former -> former.voted(former.epoch(), pledge.resourceVersion()));
            case Job.ReadHistory read -> memory.history(replication.history(read.address(), read.timeline()));
            case Job.Synchronize names -> failover.synchronize(names.acknowledgements(), names.voters());
            case Job.Confirm confirm -> failover.confirm(confirm, me.ordinal());
            case Job.HandOver handOver -> failover.handOver(handOver);
            case Job.OpenGate open -> {
                replication.openGate(settings);
                memory.gateOpened();
            }
            case Job.BeginReign reign -> {
                replication.beginReign(reign.epoch(), reign.timeline());
                memory.reignBegan(reign.epoch());
            }
            case Job.CopySlots copy -> failover.copySlots(copy.primary());
            case Job.Apply apply -> postgres.apply(settings);
            case Job.KeepSlots keep -> {
                // Change what consumers wait for before dropping a slot: they would wait for a dropped one for ever.
                replication.await(keep.awaited());
                memory.awaited(keep.awaited());
                slots = postgres.keepSlots(keep.ordinals());
                failover.userSlots();
            }
            case Job.SetPasswords set -> setPasswords(settings);
            case Job.Stop stop -> postgres.stop(stopping);
        }
    }

    /** Carries out a chore, beside the jobs. */
    public void carryOut(Chore chore) throws PostgresException {
        switch (chore) {
            case Chore.Checkpoint checkpoint -> failover.checkpoint();
        }
    }

    /** A server that starts to lead has the slots and passwords that are in its data, and follows nobody. */
    private void leads() {
        stale = true;
        upstream.is(null, 0);
        slots = List.of();
        passwordsSet = Map.of();
    }

    private void look() throws PostgresException {
        volume = Optional.of(postgres.inspect());
        stale = false;
    }

    private void lookAgain() {
        try {
            look();
        } catch (PostgresException e) {
            LOG.warn("{}", e.getMessage());
        }
    }

    /** A server that ran on the volume has ended: what was known about the volume may no longer be true. */
    void serverEnded() {
        stale = true;
    }

    private void setPasswords(Settings settings) throws PostgresException {
        Map<String, String> known = documents.passwords();
        String application = known.get(settings.applicationSecret());
        if (application != null) {
            postgres.password(settings.initdb().owner(), application);
        }
        String superuser = settings.superuserSecret();
        if (superuser == null) {
            postgres.password(Layout.SUPERUSER, null);
        } else if (known.get(superuser) != null) {
            postgres.password(Layout.SUPERUSER, known.get(superuser));
        }
        superuserSet = superuser != null;
        passwordsSet = known;
    }

    private String applicationPassword(Settings settings) throws PostgresException {
        return documents
                .password(settings.applicationSecret())
                .orElseThrow(() -> new PostgresException(new Problem(
                        Problem.Reason.SecretMissing,
                        "the Secret %s does not exist or has no key `password`"
                                .formatted(settings.applicationSecret()))));
    }

    private List<String> postInitSql(Settings settings) throws PostgresException {
        List<String> statements = new ArrayList<>(settings.initdb().postInitSQL());
        for (SqlReference reference : settings.initdb().postInitSQLRefs()) {
            String kind = reference.kind().name();
            String resource = reference.kind() == SqlReference.Kind.Secret ? "secrets" : "configmaps";
            try {
                statements.add(api.value(namespace, resource, reference.name(), reference.key())
                        .orElseThrow(() -> new PostgresException(new Problem(
                                Problem.Reason.SQLMissing,
                                "spec.bootstrap.initdb.postInitSQLRefs: the %s %s does not exist or has no key `%s`"
                                        .formatted(kind, reference.name(), reference.key())))));
            } catch (IOException e) {
                throw new PostgresException(
                        new Problem(
                                Problem.Reason.SQLMissing,
                                "cannot read the %s %s: %s".formatted(kind, reference.name(), e.getMessage())),
                        e);
            }
        }
        return statements;
    }
}
