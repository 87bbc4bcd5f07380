package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Asks PostgreSQL itself whether it would accept settings, without touching what runs. */
final class SettingsCheck {
    private static final String CANDIDATE = "candidate.conf";

    private final Layout layout;
    private final Binaries binaries;

    SettingsCheck(Layout layout, Binaries binaries) {
        this.layout = layout;
        this.binaries = binaries;
    }

    /** PostgreSQL's words of refusal, or empty. */
    Optional<String> parameters(Settings settings) throws IOException {
        for (String library : libraries(settings.parameters())) {
            if (!binaries.hasLibrary(library)) {
                return Optional.of(
                        "could not access file \"%s\": a parameter names a library to preload that the image does not have"
                                .formatted(library));
            }
        }
        Path candidate = layout.run().resolve(CANDIDATE);
        String text = Configuration.postgresql(layout, settings, binaries.major(), 0, Map.of())
                .replace("include '" + Configuration.UPSTREAM_FILE + "'\n", "")
                .replace(Configuration.INCLUDE_LOCALE, "");
        Files.writeString(candidate, text);
        try {
            // With -C the server reads its configuration, complains or prints, and starts nothing (manual, "postgres").
            Commands.Outcome outcome = Commands.run(
                    List.of(
                            binaries.program("postgres"),
                            "-C",
                            "data_directory",
                            "-D",
                            layout.pgdata().toString(),
                            "-c",
                            "config_file=" + candidate),
                    Path.of("/"));
            return outcome.ok() ? Optional.empty() : Optional.of(refusal(outcome.lines(), candidate));
        } finally {
            Files.deleteIfExists(candidate);
        }
    }

    /** The lines that name a mistake, without time stamps, our file names and the closing "contains errors". */
    static String refusal(List<String> lines, Path candidate) {
        List<String> telling = lines.stream()
                .filter(line ->
                        line.matches(".*(LOG|ERROR|FATAL|HINT|DETAIL):  .*") && !line.contains("contains errors"))
                .map(line -> line.replaceFirst("^.*?(LOG|ERROR|FATAL):\\s+", "")
                        .replaceFirst("^.*?(HINT|DETAIL):\\s+", "")
                        .replaceAll(
                                " in file \"" + java.util.regex.Pattern.quote(candidate.toString()) + "\",? line \\d+",
                                ""))
                .toList();
        return telling.isEmpty() ? String.join("; ", lines) : String.join("; ", telling);
    }

    private static List<String> libraries(Map<String, String> parameters) {
        // A missing library of sessions is worse than one of the server: it takes effect by a reload, and nobody gets
        // in any more.
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

    /**
     * Lets the running server read pg_hba.conf as it would be, by its view pg_hba_file_rules. The view reads the file, so the candidate is in
     * place for that moment; the rules in force change only with a reload, and the agent writes the file anew before each start.
     */
    Optional<String> hba(Settings settings) throws IOException, SQLException {
        Path file = layout.pgdata().resolve("pg_hba.conf");
        byte[] former = Files.readAllBytes(file);
        String candidate = Configuration.hba(settings.hba());
        boolean accepted = false;
        try (Sql sql = Sql.open(layout, "postgres", Duration.ofSeconds(5))) {
            MemberFile.writeDurably(file, candidate.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            List<String> lines = candidate.lines().toList();
            List<String> mistakes = sql.query(
                    "SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL ORDER BY line_number",
                    row -> {
                        int number = row.getInt(1);
                        String line = number >= 1 && number <= lines.size() ? lines.get(number - 1) : "";
                        return "hba line \"" + line + "\": " + row.getString(2);
                    });
            accepted = mistakes.isEmpty();
            return accepted ? Optional.empty() : Optional.of(String.join("; ", mistakes));
        } finally {
            if (!accepted) {
                MemberFile.writeDurably(file, former);
            }
        }
    }
}
