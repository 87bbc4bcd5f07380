package io.matriarch.instance.postgres;

import org.junit.jupiter.api.Tag;

/** The agent's PostgreSQL against the real one. */
@Tag("postgres")
class LocalPostgresTest extends Scenarios<LocalPostgresScenario> {
    LocalPostgresTest() {
        super(LocalPostgresScenario.class);
    }
}
