package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Problem;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The PostgreSQL of this image.
 *
 * @param folder that contains its programs
 * @param major version, such as 17
 */
record Binaries(Path folder, int major) {
    static final int OLDEST = 14;
    static final int NEWEST = 18;
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
    private static final List<String> LIBRARY_FOLDERS =
            List.of("lib", "lib/postgresql", "lib/pgsql", "lib64", "lib64/postgresql", "lib64/pgsql");
    private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");

    /** Searches the PATH, then the place where Debian installs it. */
    static Binaries find() throws PostgresException {
        List<Path> folders = new ArrayList<>();
        for (String entry : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (!entry.isEmpty()) {
                folders.add(Path.of(entry));
            }
        }
        if (Files.isDirectory(DEBIAN)) {
            try (DirectoryStream<Path> majors = Files.newDirectoryStream(DEBIAN)) {
                majors.forEach(major -> folders.add(major.resolve("bin")));
            } catch (IOException e) {
                throw new PostgresException(
                        new Problem(Problem.Reason.NoPostgres, "cannot read " + DEBIAN + ": " + e.getMessage()), e);
            }
        }
        for (Path folder : folders) {
            // initdb too: the PATH of a machine may have a wrapper for the server alone
            if (Files.isExecutable(folder.resolve("postgres")) && Files.isExecutable(folder.resolve("initdb"))) {
                return of(home(folder));
            }
        }
        throw new PostgresException(
                new Problem(
                        Problem.Reason.NoPostgres,
                        "the image holds no PostgreSQL: there is no program `postgres` on its PATH. Set spec.image to the official image, such as postgres:17, or one built on it"));
    }

    /** The folder where the programs really are, because a folder on the PATH may contain links to some of them. */
    private static Path home(Path folder) throws PostgresException {
        try {
            return java.util.Objects.requireNonNull(
                    folder.resolve("initdb").toRealPath().getParent());
        } catch (IOException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.NoPostgres, "cannot read " + folder + ": " + e.getMessage()), e);
        }
    }

    private static Binaries of(Path folder) throws PostgresException {
        try {
            Commands.Outcome outcome =
                    Commands.run(List.of(folder.resolve("postgres").toString(), "--version"), Path.of("/"));
            Matcher version = VERSION.matcher(outcome.text());
            if (!outcome.ok() || !version.find()) {
                throw new PostgresException(new Problem(
                        Problem.Reason.NoPostgres, folder + "/postgres --version answered: " + outcome.text()));
            }
            int major = Integer.parseInt(version.group(1));
            if (major < OLDEST || major > NEWEST) {
                throw new PostgresException(new Problem(
                        Problem.Reason.UnsupportedVersion,
                        "the image holds PostgreSQL %d; versions %d to %d are supported. Set spec.image accordingly"
                                .formatted(major, OLDEST, NEWEST)));
            }
            return new Binaries(folder, major);
        } catch (IOException e) {
            throw new PostgresException(
                    new Problem(Problem.Reason.NoPostgres, "cannot run " + folder + "/postgres: " + e.getMessage()), e);
        }
    }

    String program(String name) {
        return folder.resolve(name).toString();
    }

    /** Whether a library that a parameter names is installed. Packagers use different folders for {@code $libdir}. */
    boolean hasLibrary(String name) {
        String file = name.endsWith(".so") ? name : name + ".so";
        Path path = Path.of(file.replace("$libdir/", ""));
        return path.isAbsolute()
                ? Files.exists(path)
                : LIBRARY_FOLDERS.stream()
                        .anyMatch(lib -> Files.exists(folder.resolveSibling(lib).resolve(path)));
    }
}
