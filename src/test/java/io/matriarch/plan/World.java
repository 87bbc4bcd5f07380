package io.matriarch.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatusBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Names;
import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Intent;
import io.matriarch.plan.step.Json;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.ClusterView.Notice;
import io.matriarch.plan.view.ClusterView.OperatorIdentity;
import io.matriarch.render.Certificates;
import io.matriarch.render.Certificates.Pair;
import io.matriarch.render.Rendering;
import io.matriarch.render.Secrets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A namespace as data: what a plan does to it, and what the StatefulSet's controller and the agents would. No server, no clock. */
final class World {
    static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
    static final Names NAMES = new Names("orders");
    static final String SYSTEM = "7000000000000000001";

    final Map<String, HasMetadata> objects = new TreeMap<>();
    final List<Notice> notices = new ArrayList<>();
    PostgresCluster cluster;
    String image = "matriarch:1";
    Instant now = NOW;
    private int version = 1;

    World(int instances, String more) {
        cluster = cluster(instances, more);
    }

    static PostgresCluster cluster(int instances, String more) {
        return Serialization.unmarshal(
                """
                apiVersion: matriarch.io/v1beta1
                kind: PostgresCluster
                metadata: {name: orders, namespace: shop, uid: cluster-uid, generation: 1}
                spec:
                  instances: %d
                  image: postgres:17
                """.formatted(instances)
                        + (more.contains("storage:") ? "" : "storage: {size: 1Gi}".indent(2))
                        + more.indent(2),
                PostgresCluster.class);
    }

    /** A cluster that has been made: all members ready, ordinal 0 the primary, nothing left to do. */
    static World made(int instances, String more) {
        World world = new World(instances, more);
        world.apply(world.plan());
        world.bind();
        world.observed("orders-r1", "orders-r1");
        world.lease(0, instances);
        for (int ordinal = 0; ordinal < instances; ordinal++) {
            world.pod(ordinal, "orders-r1", true, ordinal == 0 ? "Primary" : "Replica");
        }
        world.apply(world.plan());
        world.observed("orders-r1", "orders-r1");
        return world;
    }

    ClusterView view() {
        return new ClusterView(
                cluster, now, new OperatorIdentity(image, "1"), List.copyOf(objects.values()), notices, fresh());
    }

    private List<Secret> fresh() {
        if (objects.containsKey("Secret/orders-ca")) {
            return List.of();
        }
        Certificates certificates = new Certificates(NOW, new SecureRandom());
        Rendering rendering = new Rendering(cluster);
        Pair authority = certificates.authority(rendering);
        return List.of(
                Secrets.authority(rendering, authority),
                Secrets.server(rendering, certificates.server(rendering, authority), authority.certificate()),
                Secrets.replication(rendering, certificates.replication(authority), authority.certificate()),
                Secrets.application(rendering, "secret"));
    }

    Plan plan() {
        return ClusterPlan.of(view());
    }

    /** Plans and carries out, until there is nothing to do; what was done. */
    List<Action> settle() {
        List<Action> done = new ArrayList<>();
        for (int pass = 0; pass < 20; pass++) {
            Plan plan = plan();
            if (plan.actions().isEmpty()) {
                return done;
            }
            apply(plan);
            plan.actions().forEach(p -> done.add(p.action()));
            statefulSet()
                    .ifPresent(s -> observed(
                            s.getStatus() == null ? "orders-r1" : s.getStatus().getCurrentRevision(),
                            s.getStatus() == null ? "orders-r1" : s.getStatus().getUpdateRevision()));
        }
        throw new AssertionError("no end: " + done.stream().map(Action::target).toList());
    }

    /** As a pass does: what is to be remembered first. */
    void apply(Plan plan) {
        if (!plan.remember().isEmpty()) {
            cluster.setStatus(Intent.onto(cluster.getStatus(), plan.remember(), PostgresClusterStatus.class));
        }
        plan.actions().forEach(planned -> apply(planned.action()));
    }

    private void apply(Action action) {
        String key = key(action.object());
        switch (action) {
            case Action.Apply apply -> put(carried(apply.object()));
            case Action.Create create -> put(carried(create.object()));
            case Action.Patch patch -> put(merged(patch));
            case Action.Delete delete -> objects.remove(key);
        }
    }

