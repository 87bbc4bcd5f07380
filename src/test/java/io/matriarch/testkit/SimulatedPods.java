package io.matriarch.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.Rejected;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.testkit.Store.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The kubelet and the agents of all pods, simulated: pods become scheduled and running, claims bound, and each agent behaves as docs/contract.md
 * says, through the store. What is on a claim's volume outlives pods and clusters.
 */
public final class SimulatedPods extends Controller {
    private static final int MAJOR = 17;

    private final Map<String, Disk> disks = new ConcurrentHashMap<>();
    private final Map<String, String> waiting = new ConcurrentHashMap<>();
    private final Map<String, Problem> problems = new ConcurrentHashMap<>();
    private final Map<String, String> rejected = new ConcurrentHashMap<>();
    private long systems = 7_000_000_000_000_000_000L;

    /** What is on a volume. */
    private record Disk(String owner, String system, long primaryEpoch) {}

    SimulatedPods(Store store) {
        super(store);
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

    /** PostgreSQL refuses a parameter of this name, in these words. */
    public void refuseParameter(String name, String words) {
        rejected.put(name, words);
    }

    @Override
    void turn() {
        store().list("PersistentVolumeClaim").forEach(this::bind);
        store().list("Pod").forEach(this::tend);
    }

    private void bind(ObjectNode claim) {
        store().update(GarbageCollector.key(claim), "", live -> {
            ObjectNode status = live.withObjectProperty("status");
            status.put("phase", "Bound");
            status.putObject("capacity")
                    .set(
                            "storage",
                            live.path("spec").path("resources").path("requests").path("storage"));
            return live;
        });
    }

    private void tend(ObjectNode pod) {
        Key key = GarbageCollector.key(pod);
        if (pod.path("metadata").has("deletionTimestamp")) {
            release(pod);
            store().remove(key);
            return;
        }
        JsonNode container = pod.path("spec").path("containers").path(0);
        String wait = waiting.get(container.path("image").asText());
        if (wait != null) {
            containers(key, wait, false);
            return;
        }
        Optional<MemberReport> report = agent(pod);
        report.ifPresent(now -> {
            store().update(key, "", live -> {
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
            containers(key, null, now.role() != Role.None);
        });
    }

    private void containers(Key key, @org.jspecify.annotations.Nullable String waits, boolean ready) {
        store().update(key, "", live -> {
            ObjectNode status = live.withObjectProperty("status");
            status.put("phase", waits == null ? "Running" : "Pending");
            status.put("podIP", "10.0.0.1");
            status.putArray("conditions")
                    .addObject()
                    .put("type", "PodScheduled")
                    .put("status", "True");
            status.withArrayProperty("conditions")
                    .addObject()
                    .put("type", "Ready")
                    .put("status", ready ? "True" : "False");
            ObjectNode container = status.putArray("containerStatuses").addObject();
            container.put("name", "postgres").put("ready", ready).put("restartCount", 0);
            if (waits == null) {
                container.putObject("state").putObject("running").put("startedAt", "2026-01-01T00:00:00Z");
            } else {
                container
                        .putObject("state")
                        .putObject("waiting")
                        .put("reason", waits)
                        .put(
                                "message",
                                "cannot have "
                                        + live.path("spec")
                                                .path("containers")
                                                .path(0)
                                                .path("image")
                                                .asText());
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
                        name,
                        new ClusterLease(
                                ClusterLease.VERSION,
                                epoch,
                                Phase.Serving,
                                "10.0.0.1",
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
        if (!primary) {
            return Optional.of(applied(
                    report(name, Role.Replica, State.Streaming, disk, lease.epoch(), null, List.of()), settings));
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
                name,
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
                report(name, Role.Primary, State.Running, disk, lease.epoch(), null, new ArrayList<>(members)),
                settings));
    }

    private MemberReport applied(MemberReport report, Settings settings) {
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
                report.answers(),
                report.synchronous(),
                report.change());
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

    private void release(ObjectNode pod) {
        String namespace = pod.path("metadata").path("namespace").asText();
        String name = pod.path("metadata").path("name").asText();
        Key key = new Key(
                "Lease",
                namespace,
                pod.path("metadata").path("labels").path(Labels.CLUSTER).asText());
        store().get(key)
                .filter(lease ->
                        lease.path("spec").path("holderIdentity").asText().equals(name))
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
        store().update(key, "", live -> {
            live.withObjectProperty("metadata")
                    .withObjectProperty("annotations")
                    .put(Labels.LEASE, json(state));
            live.withObjectProperty("spec").put("holderIdentity", holder);
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
