package io.matriarch.testkit.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * What the nodes of one cluster have of this machine: a folder, another one for volumes, addresses, and a sweeper. The sweeper is a script that waits for this program to
 * end, however it does, and then ends every process of a container and removes what the cluster left; {@link #close} does nothing but let it.
 */
final class Machine implements AutoCloseable {
    private static final FileAttribute<?> ENTERABLE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x"));
    private static final Path SWEEPER = Path.of("testkit/src/main/resources/node/sweep");
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final long ENOUGH_MEMORY = 4L << 30;
    private static final int PATIENCE_SECONDS = 60;
    private static final String NAME = "matriarch-";
    private static final Integer ROOT = 0;

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

    /**
     * Opens one under a folder; its path is short, because paths of sockets are limited to 107 characters. First goes what dead clusters of this user left,
     * of anybody when it is root; what others left is let alone, and its addresses with it.
     */
    static Machine open(Path parent) throws IOException {
        RunAs user = RunAs.ofThisProgram();
        clean(parent);
        Addresses addresses =
                Addresses.claim(prefix -> leftovers(parent, prefix).isEmpty());
        Path folder = parent.resolve(NAME + addresses.prefix());
        Files.createDirectory(folder, ENTERABLE);
        return new Machine(folder, addresses, user, sweep(folder, addresses));
    }

    /** A cluster whose addresses are free is dead, whatever is left of it. */
    private static void clean(Path parent) throws IOException {
        Set<String> names = new TreeSet<>();
        for (Path place : List.of(parent, MEMORY)) {
            if (Files.isDirectory(place)) {
                try (DirectoryStream<Path> found = Files.newDirectoryStream(place, NAME + "127.*")) {
                    found.forEach(
                            path -> names.add(path.getFileName().toString().substring(NAME.length())));
                }
            }
        }
        for (String name : names) {
            Optional<Addresses> claimed = Addresses.claim(name);
            if (claimed.isPresent()) {
                try (Addresses addresses = claimed.get()) {
                    if (leftovers(parent, name).stream().allMatch(Machine::removable)) {
                        sweep(parent.resolve(NAME + name), addresses)
                                .getOutputStream()
                                .close();
                        await(parent, name);
                    }
                }
            }
        }
    }

    /** Folders of a cluster that are there. */
    private static List<Path> leftovers(Path parent, String prefix) {
        return Stream.of(parent, MEMORY)
                .map(place -> place.resolve(NAME + prefix))
                .filter(path -> Files.exists(path, LinkOption.NOFOLLOW_LINKS))
                .toList();
    }

    private static boolean removable(Path path) {
        try {
            Object us = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            return us.equals(ROOT) || us.equals(Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    private static void await(Path parent, String prefix) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!leftovers(parent, prefix).isEmpty()) {
            if (System.nanoTime() > end) {
                throw new IOException("what a former cluster left cannot be removed, remove it by hand: "
                        + leftovers(parent, prefix));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
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
