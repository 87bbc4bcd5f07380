package io.matriarch.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The majors of PostgreSQL that tests of this machine have: its packages, and the folders {@code NN/bin} inside the folders that
 * {@code MATRIARCH_POSTGRESQL} names ({@code .ci/prepare --majors} fills the one that it is by default).
 */
public final class Majors {
    private static final int OLDEST = 14;
    private static final int NEWEST = 18;
    /** What Debian's packages are of, so that what runs once runs as on most machines that have no other. */
    private static final int USUAL = 15;

    private static final Path PACKAGES = Path.of("/usr/lib/postgresql");

    private Majors() {}

    /** Folders of programs, by major version. */
    public static TreeMap<Integer, Path> installed() {
        TreeMap<Integer, Path> found = new TreeMap<>();
        for (Path root : roots()) {
            if (Files.isDirectory(root)) {
                try (DirectoryStream<Path> majors = Files.newDirectoryStream(root, "[0-9][0-9]")) {
                    for (Path folder : majors) {
                        int major = Integer.parseInt(folder.getFileName().toString());
                        if (major >= OLDEST && major <= NEWEST && Files.isExecutable(folder.resolve("bin/initdb"))) {
                            found.putIfAbsent(major, folder.resolve("bin").toRealPath());
                        }
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return found;
    }

    /** Those that another user can run as they are: what root fetched lies in root's home. */
    public static TreeMap<Integer, Path> open() {
        return installed().entrySet().stream()
                .filter(entry -> isOpen(entry.getValue()))
                .collect(Collectors.toMap(
                        java.util.Map.Entry::getKey, java.util.Map.Entry::getValue, (one, other) -> one, TreeMap::new));
    }

    /** Those on which everything is tested: what {@code MATRIARCH_MAJORS} lists (such as {@code 14,18}), otherwise one. */
    public static List<Integer> thorough() {
        TreeMap<Integer, Path> installed = installed();
        Optional<String> wanted = setting("MATRIARCH_MAJORS");
        if (wanted.isPresent()) {
            return Arrays.stream(wanted.get().split(","))
                    .map(major -> Integer.valueOf(major.strip()))
                    .filter(installed::containsKey)
                    .toList();
        }
        return installed.isEmpty() || installed.containsKey(USUAL)
                ? installed.isEmpty() ? List.of() : List.of(USUAL)
                : List.of(installed.lastKey());
    }

    public static boolean isOpen(Path folder) {
        for (Path at = folder; at != null; at = at.getParent()) {
            try {
                if (!Files.getPosixFilePermissions(at).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                    return false;
                }
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    private static List<Path> roots() {
        List<Path> roots = new ArrayList<>(List.of(PACKAGES));
        Optional<String> named = setting("MATRIARCH_POSTGRESQL");
        if (named.isPresent()) {
            for (String folder : named.get().split(File.pathSeparator)) {
                roots.add(Path.of(folder));
            }
        } else {
            String cache = Objects.requireNonNullElse(
                    System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home") + "/.cache");
            roots.add(Path.of(cache, "matriarch", "postgresql"));
        }
        return roots;
    }

    private static Optional<String> setting(String name) {
        return Optional.ofNullable(System.getProperty(name))
                .or(() -> Optional.ofNullable(System.getenv(name)))
                .filter(value -> !value.isBlank());
    }
}
