package io.matriarch.instance.postgres;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What this member promised and what it last saw of the Lease: {@code matriarch/promise.json}, beside PGDATA (ha.md 7.2, 7.5). A promise is on
 * the disk when the method that makes it returns; the volume's folder must be there (after {@link Postgres#inspect}).
 */
public final class PromiseFile {
    private static final String NAME = "promise.json";

    private final Path state;
    private @Nullable Promise known;

    /**
     * The file's content.
     *
     * @param epoch the highest one voted for or accepted; 0 for none
     * @param lease as it was last seen; null before it was
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Promise(long epoch, @Nullable ClusterLease lease) {
        private static final Promise NONE = new Promise(0, null);
    }

    public PromiseFile(Path state) {
        this.state = state;
    }

    /** Nothing promised and nothing seen when there is no file, as on a new disk; a file that cannot be read is an error, never nothing. */
    public synchronized Promise read() throws IOException {
        if (known == null) {
            Path file = state.resolve(NAME);
            known = Files.exists(file) ? Json.read(Files.readAllBytes(file), Promise.class) : Promise.NONE;
        }
        return known;
    }

    /** Promises an epoch; it never falls. */
    public synchronized void promise(long epoch) throws IOException {
        Promise former = read();
        if (epoch > former.epoch()) {
            write(new Promise(epoch, former.lease()));
        }
    }

    /** Keeps what the Lease says now. */
    public synchronized void remember(ClusterLease lease) throws IOException {
        Promise former = read();
        if (!lease.equals(former.lease())) {
            write(new Promise(former.epoch(), lease));
        }
    }

    private void write(Promise next) throws IOException {
        MemberFile.writeDurably(state.resolve(NAME), Json.bytes(next));
        known = next;
    }
}
