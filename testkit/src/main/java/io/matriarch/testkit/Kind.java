package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A kind of object that the API server has.
 *
 * @param status whether status is a subresource
 * @param generation whether metadata.generation counts changes of what is neither metadata nor status
 * @param scale where replicas are, when there is the subresource
 * @param schema a custom resource's; missing for what is built in
 * @param columns additionalPrinterColumns of a custom resource
 */
record Kind(
        String group,
        String version,
        String plural,
        String kind,
        boolean namespaced,
        boolean status,
        boolean generation,
        List<String> shortNames,
        List<String> categories,
        Optional<Scale> scale,
        JsonNode schema,
        JsonNode columns) {

    /** JSON pointers of the scale subresource. */
    record Scale(String specReplicas, String statusReplicas, String selector) {}

    static final List<Kind> BUILT_IN = List.of(
            builtIn("", "v1", "namespaces", "Namespace", "cluster,status", "ns"),
            builtIn("", "v1", "nodes", "Node", "cluster,status", "no"),
            builtIn("", "v1", "persistentvolumes", "PersistentVolume", "cluster,status", "pv"),
            builtIn("", "v1", "pods", "Pod", "status,generation,all", "po"),
            builtIn("", "v1", "services", "Service", "status,all", "svc"),
            builtIn("", "v1", "configmaps", "ConfigMap", "", "cm"),
            builtIn("", "v1", "secrets", "Secret", ""),
            builtIn("", "v1", "events", "Event", "", "ev"),
            builtIn("", "v1", "serviceaccounts", "ServiceAccount", "", "sa"),
            builtIn("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", "status", "pvc"),
            builtIn("apps", "v1", "statefulsets", "StatefulSet", "status,generation,scale,all", "sts"),
            builtIn("apps", "v1", "controllerrevisions", "ControllerRevision", ""),
            builtIn("batch", "v1", "jobs", "Job", "status,generation,all"),
            builtIn("batch", "v1", "cronjobs", "CronJob", "status,generation,all", "cj"),
            builtIn("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", "status,generation", "pdb"),
            builtIn("rbac.authorization.k8s.io", "v1", "roles", "Role", ""),
            builtIn("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", ""),
            builtIn("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "cluster"),
            builtIn("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", "cluster"),
            // Kept, so that a manifest of the operator can be applied; nothing runs them.
            builtIn("apps", "v1", "deployments", "Deployment", "status,generation,scale,all", "deploy"),
            builtIn("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "generation", "netpol"),
            builtIn("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema", "cluster,status,generation"),
            builtIn("coordination.k8s.io", "v1", "leases", "Lease", ""),
            builtIn("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", "generation"),
            builtIn("storage.k8s.io", "v1", "storageclasses", "StorageClass", "cluster", "sc"),
            builtIn(
                    "apiextensions.k8s.io",
                    "v1",
                    "customresourcedefinitions",
                    "CustomResourceDefinition",
                    "cluster,status,generation",
                    "crd"));

    private static Kind builtIn(
            String group, String version, String plural, String kind, String traits, String... shortNames) {
        List<String> has = List.of(traits.split(","));
        return new Kind(
                group,
                version,
                plural,
                kind,
                !has.contains("cluster"),
                has.contains("status"),
                has.contains("generation"),
                List.of(shortNames),
                has.contains("all") ? List.of("all") : List.of(),
                has.contains("scale")
                        ? Optional.of(new Scale("/spec/replicas", "/status/replicas", ""))
                        : Optional.empty(),
                MissingNode.getInstance(),
                MissingNode.getInstance());
    }

    /** The served versions of a CustomResourceDefinition. */
    static List<Kind> of(JsonNode crd) {
        List<Kind> kinds = new ArrayList<>();
        JsonNode spec = crd.path("spec");
        for (JsonNode version : spec.path("versions")) {
            JsonNode scale = version.path("subresources").path("scale");
            kinds.add(new Kind(
                    spec.path("group").asText(),
                    version.path("name").asText(),
                    spec.path("names").path("plural").asText(),
                    spec.path("names").path("kind").asText(),
                    spec.path("scope").asText().equals("Namespaced"),
                    version.path("subresources").has("status"),
                    true,
                    texts(spec.path("names").path("shortNames")),
                    texts(spec.path("names").path("categories")),
                    scale.isMissingNode()
                            ? Optional.empty()
                            : Optional.of(new Scale(
                                    pointer(scale.path("specReplicasPath").asText()),
                                    pointer(scale.path("statusReplicasPath").asText()),
                                    pointer(scale.path("labelSelectorPath").asText()))),
                    version.path("schema").path("openAPIV3Schema"),
                    version.path("additionalPrinterColumns")));
        }
        return kinds;
    }

    private static String pointer(String path) {
        return path.replace('.', '/');
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(item -> texts.add(item.asText()));
        return texts;
    }

    boolean custom() {
        return !schema.isMissingNode();
    }

    String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    /** As errors name it: {@code statefulsets.apps}. */
    String resource() {
        return group.isEmpty() ? plural : plural + "." + group;
    }

    /** As errors of validation name it: {@code StatefulSet.apps}. */
    String qualified() {
        return group.isEmpty() ? kind : kind + "." + group;
    }

    Shape shape() {
        return custom() ? new Shape.Custom(schema) : new Shape.BuiltIn(kind, "");
    }
}
