package io.matriarch.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.testkit.Store.Key;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The kubelet and the agents of all pods, simulated: pods become scheduled and running, claims bound, and each agent behaves as docs/contract.md
 * says, through the store. What is on a claim's volume outlives pods and clusters.
 */
public final class SimulatedPods extends Controller implements VolumeContents {
    private static final int MAJOR = 17;

    private final Map<String, Disk> disks = new ConcurrentHashMap<>();
    private final Map<String, String> waiting = new ConcurrentHashMap<>();
    private final Map<String, Problem> problems = new ConcurrentHashMap<>();
    private final Map<String, String> rejected = new ConcurrentHashMap<>();
    private final Map<String, String> unschedulable = new ConcurrentHashMap<>();
    private final Set<String> crashing = ConcurrentHashMap.newKeySet();
    private final Set<String> unready = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> addresses = new ConcurrentHashMap<>();
    private volatile Duration start = Duration.ZERO;
    private final SimulatedTasks tasks;
    private final SimulatedElections elections = new SimulatedElections();
    private long systems = 7_000_000_000_000_000_000L;

    private final Map<String, Disk> snapshots = new ConcurrentHashMap<>();

    /** What is on a volume. */
    private record Disk(String owner, String system, long primaryEpoch) {}

    SimulatedPods(Store store) {
        super(store);
        this.tasks = new SimulatedTasks(store);
    }

    /** The container of pods with this image waits with this reason, such as {@code ImagePullBackOff}. */
    public void imageWaits(String image, String reason) {
        waiting.put(image, reason);
    }

    /** The agent of a pod has this trouble; none ends it. */
    public void trouble(String pod, Optional<Problem> problem) {
        problem.ifPresentOrElse(trouble -> problems.put(pod, trouble), () -> problems.remove(pod));
        wake();
    }

    /** No node takes a pod, for this reason; none ends it. */
    public void unschedulable(String pod, Optional<String> why) {
        why.ifPresentOrElse(reason -> unschedulable.put(pod, reason), () -> unschedulable.remove(pod));
        wake();
    }

    /** The pods of this Job fail; without it they succeed at once. */
    public void jobFails(String job, boolean on) {
        tasks.fails(job, on);
        wake();
    }

    /** The container of a pod ends again and again. */
    public void crashing(String pod, boolean on) {
        toggle(crashing, pod, on);
    }

    /** The agent of a pod works, but its readiness probe fails. */
    public void unready(String pod, boolean on) {
        toggle(unready, pod, on);
    }

    private void toggle(Set<String> pods, String pod, boolean on) {
        if (on) {
            pods.add(pod);
        } else {
            pods.remove(pod);
        }
        wake();
    }

    /** Pods take this long from their creation until their agent does anything. */
    public void starting(Duration time) {
        start = time;
    }

    /** Puts the data of some cluster on the volume of a claim that is, or will be, there. */
    public void data(String namespace, String claim, String owner, String system, long epoch) {
        disks.put(namespace + "/" + claim, new Disk(owner, system, epoch));
    }

    private static String disk(PersistentVolumeClaim claim) {
        return claim.getMetadata().getNamespace() + "/" + claim.getMetadata().getName();
    }

    @Override
    public void snapshot(PersistentVolumeClaim claim, String handle) {
        Optional.ofNullable(disks.get(disk(claim))).ifPresent(disk -> snapshots.put(handle, disk));
    }

    @Override
    public void restore(String handle, PersistentVolumeClaim claim) {
        Optional.ofNullable(snapshots.get(handle)).ifPresent(disk -> disks.put(disk(claim), disk));
    }

    @Override
    public void remove(String handle) {
        snapshots.remove(handle);
    }

    /** PostgreSQL refuses a parameter of this name, in these words. */
    public void refuseParameter(String name, String words) {
        rejected.put(name, words);
    }

    @Override
    void turn() {
        store().list("Pod").forEach(this::tend);
    }

