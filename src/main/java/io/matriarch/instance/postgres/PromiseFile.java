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
 * What this member promised and what it last saw of the Lease: {@code matriarch/promise.json}, beside PGDATA (docs/internals/protocol.md 2 and 5).
 * When a method that makes a promise returns, the promise is on the disk. The volume's folder must exist (after {@link Postgres#inspect}).
 */
public final class PromiseFile {
    private static final String NAME = "promise.json";

    private final Path state;
    private @Nullable Promise known;

    public PromiseFile(Path state) {
        this.state = state;
    }

    /**
     * Without a file, as on a new disk, nothing was promised and nothing was seen. If the file cannot be read, that is an error, never an empty
     * promise.
     */
    public synchronized Promise read() throws IOException {
        if (known == null) {
            Path file = state.resolve(NAME);
            known = Files.exists(file) ? Json.read(Files.readAllBytes(file), Promise.class) : Promise.NONE;
        }
        return known;
    }

    /** Changes the promise; when this returns, the change is on the disk. */
    public synchronized void change(UnaryOperator<Promise> change) throws IOException {
        Promise former = read();
        Promise next = change.apply(former);
        if (!next.equals(former)) {
            write(next);
        }
    }

    /** Records what the Lease says now. */
    public void remember(ClusterLease lease) throws IOException {
        change(former -> former.remembering(lease));
    }

    private void write(Promise next) throws IOException {
        MemberFile.writeDurably(state.resolve(NAME), Json.bytes(next));
        known = next;
    }
}
