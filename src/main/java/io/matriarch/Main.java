package io.matriarch;

import java.util.Map;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The one program; what it does is its first argument. Only that subcommand's classes are loaded: an agent shares its pod's memory with
 * PostgreSQL.
 */
@Command(
        name = "matriarch",
        description = "A Kubernetes operator for PostgreSQL clusters. Subcommands: operator, instance, install.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
public final class Main implements Runnable {
    private static final Map<String, String> SUBCOMMANDS = Map.of(
            "operator", "io.matriarch.operator.OperatorCommand",
            "instance", "io.matriarch.instance.InstanceCommand",
            "install", "io.matriarch.instance.InstallCommand");

    private Main() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        CommandLine line = new CommandLine(new Main());
        String name = arguments.length == 0 ? "" : arguments[0];
        if (SUBCOMMANDS.containsKey(name)) {
            Class<?> type = Class.forName(SUBCOMMANDS.get(name));
            line.addSubcommand(name, type.getDeclaredConstructor().newInstance());
        }
        System.exit(line.execute(arguments));
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.err);
    }

    /** Version of this program, from the jar. */
    public static String version() {
        return Objects.requireNonNullElse(Main.class.getPackage().getImplementationVersion(), "development");
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {version()};
        }
    }
}
