package io.matriarch;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The one program; what it does is its subcommand. */
@Command(name = "matriarch", mixinStandardHelpOptions = true)
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main()).execute(arguments));
    }
}
