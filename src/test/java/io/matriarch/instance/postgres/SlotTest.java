package io.matriarch.instance.postgres;

import org.junit.jupiter.api.Tag;

/** Replication slots, of the members and of consumers, with the real PostgreSQL. */
@Tag("postgres")
class SlotTest extends Scenarios<SlotScenario> {
    SlotTest() {
        super(SlotScenario.class);
    }
}