    private void tend(ObjectNode pod) {
        Key key = Key.of(pod);
        if (pod.path("metadata").has("deletionTimestamp")) {
            release(pod);
            if (pod.path("metadata").path("finalizers").isEmpty()) {
                store().remove(key);
            }
            return;
        }
        if (pod.path("spec").path("nodeName").isMissingNode() && !schedule(pod)) {
            return;
        }
        JsonNode container = pod.path("spec").path("containers").path(0);
        String wait = waiting.get(container.path("image").asText());
        String name = key.name();
        if (wait == null && SimulatedTasks.is(pod)) {
            tasks.end(pod);
            return;
        }
        if (wait != null) {
            containers(key, wait, "cannot have " + container.path("image").asText(), false);
            return;
        }
        if (crashing.contains(name)) {
            containers(key, "CrashLoopBackOff", "back-off 10s restarting failed container=postgres", false);
            return;
        }
        Instant created =
                Instant.parse(pod.path("metadata").path("creationTimestamp").asText());
        if (Instant.now().isBefore(created.plus(start))) {
            return;
        }
        Optional<MemberReport> report = agent(pod);
        report.ifPresent(now -> {
            store().update(key, live -> {
                ObjectNode metadata = live.withObjectProperty("metadata");
                metadata.withObjectProperty("annotations").put(Labels.REPORT, json(now));
                metadata.withObjectProperty("labels")
                        .put(
                                Labels.ROLE,
                                switch (now.role()) {
                                    case Primary -> Labels.PRIMARY;
                                    case Replica -> Labels.REPLICA;
                                    case None -> Labels.UNHEALTHY;
                                });
                return live;
            });
            containers(key, null, "", now.role() != Role.None && !unready.contains(name));
        });
    }

    /** On a node once its claims are bound, as the scheduler does with volumes that bind at once. */
    private boolean schedule(ObjectNode pod) {
        Key key = Key.of(pod);
        List<String> unbound = new ArrayList<>();
        for (JsonNode volume : pod.path("spec").path("volumes")) {
            String claim =
                    volume.path("persistentVolumeClaim").path("claimName").asText("");
            boolean bound = store().get(new Key("PersistentVolumeClaim", key.namespace(), claim))
                    .filter(object ->
                            object.path("status").path("phase").asText().equals("Bound"))
                    .isPresent();
            if (!claim.isEmpty() && !bound) {
                unbound.add(claim);
            }
        }
        Optional<String> why = unbound.isEmpty()
                ? Optional.ofNullable(unschedulable.get(key.name()))
                : Optional.of("pod has unbound immediate PersistentVolumeClaims: " + String.join(", ", unbound));
        store().update(key, live -> {
            ObjectNode scheduled = Store.JSON.createObjectNode().put("type", "PodScheduled");
            if (why.isPresent()) {
                scheduled.put("status", "False").put("reason", "Unschedulable").put("message", why.get());
            } else {
                scheduled.put("status", "True");
                int node = Math.floorMod(key.name().hashCode(), 3) + 1;
                live.withObjectProperty("spec").put("nodeName", "node-" + node);
            }
            live.withObjectProperty("status").putArray("conditions").add(scheduled);
            return live;
        });
        return why.isEmpty();
    }

    private String address(ObjectNode pod) {
        int number = addresses.computeIfAbsent(pod.path("metadata").path("uid").asText(), any -> addresses.size() + 1);
        return "10.1.%d.%d".formatted(number / 250, number % 250 + 1);
    }

    private void containers(Key key, @org.jspecify.annotations.Nullable String waits, String message, boolean ready) {
        store().update(key, live -> {
            ObjectNode status = live.withObjectProperty("status");
            status.put("phase", waits == null || waits.equals("CrashLoopBackOff") ? "Running" : "Pending");
            status.put("podIP", address(live));
            status.putArray("conditions");
            for (String condition : List.of("PodScheduled", "Initialized", "ContainersReady", "Ready")) {
                boolean holds = ready || condition.equals("PodScheduled") || condition.equals("Initialized");
                status.withArrayProperty("conditions")
                        .addObject()
                        .put("type", condition)
                        .put("status", holds ? "True" : "False");
            }
            ObjectNode container = status.putArray("containerStatuses").addObject();
            container.put("name", "postgres").put("ready", ready).put("restartCount", waits == null ? 0 : 3);
            if (waits == null) {
                container
                        .putObject("state")
                        .putObject("running")
                        .put(
                                "startedAt",
                                live.path("metadata").path("creationTimestamp").asText());
            } else {
                container
                        .putObject("state")
                        .putObject("waiting")
                        .put("reason", waits)
                        .put("message", message);
            }
            return live;
        });
    }

