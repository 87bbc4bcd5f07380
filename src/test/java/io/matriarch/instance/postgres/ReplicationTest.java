package io.matriarch.instance.postgres;

import org.junit.jupiter.api.Tag;

/** What failover asks of PostgreSQL, against the real one. */
@Tag("postgres")
class ReplicationTest extends Scenarios<ReplicationScenario> {
    ReplicationTest() {
        super(ReplicationScenario.class);
    }
}
