package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.testkit.Majors;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.provider.Arguments;

/** Runs scenarios each in a JVM of its own: as the user `postgres` when this one is root, as PostgreSQL refuses to run as root. */
final class OwnProcess {
    private final Path folder;
    private final String classPath;

    /** The other user cannot read root's Maven repository: the class path is copied. */
    OwnProcess(Path folder) throws IOException {
        this.folder = folder;
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path jars = Files.createDirectory(folder.resolve("classpath"));
        List<String> entries = new ArrayList<>();
        String own = Objects.requireNonNullElse(
                System.getProperty("surefire.test.class.path"), System.getProperty("java.class.path"));
        for (String entry : own.split(File.pathSeparator)) {
            Path source = Path.of(entry);
            Path target = jars.resolve(entries.size() + "-" + source.getFileName());
            if (Files.isDirectory(source)) {
                copy(source, target);
            } else {
                Files.copy(source, target);
            }
            entries.add(target.toString());
        }
        classPath = String.join(File.pathSeparator, entries);
        try (var tree = Files.walk(jars)) {
            for (Path file : tree.toList()) {
                Files.setPosixFilePermissions(
                        file, PosixFilePermissions.fromString(Files.isDirectory(file) ? "rwxr-xr-x" : "rw-r--r--"));
            }
        }
    }

    /** Each scenario with each major that it is to run on; only those whose names fit the expression {@code MATRIARCH_SCENARIO}, if there is one. */
    static <E extends Enum<E>> List<Arguments> onMajors(E[] scenarios) throws NoSuchFieldException {
        List<Integer> thorough = Majors.thorough();
        List<Arguments> all = new ArrayList<>();
        String only = Objects.requireNonNullElse(System.getenv("MATRIARCH_SCENARIO"), ".*");
        for (E scenario : scenarios) {
            if (!scenario.name().matches(only)) {
                continue;
            }
            EachMajor each =
                    scenario.getDeclaringClass().getField(scenario.name()).getAnnotation(EachMajor.class);
            for (int major : each != null ? Majors.installed().keySet() : thorough) {
                if (each == null || major >= each.since()) {
                    all.add(Arguments.of(scenario, major));
                }
            }
        }
        return all;
    }

    /** Runs {@code main} with a scenario's name and a folder of its own, and that major's programs first on the PATH. */
    void run(Class<?> main, Enum<?> scenario, int major) throws Exception {
        List<String> command = new ArrayList<>();
        boolean root = "root".equals(System.getProperty("user.name"));
        if (root) {
            command.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"));
        }
        // Short, as a socket's path must be.
        Path work = Files.createDirectory(folder.resolve(major + "-" + scenario.ordinal()));
        Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxrwxrwx"));
        command.addAll(List.of(
                Objects.requireNonNull(System.getProperty("java.home")) + "/bin/java",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Duser.dir=" + work,
                "-cp",
                classPath,
                main.getName(),
                scenario.name(),
                work.toString()));
        Path log = folder.resolve(scenario + "-" + major + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(work.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().merge("PATH", programs(major).toString(), (path, first) -> first + ":" + path);
        Process process = builder.start();
        boolean ended = process.waitFor(3, TimeUnit.MINUTES);
        process.destroyForcibly();
        assertThat(ended)
                .as("%s on %d did not end:%n%s", scenario, major, Files.readString(log))
                .isTrue();
        assertThat(process.exitValue())
                .as("%s on %d:%n%s", scenario, major, Files.readString(log))
                .isZero();
    }

    /** The other user cannot reach root's home: programs there are copied too. */
    private synchronized Path programs(int major) throws IOException {
        Path bin =
                Objects.requireNonNull(Majors.installed().get(major), () -> "no PostgreSQL " + major + " is installed");
        if (Majors.isOpen(bin)) {
            return bin;
        }
        Path copied = folder.resolve("programs-" + major);
        if (!Files.exists(copied)) {
            copy(Objects.requireNonNull(bin.getParent()), copied);
        }
        return copied.resolve("bin");
    }

    private static void copy(Path source, Path target) throws IOException {
        try (var tree = Files.walk(source)) {
            for (Path file : tree.toList()) {
                Files.copy(
                        file,
                        target.resolve(source.relativize(file).toString()),
                        LinkOption.NOFOLLOW_LINKS,
                        StandardCopyOption.COPY_ATTRIBUTES,
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
