package io.matriarch.e2e;

/** Manifests of the tests. */
final class Manifests {
    private Manifests() {}

    /** A small cluster; {@code more} is more of the spec, indented by two. */
    static String cluster(String name, int instances, String more) {
        return cluster(name, instances, "postgres:17", "512Mi", more);
    }

    static String cluster(String name, int instances, String image, String size, String more) {
        return """
                apiVersion: matriarch.io/v1beta1
                kind: PostgresCluster
                metadata: {name: %s}
                spec:
                  instances: %d
                  image: %s
                  storage:
                    size: %s
                %s""".formatted(name, instances, image, size, more.isBlank() ? "" : more.indent(2));
    }

    /** The same with more under {@code storage}. */
    static String clusterWithStorage(String name, int instances, String storage) {
        return cluster(
                name, instances, "postgres:17", "512Mi", storage.indent(2).stripTrailing());
    }
}
