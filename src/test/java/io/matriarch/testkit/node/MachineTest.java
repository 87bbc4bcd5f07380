package io.matriarch.testkit.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** A cluster leaves nothing, and takes away what dead ones left. Alone: another cluster would take the addresses that are given back. */
@Isolated
@Tag("machine")
class MachineTest {
    /** Not the block that the next cluster takes. */
    private static final String DEAD = "127.249";

    @TempDir
    private Path parent = Path.of("");

    private Path left() throws Exception {
        Path folder = Files.createDirectory(parent.resolve("matriarch-" + DEAD));
        Files.writeString(Files.createDirectory(folder.resolve("image")).resolve("file"), "left");
        return folder;
    }

    @Test
    void whatAnyDeadClusterLeftGoesWithItsProcesses() throws Exception {
        Path folder = left();
        ProcessBuilder orphan = new ProcessBuilder("sleep", "600");
        orphan.environment().put("container", folder.getFileName() + "/pod/container/0");
        Process process = orphan.start();
        try (Machine machine = Machine.open(parent)) {
            assertThat(machine.folder()).isNotEqualTo(folder);
            assertThat(folder).doesNotExist();
            assertThat(process.waitFor(5, TimeUnit.SECONDS))
                    .as("the process of the dead cluster has ended")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(parent).isEmptyDirectory();
    }

    /** Maps a file, as PostgreSQL does its shared memory, until it is killed. */
    static final class Mapper {
        private Mapper() {}

        public static void main(String[] arguments) throws Exception {
            Path file = Path.of(arguments[0]);
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                System.out.println(channel.map(FileChannel.MapMode.READ_WRITE, 0, 4096));
                System.in.read();
            }
        }
    }

    @Test
    void sharedMemoryGoesWithTheProcessesThatHaveIt() throws Exception {
        Path memory = Path.of("/dev/shm/PostgreSQL." + ProcessHandle.current().pid());
        ProcessBuilder command = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Mapper.class.getName(),
                memory.toString());
        Process process;
        try (Machine machine = Machine.open(parent)) {
            command.environment().put("container", machine.mark("pod/container/0"));
            process = command.start();
            assertThat(process.inputReader().readLine()).contains("4096");
            assertThat(memory).exists();
        }
        assertThat(process.waitFor(5, TimeUnit.SECONDS)).isTrue();
        assertThat(memory).doesNotExist();
    }

    @Test
    void whatALivingClusterHasStays() throws Exception {
        try (Addresses living = Addresses.claim(DEAD).orElseThrow()) {
            Path folder = left();
            try (Machine machine = Machine.open(parent)) {
                assertThat(folder.resolve("image/file"))
                        .as("beside %s", machine.folder())
                        .exists();
            }
            assertThat(folder.resolve("image/file"))
                    .as("its addresses %s are held", living.prefix())
                    .exists();
        }
    }

    @Test
    void addressesThatDoNotFitAreGivenBack() throws Exception {
        String first;
        try (Addresses fitting = Addresses.claim(prefix -> true)) {
            first = fitting.prefix();
        }
        try (Addresses other = Addresses.claim(prefix -> !prefix.equals(first))) {
            assertThat(other.prefix()).isNotEqualTo(first);
            Optional<Addresses> refused = Addresses.claim(first);
            assertThat(refused).as("%s is free again", first).isPresent();
            refused.get().close();
        }
        assertThat(Addresses.claim("127.0")).as("no block of clusters").isEmpty();
    }
}
