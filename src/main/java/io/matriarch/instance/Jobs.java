package io.matriarch.instance;

import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.SqlReference;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.kube.KubeApi;
import io.matriarch.instance.postgres.Layout;
import io.matriarch.instance.postgres.Postgres;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import io.matriarch.instance.postgres.PostgresException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Carries jobs out, and remembers what they came to. */
final class Jobs implements Worker.Work {
    private final Postgres postgres;
    private final Documents documents;
    private final KubeApi api;
    private final String namespace;
    private final Duration stopping;
    private volatile Optional<VolumeState> volume = Optional.empty();
    private volatile @Nullable String following;
    private volatile List<Integer> slots = List.of();
    private volatile Map<String, String> passwordsSet = Map.of();
    private volatile boolean superuserSet;

    Jobs(Postgres postgres, Documents documents, KubeApi api, String namespace, Duration stopping) {
        this.postgres = postgres;
        this.documents = documents;
        this.api = api;
        this.namespace = namespace;
        this.stopping = stopping;
    }

    Optional<VolumeState> volume() {
        return volume;
    }

    @Nullable
    String following() {
        return following;
    }

    List<Integer> slots() {
        return slots;
    }

    /** Whether a role may have another password than its Secret says. */
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
                volume = Optional.of(postgres.inspect());
                documents.keepCopies();
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
                postgres.discard();
            }
            case Job.StartPrimary start -> {
                following = null;
                slots = List.of();
                // A server that starts anew has the passwords that its data has.
                passwordsSet = Map.of();
                postgres.startPrimary(settings, start.epoch());
                volume = Optional.of(postgres.inspect());
            }
            case Job.StartReplica start -> {
                postgres.startReplica(settings, start.address());
                following = start.address();
            }
            case Job.Follow follow -> {
                postgres.follow(follow.address());
                following = follow.address();
            }
            case Job.Apply apply -> postgres.apply(settings);
            case Job.KeepSlots keep -> slots = postgres.keepSlots(keep.ordinals());
            case Job.SetPasswords set -> setPasswords(settings);
            case Job.Stop stop -> postgres.stop(stopping);
            default -> throw new IllegalStateException("this release decides on no such job: " + job);
        }
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
                        "SecretMissing",
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
                                "SQLMissing",
                                "spec.bootstrap.initdb.postInitSQLRefs: the %s %s does not exist or has no key `%s`"
                                        .formatted(kind, reference.name(), reference.key())))));
            } catch (IOException e) {
                throw new PostgresException(
                        new Problem(
                                "SQLMissing",
                                "cannot read the %s %s: %s".formatted(kind, reference.name(), e.getMessage())),
                        e);
            }
        }
        return statements;
    }
}
