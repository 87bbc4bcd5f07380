package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The images that nodes can have: those that were added, and PostgreSQL's by this machine's packages. Any other cannot be pulled. */
public final class Images {
    private static final Path PACKAGES = Path.of("/usr/lib/postgresql");
    private static final int OLDEST = 14;
    private static final int NEWEST = 18;
    private static final Pattern POSTGRES = Pattern.compile("(?:.*/)?postgres:(\\d+)(?:[.-].*)?");

    private final Map<String, Image> added = new ConcurrentHashMap<>();

    public void add(String name, Image image) {
        added.put(name, image);
    }

    Optional<Image> find(String name) {
        Image image = added.get(name);
        if (image != null) {
            return Optional.of(image);
        }
        Matcher postgres = POSTGRES.matcher(name);
        return postgres.matches() ? postgres(name, Integer.parseInt(postgres.group(1))) : Optional.empty();
    }

    private static Optional<Image> postgres(String name, int wanted) {
        TreeMap<Integer, Path> present = installed();
        if (present.isEmpty() || wanted < OLDEST || wanted > NEWEST) {
            return Optional.empty();
        }
        int major = present.containsKey(wanted) ? wanted : present.lastKey();
        return Optional.of(Image.postgres(
                Objects.requireNonNull(present.get(major)),
                major,
                major == wanted
                        ? ""
                        : "this machine has no PostgreSQL %d: %s stands for its PostgreSQL %d"
                                .formatted(wanted, name, major)));
    }

    /** Folders of programs of this machine's PostgreSQLs, by major version. */
    public static TreeMap<Integer, Path> installed() {
        TreeMap<Integer, Path> found = new TreeMap<>();
        if (Files.isDirectory(PACKAGES)) {
            try (DirectoryStream<Path> majors = Files.newDirectoryStream(PACKAGES, "[0-9]*")) {
                for (Path folder : majors) {
                    int major = Integer.parseInt(folder.getFileName().toString());
                    if (major >= OLDEST && major <= NEWEST && Files.isExecutable(folder.resolve("bin/initdb"))) {
                        found.put(major, folder.resolve("bin"));
                    }
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
        return found;
    }
}
