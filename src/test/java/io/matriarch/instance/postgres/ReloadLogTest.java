package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReloadLogTest {
    private final ReloadLog log = new ReloadLog();

    @Test
    void aFileThatIsNotTakenIsToldWithTheReason() {
        reads(
                "received SIGHUP, reloading configuration files",
                "could not set the cipher list (no valid ciphers available)",
                "SSL configuration was not reloaded");
        assertThat(log.complaint())
                .contains(
                        "SSL configuration was not reloaded: could not set the cipher list (no valid ciphers available)");
    }

    /** Since 15 with the whole name of the file. */
    @Test
    void severalFilesAreToldTogether() {
        reads(
                "received SIGHUP, reloading configuration files",
                "parameter \"work_mem\" changed to \"5MB\"",
                "invalid authentication method \"nonsense\"");
        log.read("2026-11-28 09:00:00.000 UTC [1] CONTEXT:  line 9 of configuration file \"/data/pgdata/pg_hba.conf\"");
        reads("/data/pgdata/pg_hba.conf was not reloaded", "SSL configuration was not reloaded");
        assertThat(log.complaint())
                .contains(
                        "pg_hba.conf was not reloaded: invalid authentication method \"nonsense\"; line 9 of configuration file \"/data/pgdata/pg_hba.conf\"; SSL configuration was not reloaded");
    }

    @Test
    void theNextReloadCounts() {
        reads("received SIGHUP, reloading configuration files", "SSL configuration was not reloaded");
        reads("received SIGHUP, reloading configuration files", "parameter \"work_mem\" changed to \"5MB\"");
        assertThat(log.complaint()).isEmpty();
    }

    @Test
    void aRestartThatIsNeededIsNoComplaint() {
        reads(
                "received SIGHUP, reloading configuration files",
                "parameter \"shared_buffers\" cannot be changed without restarting the server",
                "configuration file \"/data/pgdata/postgresql.conf\" contains errors; unaffected changes were applied");
        assertThat(log.complaint()).isEmpty();
        assertThat(log.errors()).isTrue();
        reads("received SIGHUP, reloading configuration files");
        assertThat(log.errors()).isFalse();
    }

    private void reads(String... messages) {
        for (String message : messages) {
            log.read("2026-11-28 09:00:00.000 UTC [1] LOG:  " + message);
        }
    }
}
