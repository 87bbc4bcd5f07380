package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.matriarch.api.contract.Problem.Reason;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigurationTest {
    private static final Layout LAYOUT = new Layout(
            "shop",
            "orders",
            "orders-1",
            Path.of("/data"),
            null,
            Path.of("/run/m"),
            Path.of("/socket"),
            Path.of("/server"),
            Path.of("/replication"),
            "*",
            5432);

    static Settings settings(Map<String, String> parameters, List<String> hba) {
        return new Settings(
                Settings.VERSION,
                "uid",
                2,
                "r" + parameters.hashCode() + hba.hashCode(),
                parameters,
                hba,
                new BootstrapOrder(BootstrapAction.Initdb, 0, null, null),
                new Settings.Initdb("app", "app", "UTF8", "C.UTF-8", true, List.of(), List.of()),
                "orders-app",
                null,
                null,
                null,
                List.of(),
                List.of());
    }

    /** "Refused" would tell the user to correct what is right, and it would not be tried again. */
    @Test
    void whatCouldNotBeTriedIsNeitherRefusedNorAccepted() {
        for (List<String> lines : List.of(
                List.<String>of(),
                List.of("FATAL:  could not map anonymous shared memory: Cannot allocate memory"),
                List.of("FATAL:  could not create lock file \"postmaster.pid\": No space left on device"))) {
            assertThatThrownBy(() -> SettingsCheck.verdict(
                            new Commands.Outcome(137, lines), Path.of("/run/trial/candidate.conf"), List.of()))
                    .isInstanceOfSatisfying(
                            PostgresException.class,
                            e -> assertThat(e.problem())
                                    .satisfies(problem ->
                                            assertThat(problem.known()).isEqualTo(Reason.SettingsUntried))
                                    .satisfies(problem ->
                                            assertThat(problem.message()).contains("ended with code 137")));
        }
    }

    @Test
    void usersParametersWinOverDefaultsAndOursOverTheirs() {
        String text = Configuration.postgresql(
                LAYOUT,
                settings(Map.of("wal_sender_timeout", "9s", "fsync", "off", "FSYNC", "off"), List.of()),
                17,
                0,
                Map.of());
        assertThat(text.lastIndexOf("wal_sender_timeout = '9s'"))
                .isGreaterThan(text.indexOf("wal_sender_timeout = '5s'"));
        assertThat(text).doesNotContain("fsync = 'off'").doesNotContain("FSYNC").contains("fsync = 'on'");
    }

    /** Each major has its own: one that is not known keeps a server from starting. */
    @Test
    void replicasSynchronizeSlotsOfConsumersWherePostgresCan() {
        assertThat(postgresql(17, Map.of()))
                .contains("sync_replication_slots = 'on'\n")
                .endsWith("include_if_exists 'matriarch.awaited.conf'\n");
        assertThat(postgresql(16, Map.of())).doesNotContain("sync_replication_slots", "awaited");
        assertThat(postgresql(17, Map.of("hot_standby_feedback", "False")))
                .as("it needs feedback")
                .contains("sync_replication_slots = 'off'\n");
        String own = postgresql(17, Map.of("sync_replication_slots", "off", "synchronized_standby_slots", "mine"));
        assertThat(own.indexOf("sync_replication_slots = 'off'"))
                .isGreaterThan(own.indexOf("sync_replication_slots = 'on'"));
        assertThat(own).doesNotContain("mine");
        assertThat(Configuration.awaited(List.of(2, 1))).endsWith("synchronized_standby_slots = 'm_1, m_2'\n");
        assertThat(Configuration.awaited(List.of())).endsWith("synchronized_standby_slots = ''\n");
    }

    private static String postgresql(int major, Map<String, String> parameters) {
        return Configuration.postgresql(LAYOUT, settings(parameters, List.of()), major, 0, Map.of());
    }

    @Test
    void valuesAreQuotedSoThatTheyCannotBeAnythingElse() {
        String text = Configuration.postgresql(
                LAYOUT, settings(Map.of("search_path", "it's\\ so"), List.of()), 17, 0, Map.of());
        assertThat(text).contains("search_path = 'it''s\\\\ so'\n");
    }

    @Test
    void aMemberThatIsGoneMayKeepHalfOfTheDiskUnlessTheUserSaysOtherwise() {
        long tenGigabytes = 10L << 30;
        assertThat(Configuration.postgresql(LAYOUT, settings(Map.of(), List.of()), 17, tenGigabytes, Map.of()))
                .contains("max_slot_wal_keep_size = '5120MB'\n");
        String text = Configuration.postgresql(
                LAYOUT, settings(Map.of("max_slot_wal_keep_size", "-1"), List.of()), 17, tenGigabytes, Map.of());
        assertThat(text.indexOf("max_slot_wal_keep_size = '-1'"))
                .isGreaterThan(text.indexOf("max_slot_wal_keep_size = '5120MB'"));
    }

    @Test
    void aReplicaHasAtLeastWhatThePrimaryHad() {
        Map<String, Integer> primary = Map.of("max_connections", 200, "max_wal_senders", 5);
        String lower =
                Configuration.postgresql(LAYOUT, settings(Map.of("max_connections", "50"), List.of()), 17, 0, primary);
        assertThat(lower.lastIndexOf("max_connections = '200'"))
                .isGreaterThan(lower.lastIndexOf("max_connections = '50'"));
        String higher =
                Configuration.postgresql(LAYOUT, settings(Map.of("max_connections", "300"), List.of()), 17, 0, primary);
        assertThat(higher).doesNotContain("max_connections = '200'").doesNotContain("max_wal_senders = '5'");
    }

    @Test
    void whatInitdbChoseByTheLocaleIsKeptButNotTheLanguageOfMessages() {
        assertThat(Configuration.locale("""
                        #max_connections = 100
                        max_connections = 100
                        datestyle = 'iso, dmy'
                        lc_messages = 'de_DE.UTF-8'			# locale for system error message
                        lc_monetary = 'de_DE.UTF-8'			# locale for monetary formatting
                        #lc_time = 'C'
                        default_text_search_config = 'pg_catalog.german'
                        """).lines().skip(1))
                .containsExactly(
                        "datestyle = 'iso, dmy'",
                        "lc_monetary = 'de_DE.UTF-8'			# locale for monetary formatting",
                        "default_text_search_config = 'pg_catalog.german'");
    }

    @Test
    void aReplicaFollowsAnAddressOverItsOwnSlotOrNobody() {
        assertThat(Configuration.upstream(LAYOUT, "10.1.2.3", 1))
                .contains("primary_slot_name = 'm_1'")
                .contains("host=10.1.2.3 port=5432 user=matriarch_replication", "sslmode=verify-ca");
        assertThat(Configuration.upstream(LAYOUT, null, 1)).contains("primary_conninfo = ''", "primary_slot_name = ''");
    }

    @Test
    void usersLinesComeAfterOursAndBeforeTheLast() {
        String text = Configuration.hba(List.of("host all all 10.0.0.0/8 md5"));
        assertThat(text.lines().filter(line -> !line.startsWith("#")))
                .containsSubsequence(
                        "host    all          matriarch_replication  all    reject",
                        "host all all 10.0.0.0/8 md5",
                        "host all all all scram-sha-256");
    }

    @Test
    void aRefusalIsPostgresOwnWordsWithoutOurFiles() {
        Path candidate = Path.of("/run/m/candidate.conf");
        assertThat(SettingsCheck.refusal(
                        List.of(
                                "2026-01-01 10:00:00.000 UTC [7] LOG:  unrecognized configuration parameter \"x\" in file \"/run/m/candidate.conf\" line 4",
                                "2026-01-01 10:00:00.000 UTC [7] FATAL:  configuration file \"/run/m/candidate.conf\" contains errors"),
                        candidate,
                        List.of()))
                .isEqualTo("unrecognized configuration parameter \"x\"");
    }

    @Test
    void controlDataTellsWhereTheDataEnds() {
        ControlData control = ControlData.parse(List.of(
                "Database system identifier:           7300000000000000001",
                "Database cluster state:               shut down in recovery",
                "Latest checkpoint location:           0/3000060",
                "Latest checkpoint's TimeLineID:       1",
                "Minimum recovery ending location:     1/20",
                "Min recovery ending loc's timeline:   2",
                "max_connections setting:              150",
                "wal_log_hints setting:                on",
                "max_prepared_xacts setting:           3"));
        assertThat(control.hintsLogged()).isTrue();
        assertThat(ControlData.parse(List.of("wal_log_hints setting: off", "Data page checksum version: 0"))
                        .hintsLogged())
                .isFalse();
        assertThat(ControlData.parse(List.of("wal_log_hints setting: off", "Data page checksum version: 1"))
                        .hintsLogged())
                .isTrue();
        assertThat(control.systemIdentifier()).isEqualTo("7300000000000000001");
        assertThat(control.end()).isEqualTo("1/20");
        assertThat(control.timeline()).isEqualTo(2);
        assertThat(control.settings())
                .containsEntry("max_connections", 150)
                .containsEntry("max_prepared_transactions", 3);
    }
}
