package io.matriarch.instance.postgres;

import org.junit.jupiter.api.Tag;

/** What users set, against the real PostgreSQL. */
@Tag("postgres")
class SettingsTest extends Scenarios<SettingsScenario> {
    SettingsTest() {
        super(SettingsScenario.class);
    }
}
