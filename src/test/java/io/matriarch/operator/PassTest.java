package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.matriarch.testkit.Faults;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;

/** What a pass does before and after its actions, whichever kind of object it is about. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("cluster")
class PassTest {
    private final Rig rig;

    PassTest() throws IOException {
        rig = new Rig();
    }

    @AfterEach
    void heal() {
        rig.embedded.api().faults().refuseNothing();
    }

    @AfterAll
    void end() {
        rig.close();
    }

    private static String namespace(TestInfo test) {
        String name = test.getTestMethod().orElseThrow().getName().toLowerCase(java.util.Locale.ROOT);
        return name.substring(0, Math.min(name.length(), 50));
    }

    private static Predicate<Faults.Write> writes(String namespace, String kind, String subresource) {
        return Rig.ofOperator(namespace)
                .and(write -> write.kind().equals(kind) && write.subresource().equals(subresource));
    }

    private String settings(String namespace) {
        ConfigMap settings = rig.user
                .configMaps()
                .inNamespace(namespace)
                .withName("orders-settings")
                .get();
        return Objects.requireNonNull(Objects.requireNonNull(settings).getData().get("settings.json"));
    }

    private void command(String namespace) {
        rig.patch(namespace, "orders", "{\"metadata\":{\"annotations\":{\"matriarch.io/rebuild\":\"orders-1/once\"}}}");
    }

    /** As long as the status cannot be written as it was seen, the members are asked for nothing. */
    @Test
    void aConflictWhileItRemembersEndsThePass(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, "orders", 2, "");
        rig.awaitReady(namespace, "orders", 2);
        rig.embedded
                .api()
                .faults()
                .refuse(
                        writes(namespace, "PostgresCluster", "status"),
                        409,
                        "Conflict",
                        "the object has been modified");
        command(namespace);
        List<String> before = List.of(settings(namespace));
        await().during(java.time.Duration.ofSeconds(2))
                .atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(settings(namespace)).isEqualTo(before.getFirst()));
        rig.embedded.api().faults().refuseNothing();
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(rig.status(namespace, "orders").requests())
                        .anyMatch(request -> request.id().equals("rebuild:orders-1/once")));
    }

    /** The order of writes, as the API server saw them. */
    @Test
    void whatIsAskedIsInTheStatusBeforeItIsInTheSettings(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, "orders", 2, "");
        rig.awaitReady(namespace, "orders", 2);
        int before = rig.writes(namespace).size();
        command(namespace);
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(rig.status(namespace, "orders").requests())
                        .anyMatch(request -> request.id().equals("rebuild:orders-1/once")));
        await().atMost(Rig.PATIENCE).untilAsserted(() -> {
            List<String> since = rig.writes(namespace).stream()
                    .skip(before)
                    .filter(Rig.ofOperator(namespace))
                    .map(w -> w.kind() + "/" + w.subresource())
                    .filter(w -> w.equals("PostgresCluster/status") || w.equals("ConfigMap/"))
                    .toList();
            assertThat(since).contains("ConfigMap/");
            assertThat(since.getFirst()).isEqualTo("PostgresCluster/status");
        });
    }

    @Test
    void anErrorReachesTheUserAndIsForgottenOnceItIsOver(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, "orders", 1, "");
        rig.awaitReady(namespace, "orders", 1);
        rig.embedded
                .api()
                .faults()
                .refuse(
                        writes(namespace, ConfigMap.class.getSimpleName(), ""),
                        500,
                        "InternalError",
                        "etcdserver: no leader");
        rig.patch(namespace, "orders", "{\"spec\":{\"postgres\":{\"parameters\":{\"work_mem\":\"8MB\"}}}}");
        rig.awaitCondition(namespace, "orders", "Reconciling", "True", "PassFailed", "etcdserver: no leader");
        assertThat(rig.condition(namespace, "orders", "Ready").getStatus())
                .as("what was seen is told as it was seen")
                .isEqualTo("True");
        await().atMost(Rig.PATIENCE)
                .untilAsserted(
                        () -> assertThat(rig.events(namespace)).anyMatch(e -> e.contains("etcdserver: no leader")));
        rig.embedded.api().faults().refuseNothing();
        rig.awaitReady(namespace, "orders", 1);
        assertThat(rig.condition(namespace, "orders", "Reconciling").getReason())
                .isNotEqualTo("PassFailed");
    }
}
