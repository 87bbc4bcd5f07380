package io.matriarch;

import io.matriarch.instance.InstanceCommand;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The only program; its first argument selects the subcommand. Only that subcommand's classes are loaded, because an agent shares its pod's memory
 * with PostgreSQL.
 */
@Command(
        name = "matriarch",
        description = {
            "A Kubernetes operator for PostgreSQL clusters.",
            "Subcommands: operator; install, which copies the agent into a pod; instance, the agent, which takes no arguments and is told everything by its environment."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
public final class Main implements Runnable {
    private static final Map<String, String> SUBCOMMANDS = Map.of(
            "operator", "io.matriarch.operator.OperatorCommand",
            "install", "io.matriarch.instance.InstallCommand");

    private Main() {}

    /** Runs a subcommand, whose exit code becomes the program's; 2 for wrong usage. */
    public static void main(String[] arguments) throws ReflectiveOperationException, IOException, InterruptedException {
        if (arguments.length == 1 && arguments[0].equals("instance")) {
            System.exit(instance());
        }
        CommandLine line = new CommandLine(new Main());
        String name = arguments.length == 0 ? "" : arguments[0];
        if (SUBCOMMANDS.containsKey(name)) {
            Class<?> type = Class.forName(SUBCOMMANDS.get(name));
            line.addSubcommand(name, type.getDeclaredConstructor().newInstance());
        }
        System.exit(line.execute(arguments));
    }

    private static int instance() throws IOException, InterruptedException {
        try {
            return InstanceCommand.run(System.getenv());
        } catch (IllegalArgumentException e) {
            System.err.println("matriarch instance: " + e.getMessage());
            return 2;
        }
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.err);
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            Build build = Build.running();
            return Stream.concat(Stream.of(build.text()), build.trouble().stream())
                    .toArray(String[]::new);
        }
    }
}
