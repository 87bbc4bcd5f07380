package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes behind claims: a folder for each, which outlives pods and goes with its claim. As root, and while volumes are in memory, each is a file
 * system of its own that is as large as the claim; otherwise they have no limit.
 */
final class ClaimFolders implements PodVolumes.Claims {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimFolders.class);
    private static final String FILLER = "filler";

    private final Machine machine;
    private final Path volumes;
    private final Sources sources;
    private final Map<String, Long> limits = new ConcurrentHashMap<>();
    private final Gate gate = new Gate();
    private volatile boolean limited;

    ClaimFolders(Machine machine, Sources sources) throws IOException {
        this.machine = machine;
        this.volumes = machine.volumes().resolve("claims");
        this.sources = sources;
        this.limited = machine.user().other().isPresent() && !machine.volumes().equals(machine.folder());
    }

    @Override
    public Optional<PersistentVolumeClaim> find(String namespace, String name) {
        return sources.claim(namespace, name);
    }

    @Override
    public Gate gate() {
        return gate;
    }

    /** As the gate knows it. */
    static String name(PersistentVolumeClaim claim) {
        return claim.getMetadata().getNamespace() + "/" + claim.getMetadata().getName();
    }

    @Override
    public Path mount(PersistentVolumeClaim claim) throws IOException {
        Path folder = folder(claim);
        boolean fresh = !Files.exists(folder);
        if (fresh) {
            Files.createDirectories(folder);
        }
        limit(claim, folder, fresh);
        if (fresh) {
            machine.user().own(folder);
        }
        return folder;
    }

    private synchronized void limit(PersistentVolumeClaim claim, Path folder, boolean fresh) throws IOException {
        long size = Objects.requireNonNull(
                        claim.getSpec().getResources().getRequests().get("storage"))
                .getNumericalAmount()
                .longValue();
        Long former = limits.get(claim.getMetadata().getUid());
        if (!limited || former == null && !fresh || former != null && former == size) {
            return;
        }
        Process mount = new ProcessBuilder(List.of(
                        "mount",
                        "-t",
                        "tmpfs",
                        "-o",
                        (former == null ? "" : "remount,") + "mode=0700,size=" + size,
                        "matriarch",
                        folder.toString()))
                .redirectErrorStream(true)
                .start();
        String said = new String(mount.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (mount.waitFor() == 0) {
                limits.put(claim.getMetadata().getUid(), size);
            } else {
                limited = false;
                LOG.info("volumes have no limit here: {}", said.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Writes until nothing more goes in. */
    void fill(PersistentVolumeClaim claim) throws IOException {
        if (!limits.containsKey(claim.getMetadata().getUid())) {
            throw new UnsupportedOperationException("volumes have a limit only for root, and in memory");
        }
        Path folder = folder(claim);
        FileStore store = Files.getFileStore(folder);
        byte[] block = new byte[4096];
        try (OutputStream filler = Files.newOutputStream(folder.resolve(FILLER))) {
            while (store.getUsableSpace() > 0) {
                filler.write(block);
            }
        } catch (IOException e) {
            LOG.debug("it is full", e);
        }
    }

    void empty(PersistentVolumeClaim claim) throws IOException {
        Files.deleteIfExists(folder(claim).resolve(FILLER));
    }

    /** Where its volume is, once a pod used it. */
    Path folder(PersistentVolumeClaim claim) {
        return volumes.resolve(claim.getMetadata().getUid());
    }
}
