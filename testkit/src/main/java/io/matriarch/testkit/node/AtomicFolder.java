package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder of files that change all at once, as the kubelet makes it for Secrets and ConfigMaps: the files are in a folder that the link
 * {@code ..data} names, and each visible file is a link through it (Kubernetes: {@code pkg/volume/util/atomic_writer.go}).
 */
final class AtomicFolder {
    private static final String DATA = "..data";

    private final Path folder;
    private final RunAs user;
    private Map<String, Content> present = Map.of();
    private int generation;

    /** A file's bytes and its permission bits. */
    record Content(byte[] bytes, int mode) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Content content && content.mode == mode && Arrays.equals(content.bytes, bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes) * 31 + mode;
        }
    }

    AtomicFolder(Path folder, RunAs user) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.user = user;
        user.own(folder);
    }

    /** @param files by their paths in the folder */
    void write(Map<String, Content> files) throws IOException {
        if (files.equals(present) && generation > 0) {
            return;
        }
        Path next = Files.createDirectory(folder.resolve(".." + ++generation));
        for (Map.Entry<String, Content> file : new TreeMap<>(files).entrySet()) {
            Path path = next.resolve(file.getKey());
            Files.createDirectories(java.util.Objects.requireNonNull(path.getParent()));
            Files.write(path, file.getValue().bytes());
            Files.setPosixFilePermissions(path, permissions(file.getValue().mode()));
        }
        user.own(next);
        Path data = folder.resolve(DATA);
        Optional<Path> former =
                Files.isSymbolicLink(data) ? Optional.of(Files.readSymbolicLink(data)) : Optional.empty();
        Path staged = folder.resolve("..data_tmp");
        Files.createSymbolicLink(staged, next.getFileName());
        Files.move(staged, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        for (String file : files.keySet()) {
            String top = file.split("/", 2)[0];
            Path link = folder.resolve(top);
            if (!Files.isSymbolicLink(link)) {
                Files.createSymbolicLink(link, Path.of(DATA, top));
            }
        }
        for (String file : present.keySet()) {
            String top = file.split("/", 2)[0];
            if (files.keySet().stream().noneMatch(name -> name.split("/", 2)[0].equals(top))) {
                Files.deleteIfExists(folder.resolve(top));
            }
        }
        present = Map.copyOf(files);
        if (former.isPresent()) {
            delete(folder.resolve(former.get()));
        }
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] fromTheLeft = PosixFilePermission.values();
        for (int bit = 0; bit < fromTheLeft.length; bit++) {
            if ((mode & (0400 >> bit)) != 0) {
                set.add(fromTheLeft[bit]);
            }
        }
        return set;
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
