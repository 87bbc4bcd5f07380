package io.matriarch.plan.objects;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.matriarch.api.contract.Settings.SqlReference;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Json;
import io.matriarch.plan.step.Step;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.render.Certificates;
import io.matriarch.render.Rendering;
import io.matriarch.render.Secrets;
import io.matriarch.render.SettingsDocument;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The identity that the cluster shows to others: Secrets, certificates, ServiceAccount, Role. The operator creates passwords once and never
 * changes them.
 */
public final class Identity {
    private static final Duration RECHECK = Duration.ofSeconds(5);

    private Identity() {}

    public static Result step(ClusterView view) {
        List<Finding> findings = given(view);
        List<Action> actions = new ArrayList<>();
        for (Secret fresh : view.fresh()) {
            actions.add(view.find(Secret.class, fresh.getMetadata().getName())
                    .<Action>map(old -> renewed(old, fresh))
                    .orElse(new Action.Create(fresh)));
        }
        connection(view).ifPresent(actions::add);
        actions.addAll(Wanted.applied(view, Wanted.access(view.rendering())));
        if (!findings.isEmpty() && !view.bootstrapped()) {
            return new Wait("what the spec refers to", RECHECK, findings);
        }
        return Step.actOrDone(actions, findings);
    }

    private static Optional<String> fault(Secret authority) {
        return Certificates.fault(
                new Certificates.Pair(Secrets.value(authority, "tls.crt"), Secrets.value(authority, "tls.key")));
    }

    /** Names of the Secrets that the operator creates for a cluster. */
    public static List<String> needed(Rendering rendering) {
        List<String> names = new ArrayList<>(List.of(
                rendering.names().authoritySecret(),
                rendering.names().serverSecret(),
                rendering.names().replicationSecret()));
        if (SettingsDocument.applicationSecret(rendering)
                        .equals(rendering.names().applicationSecret())
                && !SettingsDocument.givesSecret(rendering)) {
            names.add(rendering.names().applicationSecret());
        }
        if (Boolean.TRUE.equals(rendering.spec().enableSuperuserAccess())) {
            names.add(rendering.names().superuserSecret());
        }
        return names;
    }

    /**
     * The needed Secrets that are absent, or whose certificate is due for renewal or was signed by another authority; the authority's comes first.
     */
    public static List<String> lacking(
            Rendering rendering, List<? extends HasMetadata> objects, Certificates certificates) {
        Optional<Secret> authoritySecret = secret(objects, rendering.names().authoritySecret());
        String authority = authoritySecret.map(s -> Secrets.value(s, "tls.crt")).orElse("");
        boolean cannotSign = authoritySecret.flatMap(Identity::fault).isPresent();
        List<String> leaves =
                List.of(rendering.names().serverSecret(), rendering.names().replicationSecret());
        return needed(rendering).stream()
                .filter(name -> {
                    Optional<Secret> live = secret(objects, name);
                    if (cannotSign
                            && (leaves.contains(name)
                                    || name.equals(rendering.names().authoritySecret()))) {
                        return false; // it cannot be created or renewed; a finding says so
                    }
                    if (live.isEmpty()) {
                        return true;
                    }
                    String certificate = Secrets.value(live.get(), "tls.crt");
                    if (leaves.contains(name)) {
                        return !Secrets.value(live.get(), "ca.crt").equals(authority)
                                || certificates.due(certificate, authority);
                    }
                    return name.equals(rendering.names().authoritySecret()) && certificates.due(certificate);
                })
                .toList();
    }

    private static Optional<Secret> secret(List<? extends HasMetadata> objects, String name) {
        return objects.stream()
                .filter(Secret.class::isInstance)
                .map(Secret.class::cast)
                .filter(s -> s.getMetadata().getName().equals(name))
                .findFirst();
    }

    private static Action renewed(Secret old, Secret fresh) {
        return new Action.Patch(old, Json.text(Map.of("data", fresh.getData())), "new certificate");
    }

    /** Updates the connection strings, which contain the password, after the user changed the password. */
    private static Optional<Action> connection(ClusterView view) {
        String name = view.names().applicationSecret();
        if (!needed(view.rendering()).contains(name)) {
            return Optional.empty();
        }
        return view.find(Secret.class, name).flatMap(secret -> {
            Map<String, String> wanted = Secrets.connection(
                    view.rendering(),
                    Secrets.value(secret, "username"),
                    Secrets.value(secret, "password"),
                    Secrets.value(secret, "dbname"));
            Map<String, String> changed = new LinkedHashMap<>();
            wanted.forEach((key, value) -> {
                if (!Secrets.value(secret, key).equals(value)) {
                    changed.put(key, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8)));
                }
            });
            return changed.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Action.Patch(secret, Json.text(Map.of("data", changed)), "password changed"));
        });
    }

    /** Objects that the spec refers to and that do not exist, or lack a key. */
    private static List<Finding> given(ClusterView view) {
        List<Finding> findings = new ArrayList<>();
        String authority = view.names().authoritySecret();
        view.find(Secret.class, authority)
                .flatMap(Identity::fault)
                .ifPresent(fault -> findings.add(Finding.stalled(
                        "AuthorityUnusable",
                        "Secret %s cannot sign certificates: %s. Restore its former content. The members keep their present certificates until these expire"
                                .formatted(authority, fault))));
        if (SettingsDocument.givesSecret(view.rendering())) {
            String name = SettingsDocument.applicationSecret(view.rendering());
            for (String key : List.of("username", "password")) {
                missing(view, SqlReference.Kind.Secret, name, key, "bootstrap.initdb.secretName")
                        .ifPresent(findings::add);
            }
            String owner = SettingsDocument.initdb(view.spec()).owner();
            view.find(Secret.class, name)
                    .map(secret -> Secrets.value(secret, "username"))
                    .filter(username -> !username.isEmpty() && !username.equals(owner))
                    .ifPresent(username -> findings.add(Finding.stalled(
                            "SecretMismatch",
                            "Secret %s has username %s, and bootstrap.initdb.owner is %s. Make them the same"
                                    .formatted(name, username, owner))));
        }
        if (!view.bootstrapped()) {
            for (SqlReference reference : SettingsDocument.initdb(view.spec()).postInitSQLRefs()) {
                missing(view, reference.kind(), reference.name(), reference.key(), "bootstrap.initdb.postInitSQLRefs")
                        .ifPresent(findings::add);
            }
        }
        return findings.stream().distinct().toList();
    }

    private static Optional<Finding> missing(
            ClusterView view, SqlReference.Kind kind, String name, String key, String field) {
        Optional<Map<String, String>> data = kind == SqlReference.Kind.Secret
                ? view.find(Secret.class, name).map(s -> Objects.requireNonNullElse(s.getData(), Map.of()))
                : view.find(ConfigMap.class, name).map(m -> Objects.requireNonNullElse(m.getData(), Map.of()));
        if (data.isEmpty()) {
            return Optional.of(Finding.stalled(
                    kind + "Missing",
                    "%s %s, which %s names, does not exist. Create it; the cluster then continues without further action"
                            .formatted(kind, name, field)));
        }
        return data.get().getOrDefault(key, "").isEmpty()
                ? Optional.of(Finding.stalled(
                        kind + "Incomplete",
                        "%s %s, which %s names, has no key %s. Add it; the cluster then continues without further action"
                                .formatted(kind, name, field, key)))
                : Optional.empty();
    }
}
