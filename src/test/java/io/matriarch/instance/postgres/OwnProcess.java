package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

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
                try (var tree = Files.walk(source)) {
                    for (Path file : tree.toList()) {
                        Files.copy(
                                file,
                                target.resolve(source.relativize(file).toString()),
                                StandardCopyOption.REPLACE_EXISTING);
                    }
                }
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

    /** Runs {@code main} with a scenario's name and a folder of its own. */
    void run(Class<?> main, Enum<?> scenario) throws Exception {
        List<String> command = new ArrayList<>();
        boolean root = "root".equals(System.getProperty("user.name"));
        if (root) {
            command.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"));
        }
        Path work = Files.createDirectory(folder.resolve(scenario.name()));
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
        Path log = folder.resolve(scenario + ".log");
        Process process = new ProcessBuilder(command)
                .directory(work.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(3, TimeUnit.MINUTES);
        process.destroyForcibly();
        assertThat(ended)
                .as("%s did not end:%n%s", scenario, Files.readString(log))
                .isTrue();
        assertThat(process.exitValue())
                .as("%s:%n%s", scenario, Files.readString(log))
                .isZero();
    }
}
