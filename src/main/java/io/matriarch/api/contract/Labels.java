package io.matriarch.api.contract;

import java.util.Set;

/** Matriarch's labels and annotations. */
public final class Labels {
    /** Label on every object of a cluster: the cluster's name. Informers select by it. */
    public static final String CLUSTER = "matriarch.io/cluster";

    /** Label on pods: {@link #PRIMARY}, {@link #REPLICA} or {@link #UNHEALTHY}. Written by the agent of that pod; Services select by it. */
    public static final String ROLE = "matriarch.io/role";

    public static final String PRIMARY = "primary";
    public static final String REPLICA = "replica";
    public static final String UNHEALTHY = "unhealthy";

    /** Annotation on pods: a {@link MemberReport} in JSON, written by the agent of that pod, on change only. */
    public static final String REPORT = "matriarch.io/report";

    /** Annotation on the Lease: a {@link ClusterLease} in JSON. */
    public static final String LEASE = "matriarch.io/state";

    /** Annotation on rendered objects: hash of what was rendered. */
    public static final String RENDERED = "matriarch.io/rendered";

    /** Annotation on the StatefulSet: hash of the user's input that reaches the template (docs/internals/workload.md 2). */
    public static final String INPUTS = "matriarch.io/inputs";

    /** Annotation on the StatefulSet: the operator's image, and so the agent's, for which the template was rendered. */
    public static final String AGENT_IMAGE = "matriarch.io/agent-image";

    /** Annotation on the StatefulSet: uid of the pod that is being replaced. */
    public static final String UNLOCKED_FOR = "matriarch.io/unlocked-for";

    /** Annotation on claims: uid of the PostgresCluster that created or adopted the claim. */
    public static final String CLUSTER_UID = "matriarch.io/cluster-uid";

    /** Annotation on claims: the database system on the volume, as its agent reported it. */
    public static final String SYSTEM_IDENTIFIER = "matriarch.io/system-identifier";

    /** Annotation on claims: the last epoch in which the member on this volume was the primary. */
    public static final String PRIMARY_EPOCH = "matriarch.io/primary-epoch";

    /** Annotation on the PostgresCluster: {@code POD}, {@code POD/ID}, or {@code /ID} for the best replica. */
    public static final String SWITCHOVER = "matriarch.io/switchover";

    /** Annotation on the PostgresCluster: {@code POD} or {@code POD/ID}. */
    public static final String REBUILD = "matriarch.io/rebuild";

    /** Annotation on the PostgresCluster: {@code ID}. */
    public static final String FORCE_FAILOVER = "matriarch.io/force-failover";

    /** Annotations that are commands. */
    public static final Set<String> COMMANDS = Set.of(SWITCHOVER, REBUILD, FORCE_FAILOVER);

    /** Matriarch's field manager in server-side apply. */
    public static final String FIELD_MANAGER = "matriarch";

    private Labels() {}
}
