package io.matriarch.playground;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that a user has one playground at a time: a locked file with the process id in it. The kernel drops the lock with its process, so a
 * file that a crash left behind stops nobody; it is taken over, and goes with the playground that took it.
 */
final class OnlyOne implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private OnlyOne(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** @throws Refusal when another playground holds it, or the file cannot be written */
    static OnlyOne hold(Path file) throws Refusal {
        byte[] own = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
        try {
            while (true) {
                FileChannel channel = open(file);
                if (lock(channel) == null) {
                    String holder = read(channel);
                    channel.close();
                    throw new Refusal("another playground of yours is running%s: end it with its key q, or with Ctrl-C"
                            .formatted(holder.isEmpty() ? "" : " (process " + holder + ")"));
                }
                channel.truncate(0);
                channel.write(ByteBuffer.wrap(own), 0);
                if (named(file)) {
                    return new OnlyOne(file, channel);
                }
                channel.close();
            }
        } catch (IOException e) {
            throw new Refusal("cannot write the lock file %s: %s".formatted(file, e));
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(
                file,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException heldByThisProgram) {
            return null;
        }
    }

    private static String read(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(20);
        channel.read(text, 0);
        return new String(text.array(), 0, text.position(), StandardCharsets.US_ASCII);
    }

    /**
     * False when its former holder removed the file between our opening and our locking it: what we locked has no name any more. The file must not
     * be opened again to find that out: closing any descriptor of it would give up this program's lock.
     */
    private static boolean named(Path file) throws IOException {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    if (Files.readSymbolicLink(descriptor).equals(file.toAbsolutePath())) {
                        return true;
                    }
                } catch (NoSuchFileException closedMeanwhile) {
                    continue;
                }
            }
        }
        return false;
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
        channel.close();
    }
}
