package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.PostgresCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;

/** The life of a cluster: made, scaled, configured, broken and mended, deleted, taken over. Each test has a namespace of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("cluster")
class WholeOperatorTest {
    private static final String NAME = "orders";
    private static final String SECOND = "billing";
    private static final String THIRD = "stock";

    private Rig rig;

    WholeOperatorTest() throws IOException {
        rig = new Rig();
    }

    @BeforeAll
    void images() {
        rig.embedded.pods().imageWaits("postgres:typo", "ImagePullBackOff");
        rig.embedded
                .pods()
                .refuseParameter("shared_buffers", "invalid value for parameter \"shared_buffers\": \"banana\"");
    }

    @AfterAll
    void end() {
        rig.close();
    }

    private static String namespace(TestInfo test) {
        return test.getTestMethod().orElseThrow().getName().toLowerCase(java.util.Locale.ROOT);
    }

    @Test
    void aClusterIsMadeAndThenNothingIsWritten(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 3, "");
        rig.awaitReady(namespace, NAME, 3);
        assertThat(rig.status(namespace, NAME).primary()).isEqualTo("orders-0");
        assertThat(rig.status(namespace, NAME).version()).isEqualTo("17.6");
        assertThat(statefulSet(namespace)
                        .getSpec()
                        .getUpdateStrategy()
                        .getRollingUpdate()
                        .getPartition())
                .isEqualTo(3);
        assertIdle(namespace);
        assertThat(rig.events(namespace)).anyMatch(e -> e.contains("3 of 3 members serve"));
    }

    /** No write for a while, although something wakes the operator. */
    private void assertIdle(String namespace) {
        await().atMost(Rig.PATIENCE)
                .during(Duration.ofMillis(1500))
                .until(new StableCount(() -> rig.writes(namespace).size()));
        int before = rig.writes(namespace).size();
        rig.patch(Pod.class, namespace, "orders-0", "{\"metadata\":{\"annotations\":{\"poke\":\"1\"}}}");
        await().pollDelay(Duration.ofSeconds(1))
                .atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(rig.writes(namespace)).hasSize(before));
    }

    /** True while a number stays the same. */
    private static final class StableCount implements java.util.concurrent.Callable<Boolean> {
        private final java.util.function.IntSupplier count;
        private int last = -1;

        StableCount(java.util.function.IntSupplier count) {
            this.count = count;
        }

        @Override
        public Boolean call() {
            int now = count.getAsInt();
            boolean same = now == last;
            last = now;
            return same;
        }
    }

    @Test
    void scalingGoesOneByOneAndKeepsVolumes(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 1, "");
        rig.awaitReady(namespace, NAME, 1);
        rig.patch(namespace, NAME, "{\"spec\":{\"instances\":4}}");
        rig.awaitReady(namespace, NAME, 4);
        rig.patch(namespace, NAME, "{\"spec\":{\"instances\":2}}");
        rig.awaitReady(namespace, NAME, 2);
        assertThat(claims(namespace))
                .containsExactly("data-orders-0", "data-orders-1", "data-orders-2", "data-orders-3");
        assertThat(rig.status(namespace, NAME).volumes())
                .filteredOn(v -> v.claim().equals("data-orders-3"))
                .allMatch(v -> "Retained".equals(v.condition()));
        rig.patch(namespace, NAME, "{\"spec\":{\"instances\":3}}");
        rig.awaitReady(namespace, NAME, 3);
    }

    @Test
    void volumesOfMembersThatLeftAreDeletedWhenTheUserSaysSo(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 3, "storage: {size: 1Gi, retain: {whenScaled: Delete}}");
        rig.awaitReady(namespace, NAME, 3);
        rig.patch(namespace, NAME, "{\"spec\":{\"instances\":1}}");
        rig.awaitReady(namespace, NAME, 1);
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(claims(namespace)).containsExactly("data-orders-0"));
    }

    @Test
    void aRefusedSettingIsToldAndNothingRestarts(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 2, "");
        rig.awaitReady(namespace, NAME, 2);
        List<String> pods = uids(namespace);
        rig.patch(namespace, NAME, "{\"spec\":{\"postgres\":{\"parameters\":{\"shared_buffers\":\"banana\"}}}}");
        rig.awaitCondition(namespace, NAME, "ConfigurationAccepted", "False", "\"banana\"");
        rig.awaitCondition(namespace, NAME, "Stalled", "True", "\"banana\"");
        rig.awaitCondition(namespace, NAME, "Ready", "True");
        assertThat(rig.events(namespace)).filteredOn(e -> e.contains("banana")).hasSize(1);
        rig.patch(
                namespace,
                NAME,
                "{\"spec\":{\"postgres\":{\"parameters\":{\"shared_buffers\":null,\"max_connections\":\"150\"}}}}");
        rig.awaitCondition(namespace, NAME, "ConfigurationAccepted", "True");
        rig.awaitCondition(namespace, NAME, "PendingRestart", "True", "max_connections", "orders-0", "orders-1");
        assertThat(uids(namespace)).isEqualTo(pods);
    }

    @Test
    void aMissingImageIsToldAndTheCorrectedOneIsUsed(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 3, "image: postgres:typo");
        rig.awaitCondition(namespace, NAME, "Stalled", "True", "ImagePull", "orders-0", "postgres:typo");
        rig.patch(namespace, NAME, "{\"spec\":{\"image\":\"postgres:17\"}}");
        rig.awaitReady(namespace, NAME, 3);
        rig.awaitCondition(namespace, NAME, "Stalled", "False");
    }

    @Test
    void underOrderedReadyABrokenPodIsReplacedToo(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 3, "image: postgres:typo\npodManagementPolicy: OrderedReady");
        rig.awaitCondition(namespace, NAME, "Stalled", "True", "orders-0", "postgres:typo");
        rig.patch(namespace, NAME, "{\"spec\":{\"image\":\"postgres:17\"}}");
        rig.awaitReady(namespace, NAME, 3);
    }

    @Test
    void aChangedTemplateIsAppliedPinnedAndReported(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 2, "");
        rig.awaitReady(namespace, NAME, 2);
        List<String> pods = uids(namespace);
        rig.patch(namespace, NAME, "{\"spec\":{\"image\":\"postgres:17.6\"}}");
        rig.awaitCondition(namespace, NAME, "UpgradePending", "True", "TemplateChanged", "orders-0", "orders-1");
        assertThat(uids(namespace)).isEqualTo(pods);
        rig.awaitCondition(namespace, NAME, "Ready", "True");
    }

    @Test
    void aSecretThatIsMissingIsAwaited(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 1, "bootstrap: {initdb: {secretName: mine}}");
        rig.awaitCondition(namespace, NAME, "Stalled", "True", "Secret mine", "does not exist");
        rig.user
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("mine")
                        .endMetadata()
                        .withData(Map.of("username", "YXBw", "password", "eA=="))
                        .build())
                .create();
        rig.awaitReady(namespace, NAME, 1);
    }

    @Test
    void aNameOfSomebodyElseIsNeverOverwritten(TestInfo test) {
        String namespace = namespace(test);
        rig.user
                .resource(new ServiceBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("orders-rw")
                        .endMetadata()
                        .withNewSpec()
                        .withSelector(Map.of("app", "other"))
                        .endSpec()
                        .build())
                .create();
        rig.apply(namespace, NAME, 1, "");
        rig.awaitCondition(namespace, NAME, "Stalled", "True", "NameTaken", "Service orders-rw");
        assertThat(rig.user
                        .services()
                        .inNamespace(namespace)
                        .withName("orders-rw")
                        .get()
                        .getSpec()
                        .getSelector())
                .containsExactly(Map.entry("app", "other"));
        assertThat(rig.user.apps().statefulSets().inNamespace(namespace).list().getItems())
                .isEmpty();
    }

    @Test
    void aNewClusterOfTheNameTakesOverWhatWasKept(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 2, "");
        rig.awaitReady(namespace, NAME, 2);
        String system = rig.status(namespace, NAME).systemIdentifier();
        delete(namespace);
        rig.apply(namespace, NAME, 2, "");
        rig.awaitReady(namespace, NAME, 2);
        assertThat(rig.status(namespace, NAME).systemIdentifier()).isEqualTo(system);
        assertThat(claims(namespace)).containsExactly("data-orders-0", "data-orders-1");
    }

    /** {@code kubectl delete --cascade=orphan}, and the manifest again. */
    @Test
    void whatWasOrphanedIsAdoptedAndGoesOnRunning(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 2, "");
        rig.awaitReady(namespace, NAME, 2);
        String former = rig.cluster(namespace, NAME).getMetadata().getUid();
        String system = rig.status(namespace, NAME).systemIdentifier();
        List<String> pods = podUids(namespace);
        rig.user
                .resources(PostgresCluster.class)
                .inNamespace(namespace)
                .withName(NAME)
                .withPropagationPolicy(io.fabric8.kubernetes.api.model.DeletionPropagation.ORPHAN)
                .delete();
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(rig.user
                                .resources(PostgresCluster.class)
                                .inNamespace(namespace)
                                .withName(NAME)
                                .get())
                        .isNull());

        rig.apply(namespace, NAME, 2, "");
        rig.awaitReady(namespace, NAME, 2);
        String uid = rig.cluster(namespace, NAME).getMetadata().getUid();
        assertThat(uid).isNotEqualTo(former);
        assertThat(podUids(namespace)).as("no pod was restarted").isEqualTo(pods);
        assertThat(rig.status(namespace, NAME).systemIdentifier()).isEqualTo(system);
        assertThat(rig.events(namespace)).anyMatch(e -> e.contains("now belong to this cluster"));
        assertThat(List.of(
                        rig.user
                                .apps()
                                .statefulSets()
                                .inNamespace(namespace)
                                .withName(NAME)
                                .get(),
                        rig.user.leases().inNamespace(namespace).withName(NAME).get(),
                        rig.user
                                .secrets()
                                .inNamespace(namespace)
                                .withName("orders-app")
                                .get(),
                        rig.user
                                .services()
                                .inNamespace(namespace)
                                .withName("orders-rw")
                                .get()))
                .allSatisfy(object -> assertThat(object.getMetadata().getOwnerReferences())
                        .extracting(io.fabric8.kubernetes.api.model.OwnerReference::getUid)
                        .containsExactly(uid));
    }

    private List<String> podUids(String namespace) {
        return rig.user.pods().inNamespace(namespace).list().getItems().stream()
                .map(pod -> pod.getMetadata().getUid())
                .sorted()
                .toList();
    }

    private void delete(String namespace) {
        rig.user
                .resources(PostgresCluster.class)
                .inNamespace(namespace)
                .withName(NAME)
                .delete();
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(
                                rig.user.pods().inNamespace(namespace).list().getItems())
                        .isEmpty());
    }

    @Test
    void volumesGoWithTheClusterWhenTheUserSaysSo(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 1, "storage: {size: 1Gi, retain: {whenDeleted: Delete}}");
        rig.awaitReady(namespace, NAME, 1);
        delete(namespace);
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(claims(namespace)).isEmpty());
    }

    @Test
    void claimsMadeBeforeAreUsedAndGrowButNeverShrink(TestInfo test) {
        String namespace = namespace(test);
        rig.user
                .resource(new PersistentVolumeClaimBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("data-orders-0")
                        .endMetadata()
                        .withNewSpec()
                        .withAccessModes("ReadWriteOnce")
                        .withNewResources()
                        .withRequests(Map.of("storage", new Quantity("3Gi")))
                        .endResources()
                        .endSpec()
                        .build())
                .create();
        rig.apply(namespace, NAME, 2, "");
        rig.awaitReady(namespace, NAME, 2);
        rig.patch(namespace, NAME, "{\"spec\":{\"storage\":{\"size\":\"2Gi\"}}}");
        await().atMost(Rig.PATIENCE)
                .untilAsserted(
                        () -> assertThat(size(namespace, "data-orders-1")).isEqualTo("2Gi"));
        assertThat(size(namespace, "data-orders-0")).isEqualTo("3Gi");
    }

    @Test
    void whatWasChangedByHandIsPutBack(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 1, "");
        rig.awaitReady(namespace, NAME, 1);
        rig.patch(
                Service.class, namespace, "orders-rw", "{\"spec\":{\"selector\":{\"matriarch.io/role\":\"replica\"}}}");
        rig.user.services().inNamespace(namespace).withName("orders-ro").delete();
        await().atMost(Rig.PATIENCE).untilAsserted(() -> {
            assertThat(rig.user
                            .services()
                            .inNamespace(namespace)
                            .withName("orders-rw")
                            .get()
                            .getSpec()
                            .getSelector())
                    .containsEntry("matriarch.io/role", "primary");
            assertThat(rig.user
                            .services()
                            .inNamespace(namespace)
                            .withName("orders-ro")
                            .get())
                    .isNotNull();
        });
    }

    @Test
    void aPausedClusterIsNotWrittenTo(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 1, "paused: true");
        await().pollDelay(Duration.ofSeconds(1))
                .atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(rig.writes(namespace))
                        .extracting(w -> w.kind())
                        .isSubsetOf("PostgresCluster", "Event"));
        rig.awaitCondition(namespace, NAME, "Reconciling", "False", "Paused: spec.paused is true");
        assertThat(rig.events(namespace))
                .filteredOn(e -> e.contains("spec.paused is true"))
                .hasSize(1);
        rig.patch(namespace, NAME, "{\"spec\":{\"paused\":false}}");
        rig.awaitReady(namespace, NAME, 1);
    }

    @Test
    void aRefusalOfTheApiServerIsTold(TestInfo test) {
        String namespace = namespace(test);
        rig.embedded
                .api()
                .faults()
                .refuse(
                        w -> w.namespace().equals(namespace) && w.kind().equals("StatefulSet"),
                        "statefulsets.apps \"orders\" is forbidden: exceeded quota: small");
        rig.apply(namespace, NAME, 1, "");
        rig.awaitCondition(namespace, NAME, "Stalled", "True", "exceeded quota: small");
        await().atMost(Rig.PATIENCE)
                .untilAsserted(
                        () -> assertThat(rig.events(namespace)).anyMatch(e -> e.contains("exceeded quota: small")));
        rig.embedded.api().faults().refuseNothing();
        rig.awaitReady(namespace, NAME, 1);
    }

    private StatefulSet statefulSet(String namespace) {
        return Optional.ofNullable(rig.user
                        .apps()
                        .statefulSets()
                        .inNamespace(namespace)
                        .withName(NAME)
                        .get())
                .orElseThrow();
    }

    private List<String> claims(String namespace) {
        return rig.user.persistentVolumeClaims().inNamespace(namespace).list().getItems().stream()
                .map(c -> c.getMetadata().getName())
                .sorted()
                .toList();
    }

    private String size(String namespace, String claim) {
        PersistentVolumeClaim live = Optional.ofNullable(rig.user
                        .persistentVolumeClaims()
                        .inNamespace(namespace)
                        .withName(claim)
                        .get())
                .orElseThrow();
        return String.valueOf(live.getSpec().getResources().getRequests().get("storage"));
    }

    private List<String> uids(String namespace) {
        return rig.user.pods().inNamespace(namespace).list().getItems().stream()
                .map(p -> p.getMetadata().getUid())
                .sorted()
                .toList();
    }

    @Test
    void anAuthorityWithoutItsKeyIsReportedAndADeletedOneIsMadeAnew(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 1, "");
        rig.awaitReady(namespace, NAME, 1);
        rig.patch(Secret.class, namespace, "orders-ca", "{\"data\":{\"tls.key\":null}}");
        rig.user.secrets().inNamespace(namespace).withName("orders-server").delete();
        rig.awaitCondition(
                namespace, NAME, "Stalled", "True", "Secret orders-ca cannot sign certificates: tls.key is missing");
        assertThat(rig.user
                        .secrets()
                        .inNamespace(namespace)
                        .withName("orders-server")
                        .get())
                .as("nothing is made that this authority would have to sign")
                .isNull();

        rig.user.secrets().inNamespace(namespace).withName("orders-ca").delete();
        rig.awaitReady(namespace, NAME, 1);
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(rig.user
                                .secrets()
                                .inNamespace(namespace)
                                .withName("orders-server")
                                .get())
                        .isNotNull());
    }

    private void annotate(String namespace, String annotation, String value) {
        annotate(namespace, NAME, annotation, value);
    }

    private void annotate(String namespace, String name, String annotation, String value) {
        rig.patch(
                namespace,
                name,
                "{\"metadata\":{\"annotations\":{\"matriarch.io/%s\":\"%s\"}}}".formatted(annotation, value));
    }

    private void awaitRequest(String namespace, String id, String outcome, String words) {
        awaitRequest(namespace, NAME, id, outcome, words);
    }

    private void awaitRequest(String namespace, String name, String id, String outcome, String words) {
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(rig.status(namespace, name).requests())
                        .as("%s", rig.status(namespace, name))
                        .anySatisfy(r -> {
                            assertThat(r.id()).isEqualTo(id);
                            assertThat(r.outcome()).hasToString(outcome);
                            assertThat(r.message()).contains(words);
                        }));
    }

    private String settings(String namespace) {
        return Optional.ofNullable(rig.user
                        .configMaps()
                        .inNamespace(namespace)
                        .withName("orders-settings")
                        .get())
                .map(map -> map.getData().get("settings.json"))
                .orElseThrow();
    }

    @Test
    void aSwitchoverRunsOnceAndItsStoryIsTold(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 3, "");
        rig.awaitReady(namespace, NAME, 3);
        rig.awaitCondition(namespace, NAME, "ReplicationHealthy", "True", "Quorum", "1 of orders-1, orders-2");
        annotate(namespace, "switchover", "orders-2/now");
        awaitRequest(namespace, "switchover:orders-2/now", "Done", "orders-2 took over from orders-0");
        await().atMost(Rig.PATIENCE).untilAsserted(() -> {
            assertThat(rig.status(namespace, NAME).primary()).isEqualTo("orders-2");
            assertThat(settings(namespace)).doesNotContain("switchover");
            assertThat(rig.status(namespace, NAME).lastRoleChange()).satisfies(change -> {
                assertThat(change.from()).isEqualTo("orders-0");
                assertThat(change.to()).isEqualTo("orders-2");
                assertThat(change.reason()).isEqualTo("Switchover");
                assertThat(change.duration()).isEqualTo("0.250s");
            });
        });
        rig.awaitReady(namespace, NAME, 3);
        assertThat(rig.events(namespace))
                .anyMatch(e ->
                        e.contains("orders-2 took over from orders-0, 0.250s after the vacancy (Switchover, epoch 2)"))
                .anyMatch(e -> e.contains("switchover:orders-2/now: orders-2 took over"));
        assertThat(rig.status(namespace, NAME).members())
                .filteredOn(m -> Boolean.TRUE.equals(m.synchronous()))
                .extracting(m -> m.name())
                .containsExactly("orders-0", "orders-1");
        assertIdle(namespace);
        rig.upgrade("matriarch:1");
        rig.patch(namespace, NAME, "{\"metadata\":{\"annotations\":{\"matriarch.io/switchover\":null}}}");
        annotate(namespace, "switchover", "orders-2/now");
        assertIdle(namespace);
        assertThat(rig.status(namespace, NAME).epoch()).isEqualTo(2);
        annotate(namespace, "switchover", "orders-9");
        awaitRequest(namespace, "switchover:orders-9", "Refused", "orders-9 is no member of this cluster");
        annotate(namespace, "rebuild", "orders-0/1");
        awaitRequest(namespace, "rebuild:orders-0/1", "Done", "cloned");
    }

    @Test
    void fewerInstancesThanThePrimarysOrdinalMoveThePrimary(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 3, "");
        rig.awaitReady(namespace, NAME, 3);
        annotate(namespace, "switchover", "orders-2/1");
        awaitRequest(namespace, "switchover:orders-2/1", "Done", "orders-2");
        rig.patch(namespace, NAME, "{\"spec\":{\"instances\":1}}");
        rig.awaitReady(namespace, NAME, 1);
        assertThat(rig.status(namespace, NAME).primary()).isEqualTo("orders-0");
        assertThat(rig.events(namespace)).anyMatch(e -> e.contains("orders-0 is asked to take over first"));
    }

    /** Under a name of its own, as the trouble is any pod's of that name. */
    @Test
    void withoutAPrimaryAFailoverCanBeForced(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, SECOND, 2, "");
        rig.awaitReady(namespace, SECOND, 2);
        annotate(namespace, SECOND, "force-failover", "early");
        awaitRequest(namespace, SECOND, "force-failover:early", "Refused", "billing-0 serves as primary");
        rig.embedded
                .pods()
                .trouble("billing-0", Optional.of(new io.matriarch.api.contract.Problem("DiskFull", "no space left")));
        try {
            rig.awaitCondition(namespace, SECOND, "Ready", "False", "no space left");
            annotate(namespace, SECOND, "force-failover", "1");
            awaitRequest(namespace, SECOND, "force-failover:1", "Done", "without a quorum");
            await().atMost(Rig.PATIENCE)
                    .untilAsserted(() ->
                            assertThat(rig.status(namespace, SECOND).primary()).isEqualTo("billing-1"));
            await().atMost(Rig.PATIENCE)
                    .untilAsserted(() -> assertThat(rig.events(namespace))
                            .anyMatch(e -> e.contains(
                                    "billing-1 took over from billing-0, 0.250s after the vacancy (Forced")));
        } finally {
            rig.embedded.pods().trouble("billing-0", Optional.empty());
        }
    }

    /** Nobody can be elected, and who has voted changes all the time. Under a name of its own, as the trouble is any pod's of that name. */
    @Test
    void thatNobodyCanBeElectedIsAnEventOnce(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, THIRD, 2, "");
        rig.awaitReady(namespace, THIRD, 2);
        try {
            trouble("stock-0", "DiskFull", "no space left");
            for (int round = 0; round < 4; round++) {
                trouble("stock-1", "NoQuorum", "only %d of 9 have voted".formatted(round));
                rig.awaitCondition(
                        namespace, THIRD, "ReplicationHealthy", "False", "NoQuorum", "only %d of".formatted(round));
            }
            assertThat(rig.user.v1().events().inNamespace(namespace).list().getItems())
                    .filteredOn(e -> "NoQuorum".equals(e.getReason()))
                    .singleElement()
                    .satisfies(e -> assertThat(e.getCount()).isEqualTo(1));
        } finally {
            rig.embedded.pods().trouble("stock-0", Optional.empty());
            rig.embedded.pods().trouble("stock-1", Optional.empty());
        }
    }

    private void trouble(String pod, String reason, String message) {
        rig.embedded.pods().trouble(pod, Optional.of(new io.matriarch.api.contract.Problem(reason, message)));
    }

    @Test
    void aFencedMemberIsToldAndHoldsNothingUp(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 3, "");
        rig.awaitReady(namespace, NAME, 3);
        rig.patch(namespace, NAME, "{\"spec\":{\"fencedInstances\":[2]}}");
        rig.awaitCondition(namespace, NAME, "Ready", "False", "Fenced", "stopped on orders-2");
        rig.awaitCondition(namespace, NAME, "Reconciling", "False");
        assertIdle(namespace);
        rig.patch(namespace, NAME, "{\"spec\":{\"fencedInstances\":[]}}");
        rig.awaitReady(namespace, NAME, 3);
    }

    @Test
    void aPausedClusterRefusesCommands(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 1, "");
        rig.awaitReady(namespace, NAME, 1);
        rig.patch(namespace, NAME, "{\"spec\":{\"paused\":true}}");
        annotate(namespace, "switchover", "/1");
        awaitRequest(namespace, "switchover:/1", "Refused", "the cluster is paused");
        assertThat(rig.status(namespace, NAME).conditions()).isNotEmpty();
        assertThat(settings(namespace)).doesNotContain("switchover");
    }

    @Test
    void anotherProfileAndModeRestartNothing(TestInfo test) {
        String namespace = namespace(test);
        rig.apply(namespace, NAME, 3, "");
        rig.awaitReady(namespace, NAME, 3);
        List<String> pods = uids(namespace);
        rig.patch(
                namespace,
                NAME,
                "{\"spec\":{\"failover\":{\"profile\":\"Fast\"},\"replication\":{\"mode\":\"Async\"}}}");
        rig.awaitCondition(namespace, NAME, "ReplicationHealthy", "True", "Async", "the primary alone");
        assertThat(settings(namespace)).contains("\"profile\":\"Fast\"");
        assertThat(uids(namespace)).isEqualTo(pods);
        rig.awaitCondition(namespace, NAME, "UpgradePending", "False");
    }
}
