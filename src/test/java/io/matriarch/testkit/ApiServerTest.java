package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The embedded API server does what the operator relies on. */
@org.jspecify.annotations.NullUnmarked
@Tag("cluster")
class ApiServerTest {
    private ApiServer server;
    private KubernetesClient client;

    @BeforeEach
    void start() throws Exception {
        server = new ApiServer();
        client = server.client("test");
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void applyingTheSameTwiceChangesNothing() {
        ConfigMap first = apply("one", map(Map.of("a", "1")));
        assertThat(apply("one", map(Map.of("a", "1"))).getMetadata().getResourceVersion())
                .isEqualTo(first.getMetadata().getResourceVersion());
    }

    @Test
    void whatAManagerNoLongerAppliesIsRemovedAndWhatOthersAppliedStays() {
        apply("one", map(Map.of("a", "1", "b", "1")));
        apply("two", map(Map.of("c", "1")));
        assertThat(apply("one", map(Map.of("a", "2"))).getData())
                .containsOnly(Map.entry("a", "2"), Map.entry("c", "1"));
    }

    @Test
    void aFrozenServerCarriesOutLateWhatItWasAsked() throws Exception {
        server.faults().freeze(true);
        Thread asking = Thread.ofVirtual().start(() -> apply("one", map(Map.of("a", "1"))));
        assertThat(asking.join(Duration.ofMillis(300))).isFalse();
        server.faults().freeze(false);
        assertThat(asking.join(Duration.ofSeconds(10))).isTrue();
        assertThat(client.configMaps().withName("m").get().getData()).containsEntry("a", "1");
    }

    @Test
    void someRequestsFailAndSomeOfThoseWereCarriedOut() {
        server.faults().failSome(0.5, 1);
        int failed = 0;
        int lost = 0;
        for (int n = 0; n < 60; n++) {
            String value = Integer.toString(n);
            try {
                apply("one", map(Map.of("a", value)));
            } catch (KubernetesClientException e) {
                failed++;
                lost += value.equals(read()) ? 1 : 0;
            }
        }
        assertThat(failed).isBetween(1, 59);
        assertThat(lost).isBetween(1, failed - 1);
    }

    private String read() {
        while (true) {
            try {
                ConfigMap live = client.configMaps().withName("m").get();
                return live == null ? "" : live.getData().get("a");
            } catch (KubernetesClientException e) {
                // another one of those that fail
            }
        }
    }

    @Test
    void aStaleReplacementIsAConflict() {
        ConfigMap old = apply("one", map(Map.of("a", "1")));
        apply("one", map(Map.of("a", "2")));
        assertThatThrownBy(() -> client.resource(old).update())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        e -> assertThat(e.getCode()).isEqualTo(409));
    }

    @Test
    void deletingWhatHasChangedSinceIsAConflict() {
        ConfigMap old = apply("one", map(Map.of("a", "1")));
        apply("one", map(Map.of("a", "2")));
        assertThatThrownBy(() -> client.configMaps()
                        .inNamespace("default")
                        .withName("m")
                        .lockResourceVersion(old.getMetadata().getResourceVersion())
                        .delete())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        e -> assertThat(e.getCode()).isEqualTo(409));
    }

    @Test
    void watchesTellWhatHappened() {
        List<String> told = new CopyOnWriteArrayList<>();
        // From here on: the watch itself may only begin when all of it has happened.
        ListOptions since = new ListOptionsBuilder()
                .withResourceVersion(client.configMaps()
                        .inNamespace("default")
                        .list()
                        .getMetadata()
                        .getResourceVersion())
                .build();
        try (var watch = client.configMaps().inNamespace("default").watch(since, new Watcher<>() {
            @Override
            public void eventReceived(Action action, ConfigMap map) {
                told.add(action + " " + map.getMetadata().getName());
            }

            @Override
            public void onClose(WatcherException cause) {
                told.add("closed");
            }
        })) {
            apply("one", map(Map.of("a", "1")));
            apply("one", map(Map.of("a", "2")));
            client.configMaps().inNamespace("default").withName("m").delete();
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(told).contains("ADDED m", "MODIFIED m", "DELETED m"));
        }
    }

    @Test
    void whatHasNoOwnerAnyMoreIsCollected() {
        ConfigMap owner = apply("one", map(Map.of()));
        ConfigMap owned = new ConfigMapBuilder()
                .withNewMetadata()
                .withName("owned")
                .withNamespace("default")
                .withOwnerReferences(new OwnerReferenceBuilder()
                        .withApiVersion("v1")
                        .withKind("ConfigMap")
                        .withName("m")
                        .withUid(owner.getMetadata().getUid())
                        .build())
                .endMetadata()
                .build();
        client.resource(owned).create();
        client.resource(owner).delete();
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(client.configMaps()
                                .inNamespace("default")
                                .withName("owned")
                                .get())
                        .isNull());
    }

    @Test
    void aWriteCanBeMadeToFail() {
        server.faults().failWrite(0, false, write -> write.kind().equals("ConfigMap"));
        assertThatThrownBy(() -> apply("one", map(Map.of()))).isInstanceOf(KubernetesClientException.class);
        assertThat(client.configMaps().inNamespace("default").withName("m").get())
                .isNull();
        server.faults().failWrite(0, true, write -> write.kind().equals("ConfigMap"));
        assertThatThrownBy(() -> apply("one", map(Map.of()))).isInstanceOf(KubernetesClientException.class);
        assertThat(client.configMaps().inNamespace("default").withName("m").get())
                .isNotNull();
    }

    private ConfigMap apply(String manager, ConfigMap map) {
        return client.resource(map)
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(manager)
                        .withForce(true)
                        .build());
    }

    private static ConfigMap map(Map<String, String> data) {
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName("m")
                .withNamespace("default")
                .endMetadata()
                .withData(data)
                .build();
    }
}
