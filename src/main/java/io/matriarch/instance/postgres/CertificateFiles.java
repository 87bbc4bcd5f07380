package io.matriarch.instance.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;

/**
 * Copies of the mounted certificates that PostgreSQL accepts: it requires a key that only its own user can read, and a mounted Secret belongs to
 * root.
 */
final class CertificateFiles {
    private static final List<String> NAMES = List.of("ca.crt", "tls.crt", "tls.key");

    private final Layout layout;

    CertificateFiles(Layout layout) {
        this.layout = layout;
    }

    /** Copies what changed; returns whether anything did. */
    boolean refresh() throws IOException {
        boolean changed = copy(layout.serverCertificate(), layout.serverFiles());
        return copy(layout.replicationCertificate(), layout.replicationFiles()) | changed;
    }

    private static boolean copy(Path from, Path to) throws IOException {
        if (!Files.isDirectory(to)) {
            Files.createDirectories(to);
            Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rwx------"));
        }
        boolean changed = false;
        for (String name : NAMES) {
            byte[] wanted = Files.readAllBytes(from.resolve(name));
            Path target = to.resolve(name);
            if (Files.exists(target) && Arrays.equals(wanted, Files.readAllBytes(target))) {
                continue;
            }
            Path next = to.resolve(name + ".new");
            Files.deleteIfExists(next);
            Files.createFile(next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(next, wanted);
            Files.move(next, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            changed = true;
        }
        return changed;
    }
}
