package io.matriarch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program says which classes it runs, and loudly if the jars on disk are others. */
@Tag("machine")
class BuildTest {
    private static final List<String> CLASSES = List.of(
            "io/matriarch/Build.class",
            "io/matriarch/BuildDigest.class",
            "io/matriarch/BuildTest$Probe.class",
            "io/matriarch/Jars.class",
            "io/matriarch/Main.class",
            "io/matriarch/Main$Version.class");

    /** What a program says of itself, in a process of its own. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] arguments) {
            Build build = Build.running();
            System.out.println(build.text());
            System.out.println(build.trouble().orElse("whole"));
        }
    }

    @Test
    void digestIsOfEachJarAndOfNothingElse(@TempDir Path home) throws IOException {
        Path program = home.resolve("matriarch.jar");
        jar(program, "io/matriarch/Main.class", "one");
        Path library = Files.createDirectories(home.resolve("lib")).resolve("postgresql-1.jar");
        jar(library, "org/postgresql/Driver.class", "one");
        String before = Jars.digest(program);

        jar(program, "io/matriarch/Main.class", "one");
        assertThat(Jars.digest(program)).as("the same content again").isEqualTo(before);
        jar(library, "org/postgresql/Driver.class", "two");
        String replaced = Jars.digest(program);
        assertThat(replaced).as("a library replaced").isNotEqualTo(before).hasSize(12);
        jar(program, "io/matriarch/Main.class", "two");
        assertThat(Jars.digest(program)).as("the program replaced").isNotIn(before, replaced);
    }

    @Test
    void saysWhatRunsAndWhatIsOnDisk() {
        assertThat(new Build("0.1.0", "aa", "aa", true).text()).isEqualTo("0.1.0+aa");
        assertThat(new Build("0.1.0", "aa", "aa", true).trouble()).isEmpty();
        assertThat(new Build("0.1.0", "aa", "bb", true).text()).isEqualTo("0.1.0+aa!bb");
        assertThat(new Build("0.1.0", "aa", "bb", true).trouble().orElseThrow())
                .contains("AOT cache, build aa", "agent.aot");
        assertThat(new Build("0.1.0", "aa", "bb", false).trouble().orElseThrow())
                .contains("assemble")
                .doesNotContain("agent.aot");
        assertThat(Build.running().trouble()).as("outside an image").isEmpty();
    }

    /** With a real AOT cache, and a jar that was replaced after it was made. */
    @Test
    void classesOfAnOldCacheAreNamedByTheirOwnBuild(@TempDir Path home) throws Exception {
        Path program = home.resolve("matriarch.jar");
        assembled(home, program, "one");
        String first = Jars.digest(program);
        java(home, "-XX:AOTCacheOutput=" + home.resolve("agent.aot"));
        assertThat(java(home, "-XX:AOTCache=" + home.resolve("agent.aot"))).endsWith("development+" + first, "whole");

        assembled(home, program, "another");
        String second = Jars.digest(program);
        List<String> said = java(home, "-XX:AOTCache=" + home.resolve("agent.aot"), "-Xlog:aot=off", "-Xlog:cds=off");
        assertThat(said.getLast())
                .as("either the cache is refused, or it is said: %s", said)
                .satisfiesAnyOf(
                        last -> assertThat(last).isEqualTo("whole"),
                        last -> assertThat(last).contains("build " + first, "build " + second));
        assertThat(said.get(said.size() - 2)).isIn("development+" + second, "development+" + first + "!" + second);
        assertThat(java(home)).as("without the cache").endsWith("development+" + second, "whole");
    }

    /** The JVM forgets where the jar of a cached class is when the image lies elsewhere than where its cache was made. */
    @Test
    void anImageThatWasMovedKnowsItsJars(@TempDir Path folder) throws Exception {
        Path made = Files.createDirectory(folder.resolve("made"));
        assembled(made, made.resolve("matriarch.jar"), "one");
        String digest = Jars.digest(made.resolve("matriarch.jar"));
        java(made, "-XX:AOTCacheOutput=" + made.resolve("agent.aot"));
        Path moved = Files.move(made, folder.resolve("moved"));
        assertThat(java(moved, "-XX:AOTCache=" + moved.resolve("agent.aot")))
                .endsWith("development+" + digest, "whole");
    }

    /** As deploy/image/assemble does, with the compiler's own class in which the text is replaced. */
    private static void assembled(Path home, Path program, String content) throws IOException, InterruptedException {
        jar(program, "content", content);
        Path source = home.resolve("BuildDigest.java");
        Files.writeString(
                source,
                "package io.matriarch; final class BuildDigest { static String value() { return \"%s\"; } }"
                        .formatted(Jars.digest(program)));
        Path classes = home.resolve("classes");
        int failed = javax.tools.ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-proc:none", "-d", classes.toString(), source.toString());
        assertThat(failed).isZero();
        jar(program, "content", content, classes);
    }

    private static void jar(Path target, String name, String content) throws IOException {
        jar(target, name, content, Path.of("target/none"));
    }

    private static void jar(Path target, String name, String content, Path own) throws IOException {
        try (OutputStream out = Files.newOutputStream(target);
                JarOutputStream jar = new JarOutputStream(out)) {
            jar.putNextEntry(new JarEntry(name));
            jar.write(content.getBytes(StandardCharsets.UTF_8));
            for (String type : name.equals("content") ? CLASSES : List.<String>of()) {
                jar.putNextEntry(new JarEntry(type));
                Path replaced = own.resolve(type);
                if (Files.exists(replaced)) {
                    Files.copy(replaced, jar);
                } else {
                    try (var in = BuildTest.class.getResourceAsStream("/" + type)) {
                        in.transferTo(jar);
                    }
                }
            }
        }
    }

    private static List<String> java(Path home, String... options) throws IOException, InterruptedException {
        List<String> command =
                new java.util.ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-XX:+UseSerialGC"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", home.resolve("matriarch.jar").toString(), "io.matriarch.BuildTest$Probe"));
        Path log = home.resolve("log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        return Files.readAllLines(log);
    }
}
