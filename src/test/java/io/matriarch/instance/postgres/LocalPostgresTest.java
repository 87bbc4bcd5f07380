package io.matriarch.instance.postgres;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The agent's PostgreSQL against the real one. */
class LocalPostgresTest {
    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder = Path.of("");

    private static OwnProcess processes;

    @BeforeAll
    static void prepare() throws Exception {
        processes = new OwnProcess(folder);
    }

    @ParameterizedTest
    @EnumSource(LocalPostgresScenario.class)
    void holds(LocalPostgresScenario scenario) throws Exception {
        processes.run(LocalPostgresScenario.class, scenario);
    }
}
