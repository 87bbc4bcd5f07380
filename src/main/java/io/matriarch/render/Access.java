package io.matriarch.render;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.SqlReference;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** What the agents of one cluster may do: a ServiceAccount with a Role narrowed to the objects of this cluster. */
public final class Access {
    private static final int MOST_INSTANCES = 9;

    private Access() {}

    public static List<HasMetadata> objects(Rendering rendering) {
        String name = rendering.names().serviceAccount();
        // spotless:off
        return List.of(
                Stamp.on(new ServiceAccountBuilder().withMetadata(rendering.metadata(name)).build()),
                Stamp.on(new RoleBuilder().withMetadata(rendering.metadata(name)).withRules(rules(rendering)).build()),
                Stamp.on(new RoleBindingBuilder()
                        .withMetadata(rendering.metadata(name))
                        .withNewRoleRef().withApiGroup("rbac.authorization.k8s.io").withKind("Role").withName(name).endRoleRef()
                        .addNewSubject().withKind("ServiceAccount").withName(name).withNamespace(rendering.namespace()).endSubject()
                        .build()));
        // spotless:on
    }

    private static List<PolicyRule> rules(Rendering rendering) {
        Settings.Initdb initdb = SettingsDocument.initdb(rendering.spec());
        List<String> secrets = new ArrayList<>();
        secrets.add(SettingsDocument.applicationSecret(rendering));
        secrets.add(rendering.names().superuserSecret());
        List<String> configMaps = new ArrayList<>(List.of(rendering.names().settings()));
        for (SqlReference reference : initdb.postInitSQLRefs()) {
            (reference.kind() == SqlReference.Kind.Secret ? secrets : configMaps).add(reference.name());
        }
        List<String> pods = IntStream.range(0, MOST_INSTANCES)
                .mapToObj(rendering.names()::pod)
                .toList();
        return List.of(
                rule("coordination.k8s.io", "leases", List.of(rendering.names().lease()), "get", "update"),
                // A holder creates a deleted Lease again; RBAC cannot narrow create to a name.
                rule("coordination.k8s.io", "leases", List.of(), "create"),
                rule("", "configmaps", configMaps.stream().distinct().toList(), "get", "list", "watch"),
                rule("", "secrets", secrets.stream().distinct().toList(), "get", "list", "watch"),
                rule("", "pods", pods, "get", "patch"));
    }

    private static PolicyRule rule(String group, String resource, List<String> names, String... verbs) {
        return new PolicyRuleBuilder()
                .withApiGroups(group)
                .withResources(resource)
                .withResourceNames(names)
                .withVerbs(verbs)
                .build();
    }
}
