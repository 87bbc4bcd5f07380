package io.matriarch.testkit.node;

import io.matriarch.testkit.MountedCertificates;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * Trains the AOT cache of an agent that is laid out, by the script of the image build: a real run of it, with PostgreSQL and failovers. Without the
 * cache, an agent takes three times the processor to start, and what the embedded cluster shows of restarts would not be what a pod does.
 */
final class AgentTraining {
    private static final Path SCRIPT = Path.of("deploy/image/train");
    private static final List<String> PROGRAM = List.of("deploy/image/Training.java", "deploy/image/TrainingApi.java");

    private final Path home;

    AgentTraining(Path home) {
        this.home = home;
    }

    /** Leaves the cache in the agent's folder. */
    void run() throws IOException {
        if (Images.installed().isEmpty()) {
            throw new IOException("training the agent takes PostgreSQL: install the package postgresql");
        }
        try (Machine machine = Machine.open(Path.of("/tmp"))) {
            // Where the user that runs PostgreSQL can read it.
            Path copy = AgentImage.place(home, machine.folder().resolve("image"));
            Path training = Files.createDirectories(machine.folder().resolve("training"));
            compile(copy, training);
            new MountedCertificates("training", "training").mount(training);
            Path temporary = Files.createDirectory(
                    machine.folder().resolve("tmp"),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
            train(machine, copy, training, temporary);
            Files.copy(copy.resolve("agent.aot"), home.resolve("agent.aot"), StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    private static void compile(Path agent, Path target) throws IOException {
        StringBuilder libraries = new StringBuilder();
        for (String folder : List.of("lib", "operator")) {
            try (Stream<Path> jars = Files.list(agent.resolve(folder))) {
                jars.forEach(jar -> libraries.append(jar).append(File.pathSeparator));
            }
        }
        List<String> arguments =
                new ArrayList<>(List.of("-proc:none", "-cp", libraries.toString(), "-d", target.toString()));
        arguments.addAll(PROGRAM);
        int failed = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "tests run on a JDK")
                .run(null, null, null, arguments.toArray(String[]::new));
        if (failed != 0) {
            throw new IOException("the training does not compile: " + PROGRAM);
        }
    }

    private static void train(Machine machine, Path agent, Path training, Path temporary) throws IOException {
        Path log = temporary.resolve("log");
        ProcessBuilder builder = new ProcessBuilder(
                        "setsid",
                        SCRIPT.toAbsolutePath().toString(),
                        agent.toString(),
                        training.toString(),
                        machine.addresses().take(),
                        machine.addresses().take())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment()
                .put(
                        "PATH",
                        Images.installed().lastEntry().getValue() + ":"
                                + builder.environment().get("PATH"));
        builder.environment().put("TMPDIR", temporary.toString());
        // The sweeper finds it by this.
        builder.environment().put("container", machine.mark("training"));
        Process process = builder.start();
        process.getOutputStream().close();
        try {
            // Ctrl-C ends this; reading what it writes would wait for its end
            if (process.waitFor() != 0) {
                throw new IOException("cannot train the agent: " + Files.readString(log));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
