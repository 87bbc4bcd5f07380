package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the nodes of one cluster have of this machine: a folder, another one for volumes, addresses, and a sweeper. The sweeper is a script that waits for this program to
 * end, however it does, and then ends every process of a container and removes what the cluster left; {@link #close} does nothing but let it.
 */
final class Machine implements AutoCloseable {
    private static final FileAttribute<?> ENTERABLE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x"));
    private static final Path SWEEPER = Path.of("src/test/resources/node/sweep");
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final long ENOUGH_MEMORY = 4L << 30;
    private static final int PATIENCE_SECONDS = 60;

    private final Path folder;
    private final Addresses addresses;
    private final RunAs user;
    private final Process sweeper;
    private final AtomicInteger numbers = new AtomicInteger();

    private Machine(Path folder, Addresses addresses, RunAs user, Process sweeper) {
        this.folder = folder;
        this.addresses = addresses;
        this.user = user;
        this.sweeper = sweeper;
    }

    /** Opens one under a folder; its path is short, because paths of sockets are limited to 107 characters. */
    static Machine open(Path parent) throws IOException {
        RunAs user = RunAs.ofThisProgram();
        Addresses addresses = Addresses.claim();
        Path folder = parent.resolve("matriarch-" + addresses.prefix());
        if (Files.exists(folder)) {
            // Its addresses are free, so its program is dead: whatever is left of it goes.
            sweep(folder, addresses).getOutputStream().close();
            await(folder);
        }
        Files.createDirectory(folder, ENTERABLE);
        return new Machine(folder, addresses, user, sweep(folder, addresses));
    }

    private static Process sweep(Path folder, Addresses addresses) throws IOException {
        return new ProcessBuilder(List.of(
                        "setsid",
                        "bash",
                        SWEEPER.toAbsolutePath().toString(),
                        folder.toString(),
                        Integer.toString(addresses.firstGroup())))
                .directory(Path.of("/").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static void await(Path folder) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (Files.exists(folder)) {
            if (System.nanoTime() > end) {
                throw new IOException("what a former cluster left in %s cannot be removed".formatted(folder));
            }
            java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    Path folder() {
        return folder;
    }

    /**
     * Where volumes are: in memory when there is plenty, as PostgreSQL waits for the disk again and again while it is made, cloned and started, and
     * nothing here outlives the machine.
     */
    Path volumes() throws IOException {
        boolean plenty = Files.isWritable(MEMORY)
                && Files.getFileStore(MEMORY).type().equals("tmpfs")
                && Math.min(Files.getFileStore(MEMORY).getUsableSpace(), availableMemory()) >= ENOUGH_MEMORY;
        if (!plenty) {
            return folder;
        }
        Path volumes = MEMORY.resolve(folder.getFileName());
        if (!Files.exists(volumes)) {
            Files.createDirectory(volumes, ENTERABLE);
        }
        return volumes;
    }

    private static long availableMemory() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemAvailable:"))
                .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElse(0L);
    }

    Addresses addresses() {
        return addresses;
    }

    RunAs user() {
        return user;
    }

    /** A number that nothing else here has. */
    int number() {
        return numbers.incrementAndGet();
    }

    /** What marks the processes of a container. */
    String mark(String container) {
        return folder.getFileName() + "/" + container;
    }

    @Override
    public void close() throws IOException {
        sweeper.getOutputStream().close();
        try {
            if (!sweeper.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || Files.exists(folder)) {
                throw new IOException("cannot remove " + folder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        addresses.close();
    }
}
