package io.matriarch.instance.postgres;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What failover asks of PostgreSQL, against the real one. */
class ReplicationTest {
    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder = Path.of("");

    private static OwnProcess processes;

    @BeforeAll
    static void prepare() throws Exception {
        processes = new OwnProcess(folder);
    }

    @ParameterizedTest
    @EnumSource(ReplicationScenario.class)
    void holds(ReplicationScenario scenario) throws Exception {
        processes.run(ReplicationScenario.class, scenario);
    }
}
