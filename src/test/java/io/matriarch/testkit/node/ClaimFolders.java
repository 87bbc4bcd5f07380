package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The volumes behind claims: a folder for each, which outlives pods and goes with its claim. */
final class ClaimFolders implements PodVolumes.Claims {
    private final Machine machine;
    private final Path volumes;
    private final Sources sources;

    ClaimFolders(Machine machine, Sources sources) throws IOException {
        this.machine = machine;
        this.volumes = machine.volumes().resolve("claims");
        this.sources = sources;
    }

    @Override
    public Optional<PersistentVolumeClaim> find(String namespace, String name) {
        return sources.claim(namespace, name);
    }

    @Override
    public Path mount(PersistentVolumeClaim claim) throws IOException {
        Path folder = folder(claim.getMetadata().getUid());
        if (!Files.exists(folder)) {
            Files.createDirectories(folder);
            machine.user().own(folder);
        }
        return folder;
    }

    Path folder(String claimUid) {
        return volumes.resolve(claimUid);
    }
}