    /** One look of one agent; empty while it has nothing to go by. */
    private Optional<MemberReport> agent(ObjectNode pod) {
        String namespace = pod.path("metadata").path("namespace").asText();
        String name = pod.path("metadata").path("name").asText();
        String cluster =
                pod.path("metadata").path("labels").path(Labels.CLUSTER).asText();
        Names names = new Names(cluster);
        int ordinal = Names.ordinal(name);
        String owner = namespace + "/" + cluster;
        Optional<Settings> known = store().get(new Key("ConfigMap", namespace, names.settings()))
                .map(map -> read(map.path("data").path(Settings.KEY).asText(), Settings.class));
        Key leaseKey = new Key("Lease", namespace, names.lease());
        Optional<ObjectNode> leaseObject = store().get(leaseKey);
        String diskName = namespace + "/" + names.dataClaim(ordinal);
        if (store().get(new Key("PersistentVolumeClaim", namespace, names.dataClaim(ordinal)))
                .isEmpty()) {
            return Optional.empty();
        }
        Optional<Disk> disk = Optional.ofNullable(disks.get(diskName));
        if (known.isEmpty() || leaseObject.isEmpty()) {
            return Optional.of(report(name, Role.None, State.Waiting, disk, 0, null, List.of()));
        }
        Settings settings = known.get();
        ClusterLease lease = lease(leaseObject.get());
        Problem problem = problems.get(name);
        if (problem != null) {
            return Optional.of(report(name, Role.None, State.Failed, disk, lease.epoch(), problem, List.of()));
        }
        if (disk.isPresent() && !disk.get().owner().equals(owner)) {
            return Optional.of(report(
                    name,
                    Role.None,
                    State.Failed,
                    disk,
                    lease.epoch(),
                    new Problem(
                            "ForeignVolume",
                            names.dataClaim(ordinal) + " holds data of the cluster "
                                    + disk.get().owner()),
                    List.of()));
        }
        if (lease.systemIdentifier() == null) {
            boolean mine = settings.bootstrap().ordinal() == ordinal
                    && settings.bootstrap().action() != BootstrapAction.Inspect;
            if (mine) {
                String system = disk.map(Disk::system).orElseGet(() -> Long.toString(systems++));
                long before = Optional.ofNullable(settings.bootstrap().epoch()).orElse(0L);
                long epoch = Math.max(before, lease.epoch()) + 1;
                disks.put(diskName, new Disk(owner, system, epoch));
                hold(
                        leaseKey,
                        identity(pod),
                        new ClusterLease(
                                ClusterLease.VERSION,
                                epoch,
                                Phase.Serving,
                                address(pod),
                                1,
                                system,
                                List.of(ordinal),
                                List.of(new Reign(epoch, 1, "0/0", name))));
            }
            return Optional.of(report(name, Role.None, State.Waiting, disk, lease.epoch(), null, List.of()));
        }
        boolean primary =
                !lease.history().isEmpty() && lease.history().getLast().holder().equals(name);
        if (!primary && ordinal >= settings.instances()) {
            return Optional.of(report(name, Role.None, State.Stopped, disk, lease.epoch(), null, List.of()));
        }
        if (disk.isEmpty()) {
            disk = Optional.of(new Disk(owner, lease.systemIdentifier(), 0));
            disks.put(diskName, disk.get());
        }
        if (settings.fenced().contains(ordinal)) {
            return Optional.of(applied(
                    namespace,
                    report(name, Role.None, State.Waiting, disk, lease.epoch(), null, List.of()),
                    settings,
                    null));
        }
        if (!primary) {
            elections.rebuild(namespace, name, ordinal, settings);
            elections.force(namespace, name, settings, lease).ifPresent(taken -> hold(leaseKey, name, taken));
            return Optional.of(applied(
                    namespace,
                    report(name, Role.Replica, State.Streaming, disk, lease.epoch(), null, List.of()),
                    settings,
                    null));
        }
        Optional<ClusterLease> handedOver = elections.handOver(namespace, name, ordinal, settings, lease, names);
        if (handedOver.isPresent()) {
            hold(leaseKey, handedOver.get().history().getLast().holder(), handedOver.get());
            return Optional.of(applied(
                    namespace,
                    report(name, Role.Replica, State.Streaming, disk, lease.epoch(), null, List.of()),
                    settings,
                    null));
        }
        TreeSet<Integer> members = new TreeSet<>();
        for (int member = 0; member < settings.instances(); member++) {
            if (member == ordinal || disks.containsKey(namespace + "/" + names.dataClaim(member))) {
                members.add(member);
            }
        }
        members.add(ordinal);
        hold(
                leaseKey,
                identity(pod),
                new ClusterLease(
                        lease.v(),
                        lease.epoch(),
                        Phase.Serving,
                        lease.address(),
                        1,
                        lease.systemIdentifier(),
                        List.copyOf(members),
                        lease.history()));
        return Optional.of(applied(
                namespace,
                report(name, Role.Primary, State.Running, disk, lease.epoch(), null, new ArrayList<>(members)),
                settings,
                lease));
    }

