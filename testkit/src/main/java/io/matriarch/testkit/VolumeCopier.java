package io.matriarch.testkit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Copies volumes while controllers go on; they ask again until it is done. */
final class VolumeCopier implements AutoCloseable {
    private final Map<String, CompletableFuture<Instant>> copies = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile VolumeContents contents = VolumeContents.NOTHING;

    private interface Copy {
        void make(VolumeContents contents) throws IOException;
    }

    void of(VolumeContents all) {
        contents = all;
    }

    /** When the snapshot was made; empty while it is being made, which this begins. */
    Optional<Instant> snapshot(ObjectNode claim, String handle) throws IOException {
        PersistentVolumeClaim source = claim(claim);
        return done(handle, all -> all.snapshot(source, handle));
    }

    /** Whether the claim's volume has what the snapshot has; if not, this begins it. */
    boolean restored(String handle, ObjectNode claim) throws IOException {
        PersistentVolumeClaim target = claim(claim);
        return done(JobPods.uid(claim), all -> all.restore(handle, target)).isPresent();
    }

    void remove(String handle) throws IOException {
        contents.remove(handle);
        copies.remove(handle);
    }

    boolean underWay(String name) {
        CompletableFuture<Instant> copy = copies.get(name);
        return copy != null && !copy.isDone();
    }

    private Optional<Instant> done(String name, Copy copy) throws IOException {
        CompletableFuture<Instant> future = copies.computeIfAbsent(
                name,
                any -> CompletableFuture.supplyAsync(
                        () -> {
                            Instant begun = Instant.now();
                            try {
                                copy.make(contents);
                            } catch (IOException e) {
                                throw new CompletionException(e);
                            }
                            return begun;
                        },
                        threads));
        if (future.isCompletedExceptionally()) {
            copies.remove(name); // another time
            throw new IOException(future.exceptionNow());
        }
        return future.isDone() ? Optional.of(future.join()) : Optional.empty();
    }

    private static PersistentVolumeClaim claim(ObjectNode claim) {
        return Serialization.unmarshal(claim.toString(), PersistentVolumeClaim.class);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
