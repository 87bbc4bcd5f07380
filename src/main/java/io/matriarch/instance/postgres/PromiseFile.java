package io.matriarch.instance.postgres;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What this member promised and what it last saw of the Lease: {@code matriarch/promise.json}, beside PGDATA (docs/internals/protocol.md 2 and 5). A
 * promise is on the disk when the method that makes it returns; the volume's folder must be there (after {@link Postgres#inspect}).
 */
public final class PromiseFile {
    private static final String NAME = "promise.json";

    private final Path state;
    private @Nullable Promise known;

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

    /** Changes it; on the disk when this returns. */
    public synchronized void change(UnaryOperator<Promise> change) throws IOException {
        Promise former = read();
        Promise next = change.apply(former);
        if (!next.equals(former)) {
            write(next);
        }
    }

    /** Keeps what the Lease says now. */
    public void remember(ClusterLease lease) throws IOException {
        change(former -> former.remembering(lease));
    }

    private void write(Promise next) throws IOException {
        MemberFile.writeDurably(state.resolve(NAME), Json.bytes(next));
        known = next;
    }
}
