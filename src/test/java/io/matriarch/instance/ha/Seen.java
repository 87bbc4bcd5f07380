package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.instance.facts.End;
import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.facts.Sender;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.facts.Wal;
import io.matriarch.instance.ha.Observation.Failure;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a member sees, built up case by case. A decision is made as the agent's loop makes it: {@link Memory} hears of the server before, and of
 * the decision after.
 */
public final class Seen {
    public static final Duration NOW = Duration.ofSeconds(1000);
    public static final String SYSTEM = "7300000000000000001";

    /** Where the WAL of servers ends. */
    static final long END = 900;

    private final Me me;
    private final Failsafe failsafe;
    private final Memory memory;
    private Duration now = NOW;
    private int instances = 3;
    private BootstrapOrder order = new BootstrapOrder(BootstrapAction.Initdb, 0, null, null);
    private List<Request> requests = List.of();
    private List<Integer> fenced = List.of();
    private Optional<LeaseView> lease = Optional.empty();
    private Duration leaseSeen = NOW;
    private Optional<Duration> proof = Optional.empty();
    private Optional<ClusterLease> remembered = Optional.empty();
    private Duration serverGone = Duration.ZERO;
    private VolumeState volume = new VolumeState(VolumeContent.Empty, null, null, null, 0, 0, null, null);
    private ServerState server = ServerState.none();
    private @Nullable String following;
    private Optional<Job> running = Optional.empty();
    private Optional<Chore> chore = Optional.empty();
    private List<Failure> failures = List.of();
    private List<Integer> slots = List.of();
    private Duration slotsKept = NOW.minusSeconds(5);
    private boolean stopping;

    private Seen(int ordinal, Promise promise) {
        this.me = me(ordinal);
        this.failsafe = new Failsafe(me);
        this.memory = new Memory(NOW.minusSeconds(100), promise, failsafe);
    }

    /** Of a member whose agent began 100 s ago, on an empty volume, with nothing running and no Lease. */
    public static Seen by(int ordinal) {
        return new Seen(ordinal, Promise.NONE);
    }

    /** The same, with this on the disk. */
    static Seen by(int ordinal, Promise promise) {
        return new Seen(ordinal, promise);
    }

    public static Me me(int ordinal) {
        return new Me("orders-" + ordinal, ordinal, "uid-" + ordinal, "inc", "10.0.0.1" + ordinal, "1");
    }

    /** Its holder is where the member is that reigned last. */
    static ClusterLease lease(long epoch, Phase phase, int timeline, List<Integer> members, Reign... history) {
        String last = history[history.length - 1].holder();
        String address = "10.0.0.1" + last.substring(last.lastIndexOf('-') + 1);
        return new ClusterLease(1, epoch, phase, address, timeline, SYSTEM, members, List.of(history));
    }

    static LeaseView view(String holder, ClusterLease state) {
        return new LeaseView("7", holder, state);
    }

    /** Commits wait for one of three. */
    static Sync anyOfThree() {
        return new Sync(1, List.of(0, 1, 2));
    }

    /** Which receives, at the end of its WAL. */
    static ServerState replica(boolean receiving) {
        return replica(receiving, true);
    }

    /** Which has told that it uses its settings, or not. */
    static ServerState replica(boolean receiving, boolean confirmed) {
        Wal wal = new Wal(END, END, false, "", 0, 0, List.of());
        return new ServerState(
                true, true, true, receiving, false, 1, "17.6", "r", null, List.of(), List.of(), null, wal, confirmed);
    }

    /** From which these stream, and have everything. */
    static ServerState primary(Integer... members) {
        return primary(Arrays.stream(members)
                .map(member -> new Sender(member, "10.0.0.1" + member, true, END, END))
                .toArray(Sender[]::new));
    }

    static ServerState primary(Sender... senders) {
        List<Integer> streaming =
                Arrays.stream(senders).map(Sender::ordinal).sorted().toList();
        Wal wal = new Wal(END, 0, false, "", 0, 0, List.of(senders));
        return new ServerState(
                true, true, false, false, false, 1, "17.6", "r", null, List.of(), streaming, null, wal, true);
    }

    /** The same server, on this timeline. */
    static ServerState on(int timeline, ServerState server) {
        return new ServerState(
                server.process(),
                server.accepting(),
                server.inRecovery(),
                server.receiving(),
                server.walGone(),
                timeline,
                server.version(),
                server.settings(),
                server.rejected(),
                server.pendingRestart(),
                server.streaming(),
                server.exit(),
                server.wal(),
                server.confirmed());
    }

