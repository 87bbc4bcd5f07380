package io.matriarch.testkit.node;

import io.matriarch.testkit.Majors;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The images that nodes can have: those that were added, and PostgreSQL's by what this machine has ({@link Majors}). Any other cannot be pulled. */
public final class Images {
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
        return Majors.open();
    }
}
