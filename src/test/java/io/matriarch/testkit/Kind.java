package io.matriarch.testkit;

import java.util.List;
import java.util.Optional;

/** A kind of object that the API server has. */
record Kind(String group, String version, String plural, String kind, boolean namespaced, boolean status) {
    static final List<Kind> ALL = List.of(
            core("namespaces", "Namespace", false, true),
            core("nodes", "Node", false, true),
            core("persistentvolumes", "PersistentVolume", false, true),
            core("pods", "Pod", true, true),
            core("services", "Service", true, true),
            core("configmaps", "ConfigMap", true, false),
            core("secrets", "Secret", true, false),
            core("events", "Event", true, false),
            core("serviceaccounts", "ServiceAccount", true, false),
            core("persistentvolumeclaims", "PersistentVolumeClaim", true, true),
            new Kind("apps", "v1", "statefulsets", "StatefulSet", true, true),
            new Kind("apps", "v1", "controllerrevisions", "ControllerRevision", true, false),
            new Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, true),
            new Kind("rbac.authorization.k8s.io", "v1", "roles", "Role", true, false),
            new Kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true, false),
            new Kind("coordination.k8s.io", "v1", "leases", "Lease", true, false),
            new Kind("events.k8s.io", "v1", "events", "Event", true, false),
            new Kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, false),
            new Kind(
                    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false, true),
            new Kind("matriarch.io", "v1beta1", "postgresclusters", "PostgresCluster", true, true));

    private static Kind core(String plural, String kind, boolean namespaced, boolean status) {
        return new Kind("", "v1", plural, kind, namespaced, status);
    }

    String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    static Optional<Kind> find(String group, String version, String plural) {
        return ALL.stream()
                .filter(kind -> kind.group.equals(group) && kind.version.equals(version) && kind.plural.equals(plural))
                .findFirst();
    }

    static Kind of(String name) {
        return ALL.stream().filter(kind -> kind.kind.equals(name)).findFirst().orElseThrow();
    }
}
