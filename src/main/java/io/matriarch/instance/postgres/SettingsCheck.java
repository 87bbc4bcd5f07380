package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Asks PostgreSQL itself whether it would accept settings, without touching the running server and without a session on it, so that a correction
 * can be validated whatever state the server is in. It starts a postmaster on a folder that has pg_control and no WAL: that postmaster reads its
 * configuration, prepares TLS and reads pg_hba.conf, complains about any of them, and otherwise ends because it finds no WAL.
 */
final class SettingsCheck {
    private static final String CANDIDATE = "candidate.conf";
    private static final String HBA = "candidate_hba.conf";
    private static final String IDENT = "candidate_ident.conf";
    /** What a server says that got as far as recovery. */
    private static final String ACCEPTED = "due to startup process failure";

    private static final Pattern HBA_LINE = Pattern.compile(".*CONTEXT:\\s+line (\\d+) of configuration file .*");
    private static final Pattern OURS = Pattern.compile(
            ".*(contains errors|skipping missing|starting PostgreSQL|listening on|could not load |database system is shut down|is not in use).*");

    /** Errors that have nothing to do with the settings (errno.h). */
    private static final Pattern OF_THE_MACHINE = Pattern.compile(
            "Cannot allocate memory|No space left on device|Disk quota exceeded|Resource temporarily unavailable|Too many open files|Input/output error|Read-only file system|Out of memory");

    private final Layout layout;
    private final Binaries binaries;

    SettingsCheck(Layout layout, Binaries binaries) {
        this.layout = layout;
        this.binaries = binaries;
    }

    /**
     * PostgreSQL's words if it refuses parameters or lines of pg_hba.conf, or empty. Fails with the reason SettingsUntried, which is neither a refusal nor an acceptance, if PostgreSQL could not check
     * them.
     */
    Optional<String> refusal(Settings settings) throws PostgresException {
        for (String library : libraries(settings.parameters())) {
            if (!binaries.hasLibrary(library)) {
                return Optional.of(
                        "could not access file \"%s\": a parameter names a library to preload that the image does not have"
                                .formatted(library));
            }
        }
        Path trial = layout.run().resolve("trial");
        try {
            clear(trial);
            try {
                return attempt(settings, trial);
            } finally {
                clear(trial);
            }
        } catch (IOException e) {
            throw untried(String.valueOf(e.getMessage()));
        }
    }

    private static PostgresException untried(String why) {
        return new PostgresException(new Problem(
                Problem.Reason.SettingsUntried,
                "PostgreSQL cannot try spec.postgres, so it is not in use yet: %s".formatted(why)));
    }

    private Optional<String> attempt(Settings settings, Path trial) throws IOException, PostgresException {
        Files.createDirectory(
                trial, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        for (String needed : List.of("global", "base", "pg_dynshmem", "pg_notify", "pg_tblspc")) {
            Files.createDirectory(trial.resolve(needed));
        }
        Files.createFile(trial.resolve("postgresql.auto.conf"));
        Files.copy(layout.pgdata().resolve("PG_VERSION"), trial.resolve("PG_VERSION"));
        Files.copy(layout.pgdata().resolve("global/pg_control"), trial.resolve("global/pg_control"));
        String text = Configuration.postgresql(layout, settings, binaries.major(), 0, Map.of())
                .replace("include '" + Configuration.UPSTREAM_FILE + "'\n", "")
                .replace(Configuration.INCLUDE_SYNCHRONOUS, "")
                .replace(Configuration.INCLUDE_AWAITED, "")
                .replace(Configuration.INCLUDE_LOCALE, "");
        String hba = Configuration.hba(settings.hba());
        Path candidate = Files.writeString(trial.resolve(CANDIDATE), text);
        Files.writeString(trial.resolve(HBA), hba);
        Files.writeString(trial.resolve(IDENT), Configuration.ident("postgres"));
        List<String> command = new ArrayList<>(List.of(binaries.program("postgres"), "-D", trial.toString()));
        // The command line overrides the file: little memory, no network, and every message.
        for (String own : List.of(
                "config_file=" + candidate,
                "hba_file=" + trial.resolve(HBA),
                "ident_file=" + trial.resolve(IDENT),
                "listen_addresses=",
                "unix_socket_directories=.",
                "shared_preload_libraries=",
                "shared_buffers=128kB",
                "huge_pages=off",
                "dynamic_shared_memory_type=mmap",
                "min_dynamic_shared_memory=0",
                "log_min_messages=warning",
                "log_error_verbosity=default",
                "log_line_prefix=",
                "lc_messages=C")) {
            command.addAll(List.of("-c", own));
        }
        Commands.Outcome outcome = Commands.run(command, trial);
        return verdict(outcome, candidate, hba.lines().toList());
    }

    /**
     * Empty if the settings are accepted. A server that could not check them proves nothing: that is an error, neither a refusal nor an
     * acceptance.
     */
    static Optional<String> verdict(Commands.Outcome outcome, Path candidate, List<String> hba)
            throws PostgresException {
        if (outcome.lines().stream().anyMatch(line -> line.contains(ACCEPTED))) {
            return Optional.empty();
        }
        String words = refusal(outcome.lines(), candidate, hba);
        if (words.isEmpty() || OF_THE_MACHINE.matcher(words).find()) {
            throw untried("it ended with code %d%s".formatted(outcome.exit(), words.isEmpty() ? "" : ": " + words));
        }
        return Optional.of(words);
    }

    /** The lines that name a mistake, without time stamps, the agent's file names and messages that are not about the user's lines. */
    static String refusal(List<String> lines, Path candidate, List<String> hba) {
        List<String> telling = new ArrayList<>();
        for (String line : lines) {
            Matcher context = HBA_LINE.matcher(line);
            if (context.matches() && !telling.isEmpty()) {
                int number = Integer.parseInt(context.group(1));
                String which = number >= 1 && number <= hba.size() ? hba.get(number - 1) : "";
                telling.add("hba line \"" + which + "\": " + telling.removeLast());
            } else if (line.matches("(.* )?(LOG|ERROR|FATAL|HINT|DETAIL):  .*")
                    && !OURS.matcher(line).matches()) {
                telling.add(line.replaceFirst("^.*?(LOG|ERROR|FATAL):\\s+", "")
                        .replaceFirst("^.*?(HINT|DETAIL):\\s+", "")
                        .replaceAll(" in file \"" + Pattern.quote(candidate.toString()) + "\",? line \\d+", ""));
            }
        }
        return telling.isEmpty() ? String.join("; ", lines) : String.join("; ", telling);
    }

    private static List<String> libraries(Map<String, String> parameters) {
        // A missing session library is worse than a missing server library: it takes effect by a reload, and then
        // nobody can log in any more.
        return Stream.of(
                        named(parameters, "shared_preload_libraries"),
                        named(parameters, "session_preload_libraries"),
                        named(parameters, "local_preload_libraries").map(name -> "plugins/" + name))
                .flatMap(names -> names)
                .toList();
    }

    private static Stream<String> named(Map<String, String> parameters, String parameter) {
        return Stream.of(parameters.getOrDefault(parameter, "").split(","))
                .map(name -> name.strip().replace("\"", ""))
                .filter(name -> !name.isEmpty());
    }

    private static void clear(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> tree = Files.walk(folder)) {
                for (Path file : tree.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
