package io.matriarch.api.contract;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the operator wants from the agents: key {@link #KEY} of the ConfigMap {@link Names#settings()}. Agents watch it, keep a copy on their
 * volume, and validate every change with their own PostgreSQL before they use it.
 *
 * @param v version of this document's format
 * @param clusterUid uid of the PostgresCluster
 * @param instances how many members there must be: ordinals 0..instances-1. The primary drops the slots and the membership of all others
 * @param revision hash of {@code parameters} and {@code hba}; agents report the revision they use
 * @param parameters parameters of postgresql.conf that the user gave
 * @param hba lines of pg_hba.conf that the user gave
 * @param bootstrap what may be done while the cluster's Lease knows no database system
 * @param initdb how to create the database system
 * @param applicationSecret Secret with username and password of the database's owner
 * @param superuserSecret Secret with the password of postgres; absent: that role has no password
 * @param replication when a commit is acknowledged; absent in documents of older operators: asynchronous
 * @param failover how fast, and what may be lost; absent in documents of older operators: the defaults
 * @param fenced ordinals whose PostgreSQL is kept stopped
 * @param requests what a user requested and no member has answered yet, oldest first
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Settings(
        int v,
        String clusterUid,
        int instances,
        String revision,
        Map<String, String> parameters,
        List<String> hba,
        BootstrapOrder bootstrap,
        Initdb initdb,
        String applicationSecret,
        @Nullable String superuserSecret,
        @Nullable Replication replication,
        @Nullable Failover failover,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Integer> fenced,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Request> requests) {
    public static final int VERSION = 1;
    public static final String KEY = "settings.json";

    public Settings {
        fenced = fenced == null ? List.of() : List.copyOf(fenced);
        requests = requests == null ? List.of() : List.copyOf(requests);
    }

    /** Whether these settings configure PostgreSQL in the same way as the other ones. */
    public boolean sameConfiguration(Settings other) {
        return revision.equals(other.revision) && parameters.equals(other.parameters) && hba.equals(other.hba);
    }

    /** These settings with other lines of pg_hba.conf. */
    public Settings withHba(List<String> lines) {
        return new Settings(
                v,
                clusterUid,
                instances,
                revision,
                parameters,
                lines,
                bootstrap,
                initdb,
                applicationSecret,
                superuserSecret,
                replication,
                failover,
                fenced,
                requests);
    }

    /** What may be done while the Lease knows no database system. */
    public enum BootstrapAction {
        /** Volumes existed before the cluster: agents report what is on them and do nothing else. */
        Inspect,
        /** The member with {@code ordinal} may create the database system. */
        Initdb,
        /** The member with {@code ordinal} becomes the primary with the data it has, if it is the system {@code systemIdentifier}. */
        Adopt
    }

    /** See {@link BootstrapAction}; {@code epoch} is the highest that any volume has seen; the new epoch is greater. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record BootstrapOrder(
            BootstrapAction action,
            int ordinal,
            @Nullable String systemIdentifier,
            @Nullable Long epoch) {}

    /** How to create the database system. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Initdb(
            String database,
            String owner,
            String encoding,
            String locale,
            boolean dataChecksums,
            List<String> postInitSQL,
            List<SqlReference> postInitSQLRefs) {}

    /** A key of a ConfigMap or Secret in the cluster's namespace. The cluster's Role lets agents read the objects named here. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record SqlReference(Kind kind, String name, String key) {
        /** The kind of object that holds the key. */
        public enum Kind {
            ConfigMap,
            Secret
        }
    }

    /** Whether commits wait for replicas. */
    public enum ReplicationMode {
        /** A commit is acknowledged when {@link Replication#acknowledgements} replicas have flushed it. */
        Quorum,
        /** A commit is acknowledged when the primary has flushed it. */
        Async
    }

    /** What happens to commits while too few replicas are connected. */
    public enum WhenUnavailable {
        /** Commits wait. */
        Block,
        /** The primary acknowledges commits alone, once the Lease says so. */
        Degrade
    }

    /**
     * When a commit is acknowledged.
     *
     * @param acknowledgements W for {@link Settings#instances} members; 0 with {@link ReplicationMode#Async} and for one member
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Replication(ReplicationMode mode, int acknowledgements, WhenUnavailable whenUnavailable) {}

    /** Timers by name (docs/internals/protocol.md 4). */
    public enum Profile {
        Fast,
        Default,
        Relaxed
    }

    /**
     * How fast a failover is and what it may lose.
     *
     * @param maxLag in bytes: with asynchronous replication, a replica that is known to be further behind is not promoted
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Failover(Profile profile, long maxLag) {}

    /** What a user may request. */
    public enum RequestKind {
        /** Make the member {@code to} the primary; the holder answers. */
        Switchover,
        /** Discard the data of the member {@code to} and clone it anew; that member answers. */
        Rebuild,
        /** Promote the best available member although a quorum is missing or it lags too far: may lose commits; the promoted member answers. */
        ForceFailover
    }

    /**
     * One request.
     *
     * @param id unique; answered once, in {@link MemberReport#answers}
     * @param to ordinal that the request is about; null if the agents choose
     * @param endSessions whether a switchover may end what delays replay on the next primary: sessions on that replica, a pause, a delay. Agents
     *     of the first release do not know this field, and wait in the middle of the hand-over
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Request(
            RequestKind kind,
            String id,
            @Nullable Integer to,
            @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean endSessions) {
        /** A request that ends no session. */
        public Request(RequestKind kind, String id, @Nullable Integer to) {
            this(kind, id, to, false);
        }
    }
}
