package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is deleted, and above all what is not. */
class TablespacesTest {
    @TempDir
    Path folder = Path.of("");

    @Test
    void onlyWhatPostgresMadeInAFolderOnTheVolumesIsDeleted() throws IOException {
        Path inData = table(folder.resolve("data/tablespaces/fast"));
        Path inWal = table(folder.resolve("wal/other"));
        Files.writeString(folder.resolve("data/tablespaces/fast/notes"), "mine");
        tablespaces().clear(List.of(folder.resolve("data/tablespaces/fast"), folder.resolve("wal/other")));
        assertThat(inData).doesNotExist();
        assertThat(inWal).doesNotExist();
        assertThat(folder.resolve("data/tablespaces/fast")).isDirectoryContaining("glob:**notes");
    }

    @Test
    void nothingElseIsTouched() throws IOException {
        Path outside = table(folder.resolve("elsewhere/fast"));
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.createSymbolicLink(data.resolve("link"), folder.resolve("elsewhere"));
        Files.createSymbolicLink(data.resolve("direct"), folder.resolve("elsewhere/fast"));
        List<Path> kept = List.of(
                outside,
                table(data.resolve("pgdata/inside")),
                table(data.resolve("matriarch")),
                table(data),
                table(folder.resolve("wal/pg_wal")));
        tablespaces()
                .clear(List.of(
                        folder.resolve("elsewhere/fast"),
                        data.resolve("link/fast"),
                        data.resolve("direct"),
                        data.resolve("../elsewhere/fast"),
                        data.resolve("pgdata/inside"),
                        data.resolve("matriarch"),
                        data,
                        folder,
                        folder.resolve("wal"),
                        folder.resolve("wal/pg_wal"),
                        Path.of("pg_tblspc/16384")));
        assertThat(kept).allSatisfy(table -> assertThat(table).exists());
    }

    @Test
    void aLinkInsideATablespaceIsNotFollowed() throws IOException {
        Path outside = table(folder.resolve("elsewhere"));
        Path location = folder.resolve("data/fast");
        Path table = table(location);
        Files.createSymbolicLink(table.resolveSibling("link"), outside.getParent());
        Files.createSymbolicLink(location.resolve("PG_16_202307071"), outside.getParent());
        tablespaces().clear(List.of(location));
        assertThat(table).doesNotExist();
        assertThat(outside).exists();
    }

    @Test
    void aFolderIsMadeOnTheVolumesOnly() throws IOException {
        Files.createDirectories(folder.resolve("data"));
        tablespaces().make(folder.resolve("data/tablespaces/fast"));
        tablespaces().make(folder.resolve("elsewhere/fast"));
        tablespaces().make(folder.resolve("data/pgdata/fast"));
        assertThat(folder.resolve("data/tablespaces/fast")).isEmptyDirectory();
        assertThat(folder.resolve("elsewhere")).doesNotExist();
        assertThat(folder.resolve("data/pgdata")).doesNotExist();
        assertThat(Tablespaces.missing("directory \"/a b/c\" does not exist")).contains(Path.of("/a b/c"));
        assertThat(Tablespaces.missing("database \"x\" does not exist")).isEmpty();
    }

    private Tablespaces tablespaces() {
        return new Tablespaces(new Layout(
                "shop",
                "orders",
                "orders-0",
                folder.resolve("data"),
                folder.resolve("wal"),
                folder.resolve("run"),
                folder,
                folder.resolve("server"),
                folder.resolve("replication"),
                "127.0.0.1",
                5432));
    }

    /** A file of a table in a location. */
    private static Path table(Path location) throws IOException {
        Path database = Files.createDirectories(location.resolve("PG_17_202406281/5"));
        return Files.writeString(database.resolve("16384"), "rows");
    }
}
