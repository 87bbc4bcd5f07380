package io.matriarch.testkit.node;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Our image without an image builder: the classes of this build, their libraries, a runtime and a trained AOT cache, laid out as the Dockerfile does.
 */
public final class AgentImage {
    private static final Path CLASSES = Path.of("target/classes");
    private static final Path WORK = Path.of("target/embedded");
    private static final Path RECIPE = Path.of("deploy/image");
    private static final Path FUSE = Path.of("src/main/resources/fuse/fuse");

    private AgentImage() {}

    /**
     * Lays it out and trains it anew when what it is made of has changed.
     *
     * @return the folder that is {@code /opt/matriarch} in the image
     */
    public static Path build() throws IOException {
        Files.createDirectories(WORK);
        try (RandomAccessFile lock = new RandomAccessFile(WORK.resolve("lock").toFile(), "rw");
                FileLock held = lock.getChannel().lock()) {
            Path home = WORK.resolve("home").toAbsolutePath();
            Path complete = home.resolve("complete");
            String made = fingerprint();
            if (!held.isValid()
                    || Files.exists(complete) && Files.readString(complete).equals(made)) {
                return home;
            }
            for (String part : List.of("complete", "agent.aot", "lib", "operator", "bin")) {
                delete(home.resolve(part));
            }
            Path libraries = WORK.resolve("libraries");
            delete(libraries);
            Files.createDirectories(libraries);
            for (String entry : classPath().split(File.pathSeparator)) {
                if (entry.endsWith(".jar")) {
                    Path source = Path.of(entry);
                    Files.createSymbolicLink(libraries.resolve(source.getFileName()), source);
                }
            }
            Path program = WORK.resolve("matriarch.jar");
            try (Stream<Path> present = Files.list(libraries)) {
                jar(
                        program,
                        present.map(jar -> "lib/" + jar.getFileName()).sorted().collect(Collectors.joining(" ")));
            }
            assemble(home, program, libraries);
            new AgentTraining(home).run();
            Files.writeString(complete, made);
            return home;
        }
    }

    private static String classPath() {
        return Objects.requireNonNullElse(
                System.getProperty("surefire.test.class.path"), System.getProperty("java.class.path"));
    }

    /** Of all that it is made of, by content: the compiler writes the same classes again whenever a test has changed. */
    private static String fingerprint() throws IOException {
        MessageDigest digest = sha256();
        digest.update(classPath().getBytes(StandardCharsets.UTF_8));
        digest.update(Runtime.version().toString().getBytes(StandardCharsets.UTF_8));
        try (Stream<Path> sources = Stream.of(Files.walk(CLASSES), Files.walk(RECIPE), Stream.of(FUSE))
                .flatMap(s -> s)) {
            for (Path source : sources.filter(Files::isRegularFile).sorted().toList()) {
                digest.update(source.toString().getBytes(StandardCharsets.UTF_8));
                digest.update(Files.readAllBytes(source));
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static void jar(Path target, String libraries) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, libraries);
        try (OutputStream out = Files.newOutputStream(target);
                JarOutputStream jar = new JarOutputStream(out, manifest);
                Stream<Path> files = Files.walk(CLASSES)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                jar.putNextEntry(new JarEntry(CLASSES.relativize(file).toString()));
                Files.copy(file, jar);
            }
        }
    }

    private static void assemble(Path home, Path program, Path libraries) throws IOException {
        run(
                RECIPE.resolve("assemble").toAbsolutePath().toString(),
                home.toString(),
                program.toString(),
                libraries.toString(),
                FUSE.toString());
        // The runtime's own classes, for the programs that are not trained: the operator, and the one that installs the
        // agent.
        for (String headers : List.of("-XX:+UseCompactObjectHeaders", "-XX:-UseCompactObjectHeaders")) {
            run(home.resolve("runtime/bin/java").toString(), headers, "-Xshare:dump");
        }
    }

    private static void run(String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("COMPRESS", "zip-0");
        builder.environment().put("JAVA_HOME", Objects.requireNonNull(System.getProperty("java.home")));
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException("cannot lay out the agent's image: " + said);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Puts it where containers can read it: they run as another user, who may not enter the folder of this build. */
    static Path place(Path home, Path target) throws IOException {
        try (Stream<Path> paths = Files.walk(home)) {
            for (Path path : paths.toList()) {
                Path copy = target.resolve(home.relativize(path).toString());
                if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectories(copy);
                } else {
                    link(path, copy);
                }
            }
        }
        return target;
    }

    private static void link(Path file, Path copy) throws IOException {
        try {
            Files.createLink(copy, file);
        } catch (IOException | UnsupportedOperationException otherFileSystem) {
            Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** What our image says of itself, laid out in this folder. */
    static Image of(Path home) {
        return new Image(
                List.of(
                        home.resolve("runtime/bin/java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx96m",
                        "-Xss512k",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-XX:-UsePerfData",
                        "-Dslf4j.provider=ch.qos.logback.classic.spi.LogbackServiceProvider",
                        "-cp",
                        home.resolve("matriarch.jar") + ":" + home.resolve("operator/*"),
                        "io.matriarch.Main"),
                Map.of("PATH", Image.PATH),
                Map.of("/opt/matriarch", home),
                "TERM",
                "");
    }
}
