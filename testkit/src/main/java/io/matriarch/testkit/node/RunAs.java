package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who containers run as: the user postgres when this program is root, because PostgreSQL refuses root; else whoever runs this program. */
record RunAs(Optional<UserPrincipal> other) {
    private static final String POSTGRES = "postgres";

    static RunAs ofThisProgram() throws IOException {
        if (!"root".equals(System.getProperty("user.name"))) {
            return new RunAs(Optional.empty());
        }
        try {
            return new RunAs(Optional.of(
                    Path.of("/").getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(POSTGRES)));
        } catch (UserPrincipalNotFoundException e) {
            throw new IOException(
                    "PostgreSQL does not run as root, and there is no user postgres to run it as: install the package postgresql",
                    e);
        }
    }

    /**
     * What to put before a command: a session of its own, so that the terminal's Ctrl-C does not reach it, and signals as a container engine gives
     * them. A shell that starts something in the background lets it ignore SIGINT, and so would everything below: no pod would end.
     */
    List<String> prefix(String podAddress) {
        List<String> words = new ArrayList<>();
        if (other.isPresent()) {
            words.addAll(List.of(
                    "setpriv", "--reuid=" + POSTGRES, "--regid=" + Addresses.group(podAddress), "--clear-groups"));
        }
        words.addAll(List.of("setsid", "env", "--default-signal"));
        return List.copyOf(words);
    }

    /** Makes it theirs, with all that is in it. */
    void own(Path tree) throws IOException {
        if (other.isEmpty()) {
            return;
        }
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                return give(folder);
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                return give(file);
            }

            private FileVisitResult give(Path path) throws IOException {
                Files.setAttribute(path, "posix:owner", other.orElseThrow(), LinkOption.NOFOLLOW_LINKS);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
