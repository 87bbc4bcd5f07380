package io.matriarch.instance;

import io.matriarch.Build;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Copies the agent from the operator's image into a pod's emptyDir. It keeps modification times, because the JVM's AOT cache identifies the jars
 * that it was created from by size and time.
 */
@Command(name = "install", description = "Copies the agent into a folder.", mixinStandardHelpOptions = true)
public final class InstallCommand implements Callable<Integer> {
    @Option(names = "--from", description = "Where this image has it (default: the folder of this program).")
    private @Nullable Path from;

    @Parameters(paramLabel = "FOLDER", description = "Where it shall be.")
    private Path to = Path.of("");

    @Override
    public Integer call() throws IOException {
        Path source = from == null ? Build.home() : from;
        Files.walkFileTree(source, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Files.createDirectories(target(source, folder));
                return folder.endsWith("operator") ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.copy(
                        file,
                        target(source, file),
                        StandardCopyOption.COPY_ATTRIBUTES,
                        StandardCopyOption.REPLACE_EXISTING);
                return FileVisitResult.CONTINUE;
            }
        });
        return 0;
    }

    private Path target(Path source, Path path) {
        return to.resolve(source.relativize(path).toString());
    }
}
