package io.matriarch.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.matriarch.testkit.Faults;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A cluster is made, scaled up and down. In the n-th round the n-th write fails, carried out or not, until a round has no such write. Whatever fails,
 * the cluster converges, nothing is made twice, and no database is begun anew.
 */
@Tag("cluster")
class EveryWriteFailsOnceTest {
    /** More writes than making and scaling takes, however it goes. */
    private static final int MOST = 120;

    private static final int LANES = 4;

    @Test
    void beforeItIsCarriedOut() throws Exception {
        rounds(false);
    }

    @Test
    void afterItWasCarriedOutWithItsAnswerLost() throws Exception {
        rounds(true);
    }

    /** Each of a few operators takes every fourth round, at the same time: most of a round is waiting. */
    private static void rounds(boolean lostAnswer) throws Exception {
        List<Callable<Integer>> lanes = new ArrayList<>();
        for (int first = 0; first < LANES; first++) {
            int begin = first;
            lanes.add(() -> lane(begin, lostAnswer));
        }
        int most = 0;
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Integer> lane : executor.invokeAll(lanes)) {
                most = Math.max(most, lane.get());
            }
        }
        assertThat(most).as("writes that failed").isGreaterThan(25);
    }

    /** The first round without a write to fail. */
    private static int lane(int begin, boolean lostAnswer) throws IOException {
        try (Rig rig = new Rig()) {
            int round = begin;
            while (fails(rig, round, lostAnswer)) {
                round += LANES;
                assertThat(round).as("rounds").isLessThan(MOST);
            }
            return round;
        }
    }

    private static boolean fails(Rig rig, int round, boolean lostAnswer) {
        String namespace = (lostAnswer ? "after-" : "before-") + round;
        Faults faults = rig.embedded.api().faults();
        faults.failWrite(round, lostAnswer, Rig.ofOperator(namespace));
        life(rig, namespace);
        return faults.failed();
    }

    private static void life(Rig rig, String namespace) {
        rig.apply(namespace, "orders", 2, "storage: {size: 1Gi, retain: {whenScaled: Delete}}");
        rig.awaitReady(namespace, "orders", 2);
        String system = rig.status(namespace, "orders").systemIdentifier();
        Map<String, String> made = uids(rig, namespace);
        rig.patch(namespace, "orders", "{\"spec\":{\"instances\":3}}");
        rig.awaitReady(namespace, "orders", 3);
        rig.patch(namespace, "orders", "{\"spec\":{\"instances\":2}}");
        rig.awaitReady(namespace, "orders", 2);
        await().atMost(Rig.PATIENCE)
                .untilAsserted(() -> assertThat(uids(rig, namespace))
                        .as("objects of %s", namespace)
                        .isEqualTo(made));
        assertThat(rig.status(namespace, "orders").systemIdentifier()).isEqualTo(system);
        assertThat(rig.status(namespace, "orders").epoch()).isEqualTo(1);
    }

    /** What must be there once, and stay: names and uids. */
    private static Map<String, String> uids(Rig rig, String namespace) {
        List<HasMetadata> all = new ArrayList<>();
        for (Class<? extends HasMetadata> kind :
                List.of(StatefulSet.class, PersistentVolumeClaim.class, Secret.class, Lease.class)) {
            all.addAll(rig.user.resources(kind).inNamespace(namespace).list().getItems());
        }
        Map<String, String> uids = new TreeMap<>();
        all.forEach(o -> uids.put(
                o.getKind() + "/" + o.getMetadata().getName(), o.getMetadata().getUid()));
        return uids;
    }
}
