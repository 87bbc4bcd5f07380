package io.matriarch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * What runs: the version and the digest of the classes in this process, and whether the jars on disk are the ones that these classes came from. They
 * are not when a jar was replaced in an image whose AOT cache was not made anew: JDK 25 then runs the classes of the cache without a word.
 *
 * @param version such as {@code 0.1.0}
 * @param digest of the jars that the running classes were built as; empty outside an image
 * @param jars digest of the jars on disk; empty outside an image
 * @param cached there is an AOT cache beside the jars
 */
public record Build(String version, String digest, String jars, boolean cached) {
    /** Of this process. */
    public static Build running() {
        String version = Objects.requireNonNullElse(Main.class.getPackage().getImplementationVersion(), "development");
        String digest = BuildDigest.value();
        if (digest.isEmpty()) {
            return new Build(version, "", "", false);
        }
        try {
            Path program = Jars.program();
            return new Build(version, digest, Jars.digest(program), Files.exists(program.resolveSibling("agent.aot")));
        } catch (IOException e) {
            return new Build(version, digest, "unreadable", false);
        }
    }

    /** The folder that the program lies in, with what belongs to it. */
    public static Path home() {
        return Objects.requireNonNull(Jars.program().getParent());
    }

    /** In one word, such as {@code 0.1.0+3f2a…}: the version, and the digest of what runs; then, after {@code !}, that of other jars on disk. */
    public String text() {
        String runs = digest.isEmpty() ? version : version + "+" + digest;
        return whole() ? runs : runs + "!" + jars;
    }

    /** What to say loudly, if the jars on disk are others. */
    public Optional<String> trouble() {
        if (whole()) {
            return Optional.empty();
        }
        return Optional.of(
                cached
                        ? "the program that runs is not the one on disk: its classes come from the AOT cache, build %s, but matriarch.jar or a jar in lib was replaced since, build %s. Make the cache anew in the image (deploy/image/assemble, then deploy/image/train), or remove agent.aot from it"
                                .formatted(digest, jars)
                        : "matriarch.jar or a jar in lib was changed after the image was assembled: this is build %s, the jars are build %s. Run deploy/image/assemble after each change of a jar"
                                .formatted(digest, jars));
    }

    private boolean whole() {
        return digest.equals(jars);
    }
}
