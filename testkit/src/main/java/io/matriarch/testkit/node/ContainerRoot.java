package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a container's paths are on this machine. A container sees this machine's files, so what is mounted cannot be at its own path; it is linked
 * at that path under a folder of the container's, and environment, command and arguments name it there (docs/decisions/0003).
 */
final class ContainerRoot {
    private static final String PART_OF_A_NAME = "[\\w.-]";

    private final Path folder;
    private final TreeMap<String, Path> mounts;
    private final Map<String, Path> image;

    /**
     * Makes it.
     *
     * @param folder of the container
     * @param mounts paths in the container, and the volumes' folders
     * @param image folders of its image by their paths in it
     */
    ContainerRoot(Path folder, Map<String, Path> mounts, Map<String, Path> image) throws IOException {
        this.folder = folder;
        this.mounts = new TreeMap<>(mounts);
        this.image = image;
        Files.createDirectories(folder);
        for (Map.Entry<String, Path> mount : this.mounts.entrySet()) {
            link(place(mount.getKey()), mount.getValue());
        }
    }

    private static void link(Path place, Path volume) throws IOException {
        Files.createDirectories(java.util.Objects.requireNonNull(place.getParent()));
        Files.deleteIfExists(place);
        Files.createSymbolicLink(place, volume);
    }

    private Path place(String path) {
        return folder.resolve(path.substring(1));
    }

    Path folder() {
        return folder;
    }

    List<Path> volumes() {
        return List.copyOf(mounts.values());
    }

    /** The same text with paths of the container as paths of this machine. */
    String translate(String text) {
        Map<String, Path> places = new TreeMap<>(
                Comparator.comparingInt(String::length).reversed().thenComparing(Comparator.naturalOrder()));
        places.putAll(image);
        mounts.keySet().forEach(path -> places.put(path, place(path)));
        if (places.isEmpty()) {
            return text;
        }
        List<String> alternatives = new ArrayList<>();
        places.keySet().forEach(path -> alternatives.add(Pattern.quote(path)));
        Matcher found = Pattern.compile(
                        "(?<!%s|/)(%s)(?!%s)".formatted(PART_OF_A_NAME, String.join("|", alternatives), PART_OF_A_NAME))
                .matcher(text);
        return found.replaceAll(match ->
                Matcher.quoteReplacement(String.valueOf(places.getOrDefault(match.group(1), Path.of(match.group(1))))));
    }

    /**
     * Points links in a volume that name a path of another container, such as pg_wal's, to the same path of this one: in a real container both are one
     * path.
     */
    void adopt(Path clusterFolder) throws IOException {
        Pattern other = Pattern.compile(Pattern.quote(clusterFolder.toString()) + "/pods/\\d+/[^/]+(/.*)");
        for (Path volume : mounts.values()) {
            if (!Files.isDirectory(volume)) {
                continue;
            }
            try (Stream<Path> entries = Files.walk(volume, 3)) {
                for (Path link : entries.filter(Files::isSymbolicLink).toList()) {
                    Matcher target = other.matcher(Files.readSymbolicLink(link).toString());
                    if (target.matches() && mounts.keySet().stream().anyMatch(target.group(1)::startsWith)) {
                        Object owner = Files.getAttribute(link, "posix:owner", LinkOption.NOFOLLOW_LINKS);
                        Files.delete(link);
                        Files.createSymbolicLink(link, place(target.group(1)));
                        Files.setAttribute(link, "posix:owner", owner, LinkOption.NOFOLLOW_LINKS);
                    }
                }
            }
        }
    }
}
