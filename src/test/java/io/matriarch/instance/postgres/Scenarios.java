package io.matriarch.instance.postgres;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs each scenario of an enum with the real PostgreSQL, in a process of its own, with each major that it is for.
 *
 * @param <S> has a {@code main} that plays one of its scenarios
 */
@TestInstance(Lifecycle.PER_CLASS)
abstract class Scenarios<S extends Enum<S>> {
    private final Class<S> scenarios;

    private OwnProcess processes;

    Scenarios(Class<S> scenarios) {
        this.scenarios = scenarios;
    }

    @BeforeAll
    void prepare(@TempDir(cleanup = CleanupMode.ALWAYS) Path folder) throws Exception {
        processes = new OwnProcess(folder);
    }

    List<Arguments> scenarios() throws Exception {
        return OwnProcess.onMajors(scenarios.getEnumConstants());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void holds(S scenario, int major) throws Exception {
        processes.run(scenarios, scenario, major);
    }
}
