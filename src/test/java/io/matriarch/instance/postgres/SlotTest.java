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

/** Replication slots, of the members and of consumers, with the real PostgreSQL. */
@Tag("postgres")
class SlotTest {
    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder = Path.of("");

    private static OwnProcess processes;

    @BeforeAll
    static void prepare() throws Exception {
        processes = new OwnProcess(folder);
    }

    static List<Arguments> scenarios() throws Exception {
        return OwnProcess.onMajors(SlotScenario.values());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void holds(SlotScenario scenario, int major) throws Exception {
        processes.run(SlotScenario.class, scenario, major);
    }
}
