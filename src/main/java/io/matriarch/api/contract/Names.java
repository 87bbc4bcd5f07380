package io.matriarch.api.contract;

/**
 * Names of a cluster's objects, derived from the cluster's own name. They are part of the API: applications and administrators use them, and pods
 * created by an older operator rely on them, so a name never changes its meaning.
 *
 * @param cluster name of the PostgresCluster, at most 50 characters
 */
public record Names(String cluster) {
    public String statefulSet() {
        return cluster;
    }

    public String pod(int ordinal) {
        return cluster + "-" + ordinal;
    }

    public String dataClaim(int ordinal) {
        return "data-" + pod(ordinal);
    }

    public String walClaim(int ordinal) {
        return "wal-" + pod(ordinal);
    }

    /** The headless Service that gives each pod its DNS name. */
    public String podsService() {
        return cluster + "-pods";
    }

    /** The Service of the primary. */
    public String readWriteService() {
        return cluster + "-rw";
    }

    /** The Service of the replicas. */
    public String readOnlyService() {
        return cluster + "-ro";
    }

    /** The Service of any ready member. */
    public String anyService() {
        return cluster + "-r";
    }

    /** The Lease that says who is primary. */
    public String lease() {
        return cluster;
    }

    /** The ConfigMap with {@link Settings}, the document that the agents follow. */
    public String settings() {
        return cluster + "-settings";
    }

    public String serviceAccount() {
        return cluster;
    }

    public String podDisruptionBudget() {
        return cluster;
    }

    /** Credentials of the application's role, unless the user named a Secret of their own. */
    public String applicationSecret() {
        return cluster + "-app";
    }

    public String superuserSecret() {
        return cluster + "-superuser";
    }

    /** The cluster's own certificate authority; only the operator reads it. */
    public String authoritySecret() {
        return cluster + "-ca";
    }

    /** Certificate of PostgreSQL and of the agents' HTTPS, mounted in the pods. */
    public String serverSecret() {
        return cluster + "-server";
    }

    /** Client certificate of the role that replicates, mounted in the pods; agents authenticate to each other with it. */
    public String replicationSecret() {
        return cluster + "-replication";
    }

    /** Name of a member's physical replication slot; the same on every member. */
    public static String slot(int ordinal) {
        return "m_" + ordinal;
    }

    /** The number at the end of a pod's or claim's name; -1 if there is none. */
    public static int ordinal(String name) {
        int dash = name.lastIndexOf('-');
        if (dash < 0 || dash == name.length() - 1) {
            return -1;
        }
        try {
            return Integer.parseInt(name.substring(dash + 1));
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
