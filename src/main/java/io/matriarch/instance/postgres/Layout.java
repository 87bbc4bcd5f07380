package io.matriarch.instance.postgres;

import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Which member this is and where its files are; everything comes from the pod's environment (docs/contract.md, "Pod").
 *
 * @param data mount of the data volume
 * @param wal mount of the WAL volume, if there is one
 * @param run a folder in memory for the fuse's deadline and copies of the certificates
 * @param socket folder of PostgreSQL's Unix socket
 * @param serverCertificate mounted Secret with {@code tls.crt}, {@code tls.key}, {@code ca.crt}
 * @param replicationCertificate the same for the client certificate of the role that replicates
 * @param listen PostgreSQL's listen_addresses
 */
public record Layout(
        String namespace,
        String cluster,
        String pod,
        Path data,
        @Nullable Path wal,
        Path run,
        Path socket,
        Path serverCertificate,
        Path replicationCertificate,
        String listen,
        int port) {
    /** The role that replicates; it logs in only with its certificate. */
    public static final String REPLICATION_ROLE = "matriarch_replication";

    public static final String SUPERUSER = "postgres";

    public Path pgdata() {
        return data.resolve("pgdata");
    }

    /** The folder for everything that must survive, outside PGDATA. */
    public Path state() {
        return data.resolve("matriarch");
    }

    /** The folder of pg_wal if it has a volume of its own. */
    public @Nullable Path walFolder() {
        return wal == null ? null : wal.resolve("pg_wal");
    }

    /** The ordinal of the member that uses this application_name; empty if no member does. */
    OptionalInt member(String applicationName) {
        String prefix = cluster + "-";
        String rest = applicationName.startsWith(prefix) ? applicationName.substring(prefix.length()) : "";
        return rest.matches("[0-9]{1,9}") ? OptionalInt.of(Integer.parseInt(rest)) : OptionalInt.empty();
    }

    /** {@code namespace/cluster}, as it is written on the volume. */
    public String owner() {
        return namespace + "/" + cluster;
    }

    /** This layout with other listen_addresses. */
    Layout listening(String addresses) {
        return new Layout(
                namespace,
                cluster,
                pod,
                data,
                wal,
                run,
                socket,
                serverCertificate,
                replicationCertificate,
                addresses,
                port);
    }

    Path serverFiles() {
        return run.resolve("server");
    }

    Path replicationFiles() {
        return run.resolve("replication");
    }
}