    static String key(HasMetadata object) {
        return object.getKind() + "/" + object.getMetadata().getName();
    }

    /** With what the server adds and keeps. */
    private HasMetadata carried(HasMetadata desired) {
        HasMetadata live = Serialization.clone(desired);
        Optional<HasMetadata> before = Optional.ofNullable(objects.get(key(desired)));
        live.getMetadata().setUid(before.map(b -> b.getMetadata().getUid()).orElse("uid-of-" + key(desired)));
        if (live instanceof StatefulSet set) {
            long generation = before.map(b -> b.getMetadata().getGeneration()).orElse(0L);
            set.getMetadata().setGeneration(generation + 1);
            before.map(StatefulSet.class::cast).map(StatefulSet::getStatus).ifPresent(set::setStatus);
        }
        return live;
    }

    private static HasMetadata merged(Action.Patch patch) {
        try {
            ObjectNode tree = (ObjectNode) Json.tree(patch.object());
            merge(tree, (ObjectNode) Json.MAPPER.readTree(patch.patch()));
            return Json.MAPPER.treeToValue(tree, patch.object().getClass());
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static void merge(ObjectNode target, ObjectNode patch) {
        patch.properties().forEach(field -> {
            if (field.getValue() instanceof ObjectNode inner
                    && target.get(field.getKey()) instanceof ObjectNode present) {
                merge(present, inner);
            } else {
                target.set(field.getKey(), field.getValue());
            }
        });
    }

    void put(HasMetadata object) {
        object.getMetadata().setResourceVersion(Integer.toString(version++));
        objects.put(key(object), object);
    }

    Optional<StatefulSet> statefulSet() {
        return Optional.ofNullable((StatefulSet) objects.get("StatefulSet/orders"));
    }

    StatefulSet set() {
        return statefulSet().orElseThrow();
    }

    /** The StatefulSet's controller has seen the newest generation. */
    void observed(String current, String update) {
        set().setStatus(new StatefulSetStatusBuilder()
                .withObservedGeneration(set().getMetadata().getGeneration())
                .withCurrentRevision(current)
                .withUpdateRevision(update)
                .build());
    }

    void bind() {
        for (HasMetadata object : objects.values()) {
            if (object instanceof PersistentVolumeClaim claim) {
                claim.setStatus(new PersistentVolumeClaimStatusBuilder()
                        .withPhase("Bound")
                        .withCapacity(claim.getSpec().getResources().getRequests())
                        .build());
            }
        }
    }

    /** The Lease as agents keep it. */
    void lease(int holder, int members) {
        Lease lease = (Lease) Optional.ofNullable(objects.get("Lease/orders")).orElseThrow();
        List<Integer> all = new ArrayList<>();
        for (int ordinal = 0; ordinal < members; ordinal++) {
            all.add(ordinal);
        }
        Map<String, String> annotations = new HashMap<>(lease.getMetadata().getAnnotations());
        annotations.put(
                Labels.LEASE,
                Json.text(new ClusterLease(
                        1, 1, ClusterLease.Phase.Serving, "10.0.0.1", 1, SYSTEM, List.copyOf(all), List.of())));
        lease.getMetadata().setAnnotations(annotations);
        lease.getSpec().setHolderIdentity(NAMES.pod(holder) + "/uid/1");
    }

    /** Nobody holds the Lease, or the next one does and is not promoted yet; the timeline in use is 2. */
    void between(List<ClusterLease.Reign> history, String holder) {
        Lease lease = (Lease) Optional.ofNullable(objects.get("Lease/orders")).orElseThrow();
        Map<String, String> annotations = new HashMap<>(lease.getMetadata().getAnnotations());
        annotations.put(
                Labels.LEASE,
                Json.text(new ClusterLease(
                        1, 3, ClusterLease.Phase.Serving, "10.0.0.1", 2, SYSTEM, List.of(0, 1, 2), history)));
        lease.getMetadata().setAnnotations(annotations);
        lease.getSpec().setHolderIdentity(holder);
    }

    /** Who acknowledges commits, in the Lease. */
    void voters(List<Integer> voters) {
        lease(new ClusterLease.Sync(1, voters), null);
    }

    /** The holder writes down to whom it hands over, because of this request. */
    void handoff(int to, String request) {
        lease(null, new ClusterLease.Handoff(to, "0/0", request));
    }

    private void lease(ClusterLease.@Nullable Sync sync, ClusterLease.@Nullable Handoff handoff) {
        ClusterLease was = view().lease().orElseThrow();
        Lease lease = (Lease) Optional.ofNullable(objects.get("Lease/orders")).orElseThrow();
        Map<String, String> annotations = new HashMap<>(lease.getMetadata().getAnnotations());
        annotations.put(
                Labels.LEASE,
                Json.text(new ClusterLease(
                        was.v(),
                        was.epoch(),
                        was.phase(),
                        was.address(),
                        was.timeline(),
                        was.systemIdentifier(),
                        was.members(),
                        was.history(),
                        null,
                        null,
                        handoff,
                        sync,
                        List.of(),
                        new TreeMap<>(),
                        1,
                        io.matriarch.api.contract.Settings.Profile.Default,
                        List.of())));
        lease.getMetadata().setAnnotations(annotations);
    }

    Pod pod(int ordinal, String revision, boolean ready, String role) {
        Map<String, Object> report = new HashMap<>();
        report.put("v", 1);
        report.put("role", role);
        report.put("state", role.equals("Primary") ? "Running" : role.equals("Replica") ? "Streaming" : "Waiting");
        report.put("epoch", 1);
        report.put("timeline", 1);
        report.put("volume", "Data");
        report.put("systemIdentifier", SYSTEM);
        report.put("primaryEpoch", role.equals("Primary") ? 1 : 0);
        report.put("serverVersion", "17.6");
        report.put("settings", Configuration.wanted(view()).revision());
        if (role.equals("Primary")) {
            report.put("members", view().lease().map(ClusterLease::members).orElse(List.of()));
        }
        return pod(ordinal, revision, ready, report);
    }

    Pod pod(int ordinal, String revision, boolean ready, Map<String, Object> report) {
        // spotless:off
        Pod pod = new PodBuilder()
                .withNewMetadata()
                    .withNamespace("shop").withName(NAMES.pod(ordinal)).withUid("pod-" + ordinal + "-" + version)
                    .withLabels(Map.of(Labels.CLUSTER, "orders", "controller-revision-hash", revision))
                    .withAnnotations(Map.of(Labels.REPORT, Json.text(report)))
                    .addNewOwnerReference()
                        .withKind("StatefulSet").withName("orders").withController(true)
                        .withUid(set().getMetadata().getUid())
                    .endOwnerReference()
                .endMetadata()
                .withNewSpec()
                    .addNewContainer().withName("postgres").withImage("postgres:17").endContainer()
                .endSpec()
                .withNewStatus()
                    .withPhase("Running")
                    .addNewCondition().withType("Ready").withStatus(ready ? "True" : "False").endCondition()
                .endStatus()
                .build();
        // spotless:on
        put(pod);
        return pod;
    }

    /** The node of a pod does not answer since then. */
    void nodeGone(Pod pod, String since) {
        String name = "node-of-" + pod.getMetadata().getName();
        pod.getSpec().setNodeName(name);
        pod.getStatus().getConditions().forEach(c -> {
            c.setStatus("False");
            c.setLastTransitionTime(since);
        });
        // spotless:off
        put(new io.fabric8.kubernetes.api.model.NodeBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewStatus()
                    .addNewCondition().withType("Ready").withStatus("Unknown").endCondition()
                .endStatus()
                .build());
        // spotless:on
    }

    /** A pod whose image cannot be pulled. */
    Pod broken(int ordinal, String revision) {
        Pod pod = pod(ordinal, revision, false, "None");
        // spotless:off
        pod.setStatus(new io.fabric8.kubernetes.api.model.PodStatusBuilder()
                .withPhase("Pending")
                .addNewContainerStatus()
                    .withName("postgres").withReady(false)
                    .withNewState().withNewWaiting().withReason("ImagePullBackOff").endWaiting().endState()
                .endContainerStatus()
                .build());
        // spotless:on
        return pod;
    }
}