    Me me() {
        return me;
    }

    Failsafe failsafe() {
        return failsafe;
    }

    public Memory memory() {
        return memory;
    }

    Settings settings() {
        return new Settings(
                1,
                "uid",
                instances,
                "r",
                Map.of(),
                List.of(),
                order,
                new Settings.Initdb("app", "app", "UTF8", "C", true, List.of(), List.of()),
                "orders-app",
                null,
                null,
                null,
                fenced,
                requests);
    }

    public Observation observe() {
        int acknowledgements = lease.map(view -> view.state().sync())
                .map(Sync::acknowledgements)
                .orElse(0);
        memory.server(server, acknowledgements, now);
        return new Observation(
                now,
                Optional.of(settings()),
                lease,
                leaseSeen,
                proof,
                remembered,
                serverGone,
                Optional.of(volume),
                server,
                following,
                running,
                chore,
                failures,
                slots,
                slotsKept,
                false,
                stopping,
                memory.knowledge());
    }

    Decision decide() {
        Observation seen = observe();
        Decision decision = new Protocol(me, Timers.DEFAULT).decide(seen);
        memory.decided(seen, decision);
        return decision;
    }

    Seen now(Duration time) {
        now = time;
        return this;
    }

    public Seen lease(String holder, ClusterLease state) {
        return lease("7", holder, state);
    }

    Seen lease(String version, String holder, ClusterLease state) {
        lease = Optional.of(new LeaseView(version, holder, state));
        return this;
    }

    Seen leaseSeen(long secondsAgo) {
        return leaseSeen(NOW.minusSeconds(secondsAgo));
    }

    Seen leaseSeen(Duration at) {
        leaseSeen = at;
        return this;
    }

    Seen proof(long secondsAgo) {
        return proof(NOW.minusSeconds(secondsAgo));
    }

    Seen proof(Duration sent) {
        proof = Optional.of(sent);
        return this;
    }

    Seen remembered(ClusterLease state) {
        remembered = Optional.of(state);
        return this;
    }

    Seen serverGone(long secondsAgo) {
        return serverGone(NOW.minusSeconds(secondsAgo));
    }

    Seen serverGone(Duration at) {
        serverGone = at;
        return this;
    }

    Seen order(BootstrapAction action, int ordinal) {
        boolean adopts = action == BootstrapAction.Adopt;
        order = new BootstrapOrder(action, ordinal, adopts ? SYSTEM : null, adopts ? 7L : null);
        return this;
    }

    Seen data() {
        return volume(VolumeContent.Data, SYSTEM);
    }

    Seen volume(VolumeContent content, String system) {
        return volume(new VolumeState(content, system, 17, "shop/orders", 1, 0, "0/3000060", null));
    }

    /** The volume's WAL was found to end there. */
    Seen measured(End end) {
        return volume(volume.ending(end));
    }

    Seen volume(VolumeState state) {
        volume = state;
        return this;
    }

    Seen server(ServerState state) {
        server = state;
        return this;
    }

    /** It ran like this, so long ago. */
    Seen ran(ServerState state, Duration at) {
        memory.server(
                state,
                lease.map(view -> view.state().sync())
                        .map(Sync::acknowledgements)
                        .orElse(0),
                at);
        return this;
    }

    Seen following(String address) {
        following = address;
        return this;
    }

    Seen running(Job job) {
        running = Optional.of(job);
        return this;
    }

    Seen chore(Chore done) {
        chore = Optional.of(done);
        return this;
    }

    Seen withoutChore() {
        chore = Optional.empty();
        return this;
    }

    Seen slotsKept(Duration at) {
        slotsKept = at;
        return this;
    }

    Seen failures(Failure... failed) {
        failures = List.of(failed);
        return this;
    }

    Seen slots(Integer... ordinals) {
        slots = List.of(ordinals);
        return this;
    }

    Seen instances(int count) {
        instances = count;
        return this;
    }

    Seen fenced(Integer... ordinals) {
        fenced = List.of(ordinals);
        return this;
    }

    Seen requests(Request... wanted) {
        requests = List.of(wanted);
        return this;
    }

    Seen stopping() {
        stopping = true;
        return this;
    }
}
