package io.matriarch.instance.postgres;

import org.junit.jupiter.api.Tag;

/** When data is turned back and when not, against the real pg_rewind. */
@Tag("postgres")
class RewindTest extends Scenarios<RewindScenario> {
    RewindTest() {
        super(RewindScenario.class);
    }
}
