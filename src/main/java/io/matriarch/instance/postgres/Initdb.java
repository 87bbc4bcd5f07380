package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Creates the database system: initdb, then the roles, the application's database and the user's SQL. */
final class Initdb {
    private static final Duration STATEMENT = Duration.ofHours(1);

    private final Layout layout;
    private final Binaries binaries;
    private final Volume volume;

    Initdb(Layout layout, Binaries binaries, Volume volume) {
        this.layout = layout;
        this.binaries = binaries;
        this.volume = volume;
    }

    void files(Settings.Initdb initdb) throws PostgresException, IOException {
        List<String> command = new ArrayList<>(List.of(
                binaries.program("initdb"),
                "--pgdata=" + layout.pgdata(),
                "--username=" + Layout.SUPERUSER,
                "--auth-local=peer",
                "--auth-host=reject",
                "--encoding=" + initdb.encoding()));
        if (binaries.major() >= 17 && List.of("C", "C.UTF-8").contains(initdb.locale())) {
            // The built-in provider sorts in the same way with whatever C library the image has.
            command.add("--locale-provider=builtin");
            command.add("--builtin-locale=" + initdb.locale());
        }
        command.add("--locale=" + initdb.locale());
        if (initdb.dataChecksums()) {
            command.add("--data-checksums");
        } else if (binaries.major() >= 18) {
            command.add("--no-data-checksums");
        }
        Path wal = layout.walFolder();
        if (wal != null) {
            command.add("--waldir=" + wal);
        }
        Commands.Outcome outcome = Commands.run(command, layout.data());
        if (!outcome.ok()) {
            String words = outcome.complaint();
            throw new PostgresException(
                    outcome.text().contains("No space left")
                            ? volume.diskFull(words)
                            : new Problem(
                                    Problem.Reason.InitdbFailed, "initdb refused spec.bootstrap.initdb: " + words));
        }
    }

    /** Creates the contents, on a server that listens only on its socket. */
    void contents(Settings settings, String password, List<String> postInitSql) throws PostgresException {
        Settings.Initdb initdb = settings.initdb();
        String owner = Sql.identifier(initdb.owner());
        try (Sql sql = Sql.open(layout, "postgres", STATEMENT)) {
            new ReplicationRole(sql, binaries.major()).keep();
            // A statement with a password must not reach the server's log, even if it fails.
            sql.execute(
                    "SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1");
            sql.execute("CREATE ROLE " + owner + " LOGIN PASSWORD " + Sql.literal(password));
            if (!initdb.database().equals("postgres")) {
                sql.execute("CREATE DATABASE " + Sql.identifier(initdb.database()) + " OWNER " + owner);
            }
        } catch (SQLException e) {
            throw failed("making the role %s and the database %s".formatted(initdb.owner(), initdb.database()), e);
        }
        int number = 0;
        for (String statement : postInitSql) {
            number++;
            try (Sql sql = Sql.openForUser(layout, initdb.database(), STATEMENT)) {
                sql.execute(statement);
            } catch (SQLException e) {
                String text = statement.strip();
                throw failed(
                        "statement %d of the SQL in spec.bootstrap.initdb (%s)"
                                .formatted(number, text.length() > 80 ? text.substring(0, 80) + "…" : text),
                        e);
            }
        }
    }

    private PostgresException failed(String what, SQLException e) {
        String words = String.valueOf(e.getMessage());
        return new PostgresException(
                words.contains("No space left")
                        ? volume.diskFull(words)
                        : new Problem(
                                Problem.Reason.BootstrapSQLFailed,
                                what
                                        + " failed: "
                                        + words
                                        + ". Nothing of it is kept. Correct spec.bootstrap.initdb or what it refers to; then the database system is created again"),
                e);
    }
}