    /** With what a member has made of the settings; {@code held} is the primary's Lease. */
    private MemberReport applied(
            String namespace,
            MemberReport report,
            Settings settings,
            @org.jspecify.annotations.Nullable ClusterLease held) {
        Optional<String> words = settings.parameters().keySet().stream()
                .filter(rejected::containsKey)
                .map(rejected::get)
                .findFirst();
        return new MemberReport(
                report.v(),
                report.agent(),
                report.incarnation(),
                report.role(),
                report.state(),
                report.epoch(),
                report.timeline(),
                report.volume(),
                report.systemIdentifier(),
                report.major(),
                report.owner(),
                report.lsn(),
                report.primaryEpoch(),
                report.serverVersion(),
                words.isPresent() ? "former" : settings.revision(),
                words.map(text -> new Rejected(settings.revision(), text)).orElse(null),
                settings.parameters().containsKey("max_connections") ? List.of("max_connections") : List.of(),
                report.members(),
                report.problem(),
                elections.answers(namespace, report.incarnation(), settings),
                held == null ? null : SimulatedElections.synchronous(settings, report.members()),
                held == null ? null : elections.change(held).orElse(null));
    }

    private static MemberReport report(
            String pod,
            Role role,
            State state,
            Optional<Disk> disk,
            long epoch,
            @org.jspecify.annotations.Nullable Problem problem,
            List<Integer> members) {
        return new MemberReport(
                MemberReport.VERSION,
                "simulated",
                pod,
                role,
                state,
                epoch,
                disk.isPresent() ? 1 : 0,
                problem != null && problem.reason().equals("ForeignVolume")
                        ? VolumeContent.Foreign
                        : disk.isPresent() ? VolumeContent.Data : VolumeContent.Empty,
                disk.map(Disk::system).orElse(null),
                disk.isPresent() ? MAJOR : null,
                disk.map(Disk::owner).orElse(null),
                disk.isPresent() ? "0/3000060" : null,
                disk.map(Disk::primaryEpoch).orElse(0L),
                role == Role.None ? null : "17.6",
                null,
                null,
                List.of(),
                members,
                problem,
                List.of(),
                null,
                null);
    }

    private static String identity(ObjectNode pod) {
        JsonNode metadata = pod.path("metadata");
        return "%s/%s/1"
                .formatted(metadata.path("name").asText(), metadata.path("uid").asText());
    }

    private void release(ObjectNode pod) {
        String namespace = pod.path("metadata").path("namespace").asText();
        Key key = new Key(
                "Lease",
                namespace,
                pod.path("metadata").path("labels").path(Labels.CLUSTER).asText());
        store().get(key)
                .filter(lease ->
                        lease.path("spec").path("holderIdentity").asText().equals(identity(pod)))
                .ifPresent(lease -> {
                    ClusterLease state = lease(lease);
                    hold(
                            key,
                            "",
                            new ClusterLease(
                                    state.v(),
                                    state.epoch(),
                                    Phase.Released,
                                    state.address(),
                                    state.timeline(),
                                    state.systemIdentifier(),
                                    state.members(),
                                    state.history()));
                });
    }

    private void hold(Key key, String holder, ClusterLease state) {
        store().update(key, live -> {
            live.withObjectProperty("metadata")
                    .withObjectProperty("annotations")
                    .put(Labels.LEASE, json(state));
            ObjectNode spec = live.withObjectProperty("spec");
            spec.put("leaseDurationSeconds", 10);
            if (holder.isEmpty()) {
                spec.remove("holderIdentity");
            } else {
                spec.put("holderIdentity", holder);
            }
            return live;
        });
    }

    private static ClusterLease lease(ObjectNode lease) {
        JsonNode state = lease.path("metadata").path("annotations").path(Labels.LEASE);
        return state.isMissingNode() ? ClusterLease.vacant() : read(state.asText(), ClusterLease.class);
    }

    private static <T> T read(String text, Class<T> type) {
        try {
            return Store.JSON.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(text, e);
        }
    }

    private static String json(Object value) {
        try {
            return Store.JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
