package io.matriarch.instance.postgres;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What users set, against the real PostgreSQL. */
@Tag("postgres")
class SettingsTest {
    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder = Path.of("");

    private static OwnProcess processes;

    @BeforeAll
    static void prepare() throws Exception {
        processes = new OwnProcess(folder);
    }

    static List<Arguments> scenarios() throws Exception {
        return OwnProcess.onMajors(SettingsScenario.values());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void holds(SettingsScenario scenario, int major) throws Exception {
        processes.run(SettingsScenario.class, scenario, major);
    }
}
