package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.matriarch.testkit.VolumeContents;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Snapshots of volumes: copies of their folders, with owners, permissions, hard links, holes and times. Copying file by file takes time, in which a database writes on, and what came of
 * that would be of no instant. So all processes of the pods that use the volume stand still meanwhile, stopped between two of their system calls, and no other
 * is started: the copy is what a power failure at that instant would have left, had everything written been synced. The kubelet stands still too for these pods, so that no probe fails by it.
 *
 * <p>The pause is as long as the copying: nothing where the file system shares blocks (XFS, Btrfs), else a second for each gigabyte or so in memory. A real driver's is shorter. What is written without a
 * process, by io_uring, is not stopped.
 */
final class VolumeCopies implements VolumeContents {
    private final Path copies;
    private final ClaimFolders claims;
    private final Supplier<List<PodWorker>> pods;

    VolumeCopies(Machine machine, ClaimFolders claims, Supplier<List<PodWorker>> pods) throws IOException {
        this.copies = machine.volumes().resolve("snapshots");
        this.claims = claims;
        this.pods = pods;
    }

    @Override
    public void snapshot(PersistentVolumeClaim claim, String handle) throws IOException {
        Path part = copies.resolve(handle + ".part");
        delete(part);
        Files.createDirectories(part);
        Path source = claims.folder(claim);
        List<PodWorker.Standstill> stopped = new ArrayList<>();
        try (Gate.Pass pass = claims.gate().copy(ClaimFolders.name(claim))) {
            for (PodWorker pod : pods.get()) {
                if (pod.uses(claim)) {
                    stopped.add(pod.standStill());
                }
            }
            if (Files.exists(source)) {
                copy(source, part);
            }
        } finally {
            goOn(stopped);
        }
        Files.move(part, copies.resolve(handle), StandardCopyOption.ATOMIC_MOVE);
    }

    /** All of them, whatever befalls one. */
    private static void goOn(List<PodWorker.Standstill> pods) throws IOException {
        if (!pods.isEmpty()) {
            try {
                pods.getFirst().close();
            } finally {
                goOn(pods.subList(1, pods.size()));
            }
        }
    }

    @Override
    public void restore(String handle, PersistentVolumeClaim claim) throws IOException {
        Path target = claims.mount(claim);
        run("find", target.toString(), "-mindepth", "1", "-delete");
        copy(copies.resolve(handle), target);
    }

    @Override
    public void remove(String handle) throws IOException {
        delete(copies.resolve(handle));
    }

    private static void copy(Path from, Path to) throws IOException {
        run("cp", "--archive", "--reflink=auto", from + "/.", to.toString());
    }

    private static void delete(Path tree) throws IOException {
        run("rm", "-rf", tree.toString());
    }

    private static void run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(said.strip());
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
