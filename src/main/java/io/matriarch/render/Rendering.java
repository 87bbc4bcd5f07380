package io.matriarch.render;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Names;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What all objects of one cluster have in common: names, labels, owner. The objects themselves are in the classes beside this one.
 *
 * @param cluster as the API server has it, with namespace and uid
 */
public record Rendering(PostgresCluster cluster) {
    private static final int LABEL = 63;
    private static final int DIGEST_DIGITS = 12;

    public Names names() {
        return new Names(cluster.getMetadata().getName());
    }

    public String namespace() {
        return cluster.getMetadata().getNamespace();
    }

    public PostgresClusterSpec spec() {
        return cluster.getSpec();
    }

    /** The label that informers, Services and the StatefulSet select by. */
    public Map<String, String> selector() {
        return Map.of(Labels.CLUSTER, cluster.getMetadata().getName());
    }

    /** The six recommended labels and the operator's own (Kubernetes documentation, "Recommended Labels"). */
    public Map<String, String> labels() {
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put("app.kubernetes.io/name", "postgresql");
        labels.put("app.kubernetes.io/instance", cluster.getMetadata().getName());
        labels.put("app.kubernetes.io/version", tag(spec().image()));
        labels.put("app.kubernetes.io/component", "database");
        labels.put("app.kubernetes.io/part-of", cluster.getMetadata().getName());
        labels.put("app.kubernetes.io/managed-by", "matriarch");
        labels.put(Labels.CLUSTER, cluster.getMetadata().getName());
        return labels;
    }

    /**
     * The image's tag, cut to what a label may hold, or the first digits of its digest when there is no tag. It changes only with the image, and
     * so is never the only change of a pod template. The server's real version is in the status.
     */
    static String tag(String image) {
        int at = image.indexOf('@');
        String name = at < 0 ? image : image.substring(0, at);
        int colon = name.lastIndexOf(':');
        String version;
        if (colon > name.lastIndexOf('/')) {
            version = name.substring(colon + 1);
        } else if (at >= 0) {
            String digest = image.substring(at + 1);
            version = digest.substring(0, Math.min(digest.length(), digest.indexOf(':') + 1 + DIGEST_DIGITS));
        } else {
            version = "latest";
        }
        String clean = version.replaceAll("[^A-Za-z0-9._-]", "-");
        String cut = clean.length() > LABEL ? clean.substring(0, LABEL) : clean;
        return cut.replaceAll("^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "");
    }

    /** Metadata of an object that is deleted with the cluster. */
    public ObjectMeta metadata(String name) {
        return new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(namespace())
                .withLabels(labels())
                .withOwnerReferences(owner())
                .build();
    }

    public OwnerReference owner() {
        return new OwnerReferenceBuilder()
                .withApiVersion(PostgresCluster.GROUP + "/" + PostgresCluster.VERSION)
                .withKind(PostgresCluster.KIND)
                .withName(cluster.getMetadata().getName())
                .withUid(cluster.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build();
    }
}
